//! Writes a request from a conversation with borrowed parts.
//!
//! Nothing that could change the answer is dropped silently.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::form::{
    AnyTool, Block, BlockContent, Body, Cache, Choice, Format, Message, Metadata, OutputConfig,
    SearchOut, SourceOut, ToolOut,
};
use crate::models::{MediaTypes, anthropic, openai};
use crate::protocol::Protocol;
use crate::protocol::anthropic::profile::FIELDS;
use crate::protocol::cache;
use crate::protocol::codec::{Platform, Refused, Target, Written, json};
use crate::protocol::conversation::search::Told;
use crate::protocol::conversation::tool::WORDLESS_ERROR;
use crate::protocol::conversation::turns::{GO_ON, HELLO};
use crate::protocol::conversation::{
    CacheMark, Content, Conversation, Losses, Media, MediaKind, Merged, OutputFormat, Part, Role,
    Source, Tool, ToolChoice, ToolNames,
};
use crate::protocol::fields::Fields;
use crate::protocol::fit;
use crate::protocol::fit::claude::{Plan, fit_sampling, fit_schema, fit_tool, is_strict};
use crate::protocol::structured::{ANSWER_TOOL, ANSWER_TOOL_DESCRIPTION, Structured};

/// Writes a request.
pub(crate) fn write(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    write_for(from, target, "/v1/messages")
}

/// Writes a token-count request: the same without fields that concern only the answer.
pub(crate) fn write_count(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    write_for(from, target, COUNT_PATH)
}

fn write_for(
    from: &Conversation,
    target: &Target<'_>,
    path: &'static str,
) -> Result<Written, Refused> {
    let model = anthropic::model(target.known_as());
    let id_rule = anthropic::CALL_IDS.of(model);
    let names = ToolNames::fit(from, openai::TOOL_NAMES.of(model), id_rule);
    let mut losses = target.losses();
    let late = from.late(anthropic::LATE_SYSTEM.of(model) && target.platform == Platform::Own);
    let turns = from.alternating_with(&late);
    let plan = Plan::of(from, &turns, model, &mut losses)?;
    let has_field = anthropic::OUTPUT_FORMAT.of(model);
    let format = Structured::of(from, has_field, !plan.can_force(), &mut losses)?;
    let answer_tool = format.tool();
    let mut tools = write_tools(from, &names, has_field, &mut losses)?;
    let mut tool_choice = write_choice(from, &plan, &names, &mut losses)?;
    if let Structured::Tool(schema) = &format {
        tools.push(AnyTool::Own(tool_for_answer(Cow::clone(schema))));
        tool_choice = Some(Choice::of_answer());
    }
    let sampling = fit_sampling(&from.sampling, plan.thinks(), model, &mut losses)?;
    from.lose_extras(|_| false, &mut losses)?;
    let is_count = path == COUNT_PATH;
    let mut messages = write_turns(&turns, (&names, anthropic::IMAGES.of(model)), &mut losses)?;
    let takes_prefill =
        anthropic::PREFILL.of(model) && !plan.thinks() && !matches!(format, Structured::Native(_));
    fit_ends(&mut messages, takes_prefill);
    let output_format = write_format(&format, &mut losses)?;
    let fields = match is_count {
        true => Fields::default(),
        false => {
            let stop = fit::stops_with_text(&from.stop, &mut losses)?;
            Fields { table: &FIELDS, sampling, max_tokens: None, stop }
        }
    };
    let mut body = Body {
        model: target.model,
        max_tokens: (!is_count)
            .then(|| plan.max_tokens.unwrap_or(anthropic::DEFAULT_MAX_TOKENS.of(model))),
        system: from.instructions().filter_map(write_text).collect(),
        messages,
        tools,
        tool_choice,
        thinking: plan.thinking,
        output_config: OutputConfig { effort: plan.effort, format: output_format },
        fields,
        metadata: from.user.as_deref().filter(|_| !is_count).map(|user_id| Metadata { user_id }),
        stream: (from.is_stream() && !is_count).then_some(true),
    };
    body.fit_marks(cache::is_marked_for(from, target.cache).then(|| usual_mark(from)));
    let body = json(&body);
    let mut written = Written::json(path, body, losses, target.reading(names, answer_tool));
    written.headers.push(("anthropic-version", VERSION.to_owned()));
    Ok(written)
}

/// The cache mark for a client that sets none.
fn usual_mark(from: &Conversation) -> Cache<'_> {
    static USUAL: CacheMark = CacheMark { ttl: None };
    Cache(from.cache.as_ref().unwrap_or(&USUAL))
}

fn write_format<'a>(
    format: &Structured<'a>,
    losses: &mut Losses,
) -> Result<Option<Format<'a>>, Refused> {
    let Structured::Native(OutputFormat::JsonSchema { schema, .. }) = format else {
        return Ok(None);
    };
    let schema = fit_schema(schema, "response_format.schema", losses)?;
    Ok(Some(Format::JsonSchema { schema }))
}

/// The client's tools, and Anthropic's own search.
fn write_tools<'a>(
    from: &'a Conversation,
    names: &'a ToolNames,
    has_field: bool,
    losses: &mut Losses,
) -> Result<Vec<AnyTool<'a>>, Refused> {
    let mut tools = Vec::with_capacity(from.tools.len() + 1);
    for tool in &from.tools {
        tools.push(AnyTool::Own(write_tool(tool, names, has_field, losses)?));
    }
    tools.extend(write_search(from, losses)?);
    Ok(tools)
}

fn write_search<'a>(
    from: &'a Conversation,
    losses: &mut Losses,
) -> Result<Option<AnyTool<'a>>, Refused> {
    let Some(search) = &from.search else { return Ok(None) };
    // It takes one of the two lists.
    let blocked = search.allowed.is_empty();
    search.fit(Told { max_uses: true, allowed: true, blocked, location: true }, losses)?;
    Ok(Some(AnyTool::Search(SearchOut {
        r#type: "web_search_20250305",
        name: "web_search",
        max_uses: search.max_uses,
        allowed_domains: &search.allowed,
        blocked_domains: if blocked { &search.blocked } else { &[] },
        user_location: search.location.as_deref(),
        cache_control: None,
    })))
}

fn tool_for_answer(schema: Cow<'_, RawValue>) -> ToolOut<'_> {
    ToolOut {
        name: ANSWER_TOOL,
        description: Some(ANSWER_TOOL_DESCRIPTION),
        input_schema: schema,
        strict: None,
        cache_control: None,
    }
}

fn write_tool<'a>(
    tool: &'a Tool,
    names: &'a ToolNames,
    knows_strict: bool,
    losses: &mut Losses,
) -> Result<ToolOut<'a>, Refused> {
    let strict = (knows_strict && is_strict(tool)).then_some(true);
    losses.lose_if(tool.strict == Some(true) && strict.is_none(), "tools.strict")?;
    Ok(ToolOut {
        name: names.sent(&tool.name),
        description: tool.description.as_deref(),
        input_schema: fit_tool(tool.schema_or_empty(), strict.is_some(), losses)?,
        strict,
        cache_control: tool.cache.as_ref().map(Cache),
    })
}

fn write_choice<'a>(
    from: &'a Conversation,
    plan: &Plan,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<Choice<'a>>, Refused> {
    if from.tools.is_empty() {
        return Ok(None);
    }
    let one_only = from.parallel_tool_calls.filter(|parallel| !parallel).map(|_| true);
    let (mut kind, mut name) = match &from.tool_choice {
        None if one_only.is_none() => return Ok(None),
        None | Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::Required) => ("any", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Tool(name)) => ("tool", Some(names.sent(name))),
    };
    if !plan.can_force() && matches!(kind, "any" | "tool") {
        losses.lose("tool_choice")?;
        (kind, name) = ("auto", None);
    }
    let disable_parallel_tool_use = one_only.filter(|_| kind != "none");
    Ok(Some(Choice { r#type: kind, name, disable_parallel_tool_use }))
}

fn write_turns<'a>(
    turns: &[Merged<'a>],
    known: (&'a ToolNames, MediaTypes),
    losses: &mut Losses,
) -> Result<Vec<Message<'a>>, Refused> {
    let mut messages = Vec::with_capacity(turns.len());
    for turn in turns {
        let role = match turn.role {
            Role::Assistant => "assistant",
            Role::User => "user",
            Role::System => "system",
        };
        let mut content = Vec::with_capacity(turn.parts.len());
        for part in &turn.parts {
            content.extend(write_part(part, known, losses)?);
        }
        if !content.is_empty() {
            messages.push(Message { role, content });
        }
    }
    Ok(messages)
}

/// The first turn must be the user's, and so must the last, unless the model may continue its own
/// text, which then must not end with white space.
fn fit_ends(messages: &mut Vec<Message<'_>>, takes_prefill: bool) {
    let says = |text| {
        let content = vec![Block { content: BlockContent::Text { text }, cache_control: None }];
        Message { role: "user", content }
    };
    if messages.first().is_some_and(|first| first.role == "assistant") {
        messages.insert(0, says(HELLO));
    }
    let Some(last) = messages.last_mut().filter(|last| last.role == "assistant") else { return };
    let calls = |block: &Block<'_>| matches!(block.content, BlockContent::ToolUse { .. });
    if last.content.iter().any(calls) {
        return;
    }
    if !takes_prefill {
        messages.push(says(GO_ON));
    } else if let Some(Block { content: BlockContent::Text { text }, .. }) = last.content.last_mut()
    {
        *text = text.trim_end();
    }
}

fn write_part<'a>(
    part: &'a Part,
    known: (&'a ToolNames, MediaTypes),
    losses: &mut Losses,
) -> Result<Option<Block<'a>>, Refused> {
    let (names, images) = known;
    let signature = part.signature_of(Protocol::Anthropic);
    let content = match &part.content {
        Content::Text(text) => Some(BlockContent::Text { text }),
        Content::Refusal(text) if text.trim().is_empty() => None,
        Content::Refusal(text) => Some(BlockContent::Text { text }),
        // Another vendor's reasoning would be refused here; leaving it out is not a loss.
        Content::Reasoning(thinking) => {
            signature.map(|signature| BlockContent::Thinking { thinking, signature })
        }
        Content::Redacted => signature.map(|data| BlockContent::RedactedThinking { data }),
        Content::Media(media) => write_media(media, images, losses)?,
        Content::ToolCall(call) => Some(BlockContent::ToolUse {
            id: names.id(&call.id),
            name: names.sent(&call.name),
            input: call.written(),
        }),
        Content::ToolResult(result) => {
            let mut content = Vec::with_capacity(result.content.len());
            for part in result.content.iter().filter(|part| !part.is_blank()) {
                content.extend(write_part(part, known, losses)?);
            }
            if result.is_error && content.is_empty() {
                let said = BlockContent::Text { text: WORDLESS_ERROR };
                content.push(Block { content: said, cache_control: None });
            }
            Some(BlockContent::ToolResult {
                tool_use_id: names.id(&result.call_id),
                content,
                is_error: result.is_error.then_some(true),
            })
        }
    };
    // Thinking takes no mark.
    let markable = !matches!(part.content, Content::Reasoning(_) | Content::Redacted);
    let cache_control = part.cache.as_ref().filter(|_| markable).map(Cache);
    Ok(content.map(|content| Block { content, cache_control }))
}

fn write_text(part: &Part) -> Option<Block<'_>> {
    let text = part.as_text()?;
    let cache_control = part.cache.as_ref().map(Cache);
    Some(Block { content: BlockContent::Text { text }, cache_control })
}

fn write_media<'a>(
    media: &'a Media,
    images: MediaTypes,
    losses: &mut Losses,
) -> Result<Option<BlockContent<'a>>, Refused> {
    media.lose_detail(losses)?;
    let (media_type, title) = (media.essence(), media.name.as_deref());
    let source = match &media.source {
        Source::Base64(data) => Some(SourceOut::Base64 { media_type, data }),
        Source::Url(url) => Some(SourceOut::Url { url }),
        // An id of another vendor's store.
        Source::Text(_) | Source::File(_) => None,
    };
    let block = match (media.kind, media.as_text()) {
        (MediaKind::Image, _) => {
            source.filter(|_| media.is_among(images)).map(|source| BlockContent::Image { source })
        }
        (MediaKind::Document, Some(data)) => {
            let source = SourceOut::Text { media_type: "text/plain", data };
            Some(BlockContent::Document { source, title })
        }
        (MediaKind::Document, None) if media_type == "application/pdf" => {
            source.map(|source| BlockContent::Document { source, title })
        }
        _ => None,
    };
    losses.lose_if(block.is_none(), media.kind.name())?;
    Ok(block)
}

const VERSION: &str = "2023-06-01";
const COUNT_PATH: &str = "/v1/messages/count_tokens";
