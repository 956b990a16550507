//! A whole Chat Completions answer with one choice.

use super::finish::{read_finish, write_finish};
use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::protocol::bounds::{CHOICES, Few};
use crate::protocol::chat::ToolCallOut;
use crate::protocol::codec::{Client, Reading, json};
use crate::protocol::conversation::{Content, Failure, Finish, Part, Reply, ToolCall, Usage};
use crate::protocol::openai::profile::USAGE;
use crate::protocol::quoted;
use crate::protocol::told::At;
use crate::protocol::usage::Written;
use crate::protocol::usual::error;

use super::details::Details;
use super::said::Said;

/// Reads an answer; the body of a 200 may also be an error.
pub(super) fn read(body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
    let completion: Completion = serde_json::from_slice(body)
        .map_err(|_| Failure::malformed("the provider's answer is no chat completion"))?;
    if completion.error.is_some()
        && let Some(failure) = error::read_inside(At::Success, body)
    {
        return Err(failure);
    }
    let usage = completion.usage.map(|usage| usage.by(&USAGE)).unwrap_or_default();
    let Some(choice) = completion.choices.into_iter().flatten().find(Choice::is_first) else {
        return Err(Failure::malformed("the provider's answer holds no choice"));
    };
    let mut said = choice.message.unwrap_or_default();
    let mut parts: Vec<Part> = said.contents().into_iter().map(Part::new).collect();
    let mut details = Details::default();
    if let Some(written) = &said.reasoning_details {
        details.add(written);
    }
    if let Some(proof) = details.take(reading.service) {
        let is_reasoning = |part: &&Part| matches!(part.content, Content::Reasoning(_));
        let behind = parts.iter().take_while(is_reasoning).count();
        parts.insert(behind, Part::new(Content::Redacted).signed(Some(proof)));
    }
    for (index, mut call) in said.tool_calls.unwrap_or_default().into_iter().enumerate() {
        let id = reading.id_of(call.id.take(), index as u32);
        let proof = call.proof(reading);
        let (name, arguments) = call.into_words();
        let name = reading.tool_name(name);
        let arguments = if arguments.is_empty() { "{}".to_owned() } else { arguments };
        parts.push(Part::new(Content::ToolCall(ToolCall { id, name, arguments })).signed(proof));
    }
    let mut reply =
        Reply { id: completion.id, model: completion.model, parts, usage, ..Reply::default() };
    let finish = choice.finish_reason.as_deref().map(read_finish).unwrap_or_default();
    reply.finish = finish.with_calls(reply.calls_tools());
    reply.stop_sequence = choice.stop_reason.of(reply.finish);
    if reply.stop_sequence.is_some() {
        reply.finish = Finish::StopSequence;
    }
    reply.checked()
}

/// Writes an answer.
pub(super) fn write(reply: &Reply, to: &Client<'_>) -> Vec<u8> {
    let mut message = MessageOut { role: "assistant", ..MessageOut::default() };
    for part in &reply.parts {
        match &part.content {
            Content::Text(text) => add(&mut message.content, text),
            Content::Reasoning(text) if !text.is_empty() => {
                add(&mut message.reasoning_content, text);
            }
            Content::Refusal(text) => add(&mut message.refusal, text),
            Content::ToolCall(call) => {
                message.tool_calls.push(ToolCallOut::of(call, part));
            }
            Content::Reasoning(_)
            | Content::Redacted
            | Content::Media(_)
            | Content::ToolResult(_) => {}
        }
    }
    json(&CompletionOut {
        id: format!("chatcmpl-{}", to.id),
        object: "chat.completion",
        created: to.created,
        model: to.model,
        choices: [ChoiceOut {
            index: 0,
            message,
            logprobs: None,
            finish_reason: write_finish(reply.finish),
        }],
        usage: UsageOut::of(&reply.usage),
    })
}

/// Appends to a text. A single part is not copied.
fn add<'a>(to: &mut Option<Cow<'a, str>>, text: &'a str) {
    match to {
        None => *to = Some(Cow::Borrowed(text)),
        Some(before) => before.to_mut().push_str(text),
    }
}

/// Values of `stop_reason` that are reasons, and not stop texts of the client's.
const REASONS: &[&str] = &[
    "stop",
    "length",
    "eos",
    "end_turn",
    "max_tokens",
    "tool_use",
    "tool_calls",
    "stop_sequence",
    "content_filter",
];

/// A whole answer or one chunk of a stream, which differ in the name of a choice's message.
#[derive(Deserialize)]
pub(super) struct Completion {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) choices: Option<Few<Choice, CHOICES>>,
    pub(super) usage: Option<Written>,
    pub(super) error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    index: Option<u32>,
    message: Option<Said>,
    pub(super) delta: Option<Said>,
    pub(super) finish_reason: Option<String>,
    /// The stop text, as vLLM and SGLang report it.
    #[serde(default, alias = "matched_stop")]
    pub(super) stop_reason: StopText,
}

/// A text, or another value in its place.
#[derive(Default)]
pub(super) struct StopText(Option<String>);

impl<'de> Deserialize<'de> for StopText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = <&RawValue>::deserialize(from)?.get();
        let text = serde_json::from_str::<Option<String>>(written).ok().flatten();
        Ok(Self(text.filter(|text| !text.is_empty())))
    }
}

impl StopText {
    /// The text, if it ended an answer without another reason.
    pub(super) fn of(self, finish: Finish) -> Option<String> {
        let Self(text) = self;
        // Other vendors repeat their model's own word for the reason.
        text.filter(|text| finish == Finish::Stop && !REASONS.contains(&text.as_str()))
    }
}

impl Choice {
    /// Whether it is the one that is shown.
    pub(super) fn is_first(&self) -> bool {
        self.index.unwrap_or_default() == 0
    }
}

#[derive(Serialize, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Serialize)]
struct CompletionOut<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [ChoiceOut<'a>; 1],
    usage: UsageOut,
}

#[derive(Serialize)]
struct ChoiceOut<'a> {
    index: u32,
    message: MessageOut<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize, Default)]
struct MessageOut<'a> {
    role: &'static str,
    #[serde(serialize_with = "quoted::maybe")]
    content: Option<Cow<'a, str>>,
    refusal: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCallOut<'a>>,
}

/// Usage as a client gets it.
#[derive(Serialize)]
pub(super) struct UsageOut {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

impl UsageOut {
    /// From the neutral form.
    pub(super) fn of(usage: &Usage) -> Self {
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: PromptDetails {
                cached_tokens: Some(usage.cache_read),
                cache_write_tokens: Some(usage.cache_write).filter(|count| *count > 0),
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: Some(usage.reasoning),
            },
        }
    }
}
