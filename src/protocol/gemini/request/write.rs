//! Writes a request from a conversation with borrowed parts.
//!
//! Nothing that could change the answer is dropped silently.

use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::contents::{Contents, write_system};
use super::form::{
    Body, Count, Empty, Function, FunctionCalling, GenerationConfig, Schema, ToolConfig, Tools,
};
use super::thinking;
use crate::models::{Model, gemini};
use crate::path::NOT_IN_A_SEGMENT;
use crate::protocol::codec::{Platform, Refused, Target, Written, json};
use crate::protocol::conversation::search::Told;
use crate::protocol::conversation::{
    Conversation, Losses, OutputFormat, Tool, ToolChoice, ToolNames,
};
use crate::protocol::fields::Fields;
use crate::protocol::fit;
use crate::protocol::gemini::profile::FIELDS;

/// Writes a request. Where the client wants a stream, in whatever form, events are asked for.
pub(crate) fn write(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    let method = if from.is_stream() { "streamGenerateContent?alt=sse" } else { "generateContent" };
    write_for(from, target, method, |body| json(&body))
}

/// Writes a request that counts tokens: it holds the other one.
pub(crate) fn write_count(from: &Conversation, target: &Target<'_>) -> Result<Written, Refused> {
    write_for(from, target, "countTokens", |body| {
        let model = Some(resource(target.model));
        json(&Count { generate_content_request: Body { model, generation_config: None, ..body } })
    })
}

fn write_for(
    from: &Conversation,
    target: &Target<'_>,
    method: &str,
    write: impl FnOnce(Body<'_>) -> Vec<u8>,
) -> Result<Written, Refused> {
    let model = gemini::model(target.known_as());
    let names = ToolNames::fit(from, gemini::TOOL_NAMES.of(model), gemini::CALL_IDS.of(model));
    let has_ids = target.platform != Platform::Vertex;
    let mut losses = target.losses();
    let late = from.late(false);
    let body = Body {
        model: None,
        system_instruction: write_system(from),
        contents: Contents {
            names: &names,
            model,
            service: target.service,
            has_ids,
            losses: &mut losses,
        }
        .turns(from, &late)?,
        tools: write_tools(from, &names, &mut losses)?,
        tool_config: write_choice(from, &names, model, &mut losses)?,
        generation_config: Some(write_config(from, model, &mut losses)?)
            .filter(|config| !config.is_empty()),
    };
    from.lose_extras(|_| false, &mut losses)?;
    let body = write(body);
    let model = resource(target.model);
    let model = utf8_percent_encode(&model, NOT_IN_PATHS);
    let path = format!("/v1beta/{model}:{method}");
    Ok(Written::json(path, body, losses, target.reading(names, None)))
}

/// The model as a resource: `models/…`, unless its name contains another collection.
pub(crate) fn resource(model: &str) -> String {
    if model.contains('/') { model.to_owned() } else { format!("models/{model}") }
}

/// The functions; Google's own search only without functions, since models refuse both together.
fn write_tools<'a>(
    from: &'a Conversation,
    names: &'a ToolNames,
    losses: &mut Losses,
) -> Result<Option<[Tools<'a>; 1]>, Refused> {
    let tools = &from.tools;
    if let Some(search) = &from.search {
        if !tools.is_empty() {
            search.lose(losses)?;
        } else {
            search.fit(Told::default(), losses)?;
            let google_search = Some(Empty {});
            return Ok(Some([Tools { function_declarations: Vec::new(), google_search }]));
        }
    }
    let function = |tool: &'a Tool| Function {
        name: names.sent(&tool.name),
        description: tool.description.as_deref(),
        // Some models refuse an empty object schema but accept an absent one.
        parameters_json_schema: tool
            .schema
            .as_deref()
            .filter(|schema| !matches!(schema.get(), "{}" | "null")),
    };
    let function_declarations: Vec<_> = tools.iter().map(function).collect();
    let google_search = None;
    Ok((!tools.is_empty()).then_some([Tools { function_declarations, google_search }]))
}

/// The choice among the tools. A call that is forced keeps to its schema; one that is not does so in
/// a mode of its own, for all tools.
fn write_choice<'a>(
    from: &'a Conversation,
    names: &'a ToolNames,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<Option<ToolConfig<'a>>, Refused> {
    if from.tools.is_empty() {
        return Ok(None);
    }
    losses.lose_if(from.parallel_tool_calls == Some(false), "parallel_tool_calls")?;
    let is_strict = from.tools.iter().any(|tool| tool.strict == Some(true));
    let is_free = matches!(from.tool_choice, None | Some(ToolChoice::Auto));
    let can_validate = gemini::VALIDATED_CALLS.of(model);
    losses.lose_if(is_strict && is_free && !can_validate, "tools.strict")?;
    let (mode, only) = match &from.tool_choice {
        None | Some(ToolChoice::Auto) if is_strict && can_validate => ("VALIDATED", None),
        None => return Ok(None),
        Some(ToolChoice::Auto) => ("AUTO", None),
        Some(ToolChoice::Required) => ("ANY", None),
        Some(ToolChoice::None) => ("NONE", None),
        Some(ToolChoice::Tool(name)) => ("ANY", Some([names.sent(name)])),
    };
    let calling = FunctionCalling { mode, allowed_function_names: only };
    Ok(Some(ToolConfig { function_calling_config: calling }))
}

fn write_config<'a>(
    from: &'a Conversation,
    model: Model<'_>,
    losses: &mut Losses,
) -> Result<GenerationConfig<'a>, Refused> {
    let (sampling, max_tokens) = (from.sampling.clone(), from.max_tokens);
    let fields = Fields { table: &FIELDS, sampling, max_tokens, stop: Vec::new() };
    let fields = fields.fitted(losses)?;
    let stop = fit::stops(&from.stop, gemini::STOPS.of(model), losses)?;
    let is_alone = from.tools.is_empty() || gemini::FORMATS_BESIDE_TOOLS.of(model);
    losses.lose_if(from.format.is_some() && !is_alone, "response_format")?;
    let format = from.format.as_ref().filter(|_| is_alone);
    let schema = format.and_then(|format| match format {
        OutputFormat::JsonObject => None,
        OutputFormat::JsonSchema { schema, .. } => Some(Schema(schema)),
    });
    Ok(GenerationConfig {
        fields: Fields { stop, ..fields },
        response_mime_type: format.map(|_| "application/json"),
        response_json_schema: schema,
        thinking_config: thinking::write(from.thinking, model, losses)?,
    })
}

/// What must be encoded in a path; a resource's name holds slashes.
pub(crate) const NOT_IN_PATHS: &AsciiSet = &NOT_IN_A_SEGMENT.remove(b'/');
