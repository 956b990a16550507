//! A whole Messages answer, the count of tokens and the list of models.
//!
//! Blocks that only Anthropic has (server tools and their results) are left out.

use super::finish::{read_finish, write_finish};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::protocol::Protocol;
use crate::protocol::anthropic::profile::USAGE;
use crate::protocol::codec::{Client, Model, Reading, json};
use crate::protocol::conversation::{
    Arguments, Content, Failure, Part, Reply, Signature, ToolCall, Usage,
};
use crate::protocol::quoted;
use crate::protocol::told::At;
use crate::protocol::usage::Written;

use super::error;

/// Reads an answer; the body of a 200 may also be an error.
pub(super) fn read(body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
    let message: Message = serde_json::from_slice(body)
        .map_err(|_| Failure::malformed("the provider's answer is no message"))?;
    if message.error.is_some()
        && let Some(failure) = error::read_inside(At::Success, body)
    {
        return Err(failure);
    }
    let Some(content) = message.content else {
        return Err(Failure::malformed("the provider's answer holds no content"));
    };
    let mut parts = Vec::with_capacity(content.len());
    for block in content {
        parts.extend(block.into_part(reading, parts.len() as u32));
    }
    let reply = Reply {
        id: message.id,
        model: message.model,
        parts,
        finish: message.stop_reason.as_deref().map(read_finish).unwrap_or_default(),
        stop_sequence: message.stop_sequence,
        usage: message.usage.map(|usage| usage.by(&USAGE)).unwrap_or_default(),
    };
    reply.answered_through(reading.answer_tool).checked()
}

/// Writes an answer.
pub(super) fn write(reply: &Reply, to: &Client<'_>) -> Vec<u8> {
    json(&MessageOut {
        id: &format!("msg_{}", to.id),
        r#type: "message",
        role: "assistant",
        model: to.model,
        content: reply.parts.iter().flat_map(BlockOut::with_proof).flatten().collect(),
        stop_reason: Some(write_finish(reply.finish.with_refusal(reply.refuses()))),
        stop_sequence: reply.stop_sequence.as_deref(),
        usage: UsageOut::of(&reply.usage),
    })
}

/// Writes the list of models, on one page.
pub(super) fn write_models(models: &[Model<'_>]) -> Vec<u8> {
    let data: Vec<_> = models.iter().map(ModelOut::of).collect();
    json(&Models {
        has_more: false,
        first_id: models.first().map(|model| model.id),
        last_id: models.last().map(|model| model.id),
        data,
    })
}

/// Writes one model.
pub(super) fn write_model(model: &Model<'_>) -> Vec<u8> {
    json(&ModelOut::of(model))
}

/// Seconds since 1970 as a date in UTC.
fn rfc3339(seconds: u64) -> String {
    // Days to a date: Howard Hinnant's `civil_from_days`.
    let (days, time) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    model: Option<String>,
    content: Option<Vec<Block>>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
    usage: Option<Written>,
    error: Option<IgnoredAny>,
}

/// A block of any type: which fields it has depends on it.
#[derive(Deserialize)]
struct Block {
    r#type: String,
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    data: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Box<RawValue>>,
}

/// A message as written, whole or as the start of a stream.
#[derive(Serialize)]
pub(super) struct MessageOut<'a> {
    pub(super) id: &'a str,
    pub(super) r#type: &'static str,
    pub(super) role: &'static str,
    pub(super) model: &'a str,
    pub(super) content: Vec<BlockOut<'a>>,
    pub(super) stop_reason: Option<&'static str>,
    pub(super) stop_sequence: Option<&'a str>,
    pub(super) usage: UsageOut,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum BlockOut<'a> {
    Text {
        #[serde(serialize_with = "quoted::text")]
        text: &'a str,
    },
    Thinking {
        thinking: &'a str,
        signature: String,
    },
    RedactedThinking {
        data: String,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Arguments<'a>,
    },
}

/// Usage as a client gets it.
#[derive(Serialize)]
pub(super) struct UsageOut {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}

#[derive(Serialize)]
struct Models<'a> {
    data: Vec<ModelOut<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelOut<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: String,
}

impl<'a> ModelOut<'a> {
    fn of(model: &Model<'a>) -> Self {
        let created_at = rfc3339(model.created);
        Self { r#type: "model", id: model.id, display_name: model.id, created_at }
    }
}

impl Block {
    /// The part that it is, at that place in the answer.
    fn into_part(self, reading: &Reading, place: u32) -> Option<Part> {
        let sign = |value: String| Signature::new(Protocol::Anthropic, value);
        Some(match self.r#type.as_str() {
            "text" => Part::text(self.text?),
            "thinking" => Part::new(Content::Reasoning(self.thinking?))
                .signed(self.signature.filter(|value| !value.is_empty()).map(sign)),
            "redacted_thinking" => Part::new(Content::Redacted).signed(self.data.map(sign)),
            "tool_use" => {
                let input = self.input.map_or_else(|| "{}".to_owned(), |raw| raw.get().to_owned());
                let id = reading.id_of(self.id, place);
                let name = reading.tool_name(self.name.unwrap_or_default());
                Part::new(Content::ToolCall(ToolCall { id, name, arguments: input }))
            }
            _ => return None,
        })
    }
}

impl<'a> BlockOut<'a> {
    /// The block that a part is, behind the proof of a call.
    fn with_proof(part: &'a Part) -> [Option<Self>; 2] {
        [part.seal_before().as_ref().map(Self::seal), Self::of(part)]
    }

    /// A proof alone.
    pub(super) fn seal(proof: &Signature) -> Self {
        Self::RedactedThinking { data: proof.to_client(Protocol::Anthropic) }
    }

    fn of(part: &'a Part) -> Option<Self> {
        let signature = part.signature.as_ref().map(|s| s.to_client(Protocol::Anthropic));
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => {
                (!text.is_empty()).then_some(Self::Text { text })
            }
            Content::Reasoning(text) => {
                Some(Self::Thinking { thinking: text, signature: signature.unwrap_or_default() })
            }
            Content::Redacted => signature.map(|data| Self::RedactedThinking { data }),
            Content::ToolCall(call) => {
                Some(Self::ToolUse { id: &call.id, name: &call.name, input: call.written() })
            }
            Content::Media(_) | Content::ToolResult(_) => None,
        }
    }
}

impl UsageOut {
    /// From the neutral form.
    pub(super) fn of(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.uncached(),
            cache_creation_input_tokens: usage.cache_write,
            cache_read_input_tokens: usage.cache_read,
            output_tokens: usage.output,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_767_225_599), "2025-12-31T23:59:59Z");
    }
}
