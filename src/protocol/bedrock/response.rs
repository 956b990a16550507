//! A whole Converse answer, the token count and the list of models.
//!
//! The vendor's answer has no ID, only the header `x-amzn-requestid`.

use super::finish::{read_finish, write_finish};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{proof, request};
use crate::protocol::bedrock::profile::USAGE;
use crate::protocol::codec::{Model, Reading, json};
use crate::protocol::conversation::{Arguments, Content, Failure, Part, Reply, ToolCall, Usage};
use crate::protocol::usage::Written;

/// Reads an answer.
pub(super) fn read(body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| Failure::malformed("the provider's answer is no Converse answer"))?;
    let Some(message) = answer.output.and_then(|output| output.message) else {
        return Err(Failure::malformed("the provider's answer holds no message"));
    };
    let mut parts = Vec::with_capacity(message.content.len());
    for block in message.content {
        parts.extend(block.into_part(reading, parts.len() as u32));
    }
    let reply = Reply {
        parts,
        finish: answer.stop_reason.as_deref().map(read_finish).unwrap_or_default(),
        stop_sequence: answer.fields.and_then(|fields| fields.stop_sequence),
        usage: answer.usage.map(|usage| usage.by(&USAGE)).unwrap_or_default(),
        ..Reply::default()
    };
    let mut reply = reply.answered_through(reading.answer_tool);
    reply.finish = reply.finish.with_calls(reply.calls_tools());
    reply.checked()
}

/// Writes an answer.
pub(super) fn write(reply: &Reply) -> Vec<u8> {
    let content = reply.parts.iter().flat_map(BlockOut::with_proof).flatten().collect();
    json(&AnswerOut {
        output: OutputOut { message: MessageOut { role: "assistant", content } },
        stop_reason: write_finish(reply.finish),
        usage: UsageOut::of(&reply.usage),
        metrics: Metrics { latency_ms: 0 },
        additional_model_response_fields: reply
            .stop_sequence
            .as_deref()
            .map(|stop_sequence| FieldsOut { stop_sequence }),
    })
}

/// Writes the list of models.
pub(super) fn write_models(models: &[Model<'_>]) -> Vec<u8> {
    let model_summaries: Vec<_> = models.iter().map(ModelOut::of).collect();
    json(&Models { model_summaries })
}

/// Writes one model.
pub(super) fn write_model(model: &Model<'_>) -> Vec<u8> {
    json(&OneModel { model_details: ModelOut::of(model) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    output: Option<Output>,
    stop_reason: Option<String>,
    usage: Option<Written>,
    #[serde(rename = "additionalModelResponseFields")]
    fields: Option<Fields>,
}

#[derive(Deserialize)]
struct Output {
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Block>,
}

/// Fields of the model's own answer that were asked for.
#[derive(Deserialize)]
pub(super) struct Fields {
    pub(super) stop_sequence: Option<String>,
}

/// A block: an object with one key, which names its type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    text: Option<String>,
    image: Option<Image>,
    tool_use: Option<ToolUse>,
    reasoning_content: Option<Reasoning>,
    citations_content: Option<Citations>,
}

/// A picture that the model made.
#[derive(Deserialize)]
struct Image {
    format: String,
    source: Picture,
}

/// Its bytes, if it does not lie in a store.
#[derive(Deserialize)]
struct Picture {
    bytes: Option<String>,
}

/// Text with its sources.
#[derive(Deserialize)]
struct Citations {
    #[serde(default)]
    content: Vec<Cited>,
}

#[derive(Deserialize)]
struct Cited {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse {
    tool_use_id: Option<String>,
    #[serde(default)]
    name: String,
    input: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning {
    reasoning_text: Option<ReasoningText>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
struct ReasoningText {
    #[serde(default)]
    text: String,
    signature: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerOut<'a> {
    output: OutputOut<'a>,
    stop_reason: &'static str,
    usage: UsageOut,
    metrics: Metrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_model_response_fields: Option<FieldsOut<'a>>,
}

#[derive(Serialize)]
struct OutputOut<'a> {
    message: MessageOut<'a>,
}

#[derive(Serialize)]
struct MessageOut<'a> {
    role: &'static str,
    content: Vec<BlockOut<'a>>,
}

/// The same as [`Fields`], as they are written.
#[derive(Serialize)]
pub(super) struct FieldsOut<'a> {
    pub(super) stop_sequence: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum BlockOut<'a> {
    Text(&'a str),
    Image(request::Medium<'a>),
    ToolUse(ToolUseOut<'a>),
    ReasoningContent(ReasoningOut<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolUseOut<'a> {
    tool_use_id: &'a str,
    name: &'a str,
    input: Arguments<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum ReasoningOut<'a> {
    ReasoningText {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    RedactedContent(String),
}

/// Usage as a client gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageOut {
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    cache_read_input_tokens: u64,
    cache_write_input_tokens: u64,
}

/// How long it took: not known here, but the field must be there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metrics {
    pub(super) latency_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Models<'a> {
    model_summaries: Vec<ModelOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelOut<'a> {
    model_id: &'a str,
    model_name: &'a str,
    provider_name: &'a str,
    input_modalities: [&'static str; 1],
    output_modalities: [&'static str; 1],
    response_streaming_supported: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneModel<'a> {
    model_details: ModelOut<'a>,
}

impl<'a> ModelOut<'a> {
    fn of(model: &Model<'a>) -> Self {
        Self {
            model_id: model.id,
            model_name: model.id,
            provider_name: model.owned_by,
            input_modalities: ["TEXT"],
            output_modalities: ["TEXT"],
            response_streaming_supported: true,
        }
    }
}

impl Block {
    /// The part that it is, at that place in the answer.
    fn into_part(self, reading: &Reading, place: u32) -> Option<Part> {
        if let Some(text) = self.text.filter(|text| !text.is_empty()) {
            return Some(Part::text(text));
        }
        if let Some(cited) = self.citations_content {
            let text: String = cited.content.into_iter().filter_map(|cited| cited.text).collect();
            return Some(Part::text(text)).filter(|part| !part.is_blank());
        }
        if let Some(image) = self.image {
            let media = request::read_image(&image.format, image.source.bytes?);
            return Some(Part::new(Content::Media(media)));
        }
        if let Some(call) = self.tool_use {
            let input = call.input.map_or_else(|| "{}".to_owned(), |raw| raw.get().to_owned());
            let id = reading.id_of(call.tool_use_id, place);
            let name = reading.tool_name(call.name);
            return Some(Part::new(Content::ToolCall(ToolCall { id, name, arguments: input })));
        }
        let reasoning = self.reasoning_content?;
        if let Some(seal) = reasoning.redacted_content {
            return Some(Part::new(Content::Redacted).signed(proof::read_seal(&seal)));
        }
        let text = reasoning.reasoning_text?;
        let signature = text.signature.and_then(|value| proof::read(&value));
        Some(Part::new(Content::Reasoning(text.text)).signed(signature))
    }
}

impl<'a> BlockOut<'a> {
    /// The block that a part is, behind the proof of a call.
    fn with_proof(part: &'a Part) -> [Option<Self>; 2] {
        let seal =
            part.seal_before().map(|seal| ReasoningOut::RedactedContent(proof::write_seal(&seal)));
        [seal.map(Self::ReasoningContent), Self::of(part)]
    }

    fn of(part: &'a Part) -> Option<Self> {
        let signature = part.signature.as_ref();
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => {
                (!text.is_empty()).then_some(Self::Text(text))
            }
            Content::Reasoning(text) => {
                let signature = signature.map(proof::write);
                Some(Self::ReasoningContent(ReasoningOut::ReasoningText { text, signature }))
            }
            Content::Redacted => signature.map(|signature| {
                Self::ReasoningContent(ReasoningOut::RedactedContent(proof::write_seal(signature)))
            }),
            Content::ToolCall(call) => Some(Self::ToolUse(ToolUseOut {
                tool_use_id: &call.id,
                name: &call.name,
                input: call.written(),
            })),
            Content::Media(media) => request::image(media).map(Self::Image),
            Content::ToolResult(_) => None,
        }
    }
}

impl UsageOut {
    /// From the neutral form.
    pub(super) fn of(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.uncached(),
            output_tokens: usage.output,
            total_tokens: usage.total(),
            cache_read_input_tokens: usage.cache_read,
            cache_write_input_tokens: usage.cache_write,
        }
    }
}
