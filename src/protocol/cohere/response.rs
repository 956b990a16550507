//! A whole v2 chat answer, and the list of models.
//!
//! It has no citations, since no other protocol here has them.

use super::finish::{read_finish, write_finish};
use serde::{Deserialize, Serialize};

use crate::protocol::chat::ToolCallOut;
use crate::protocol::codec::{Client, Model, Reading, json};
use crate::protocol::cohere::profile::USAGE;
use crate::protocol::conversation::{Content, Failure, Part, Reply, ToolCall, Usage};
use crate::protocol::told::{At, by_status};
use crate::protocol::usage::Written;

/// Reads an answer; the body of a 200 may also be an error.
pub(super) fn read(body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| Failure::malformed("the provider's answer is no chat answer"))?;
    let Some(Said::Message(message)) = answer.message else {
        return Err(match answer.message {
            Some(Said::Error(message)) => by_status::read_inside(At::Success, body, &message),
            _ => Failure::malformed("the provider's answer holds no message"),
        });
    };
    let finish = read_finish(answer.finish_reason.as_deref().unwrap_or_default())
        .map_err(|kind| Failure::new(kind, BROKEN_OFF))?;
    let mut parts = Vec::new();
    for block in message.content.unwrap_or_default() {
        let content = block.thinking.map(Content::Reasoning).or(block.text.map(Content::Text));
        parts.extend(content.map(Part::new));
    }
    parts.extend(message.tool_plan.map(Part::text));
    parts.retain(
        |part| !matches!(&part.content, Content::Text(t) | Content::Reasoning(t) if t.is_empty()),
    );
    for (index, call) in message.tool_calls.unwrap_or_default().into_iter().enumerate() {
        let function = call.function.unwrap_or_default();
        parts.push(Part::new(Content::ToolCall(ToolCall {
            id: call
                .id
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| reading.call_id(index as u32)),
            name: reading.tool_name(function.name.unwrap_or_default()),
            arguments: arguments_or_empty(function.arguments),
        })));
    }
    let usage = answer.usage.map(|usage| usage.by(&USAGE)).unwrap_or_default();
    let mut reply = Reply { id: answer.id, parts, usage, ..Reply::default() };
    reply.finish = finish.with_calls(reply.calls_tools());
    reply.checked()
}

/// Writes an answer.
pub(super) fn write(reply: &Reply, to: &Client<'_>) -> Vec<u8> {
    let mut message = MessageOut { role: "assistant", ..MessageOut::default() };
    for part in &reply.parts {
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => {
                message.content.push(BlockOut::Text { text });
            }
            Content::Reasoning(thinking) if !thinking.is_empty() => {
                message.content.push(BlockOut::Thinking { thinking });
            }
            Content::ToolCall(call) => {
                message.tool_calls.push(ToolCallOut::of(call, part));
            }
            Content::Reasoning(_)
            | Content::Redacted
            | Content::Media(_)
            | Content::ToolResult(_) => {}
        }
    }
    json(&AnswerOut {
        id: to.id,
        finish_reason: write_finish(reply.finish),
        message,
        usage: UsageOut::of(&reply.usage),
    })
}

/// Writes the list of models, on one page.
pub(super) fn write_models(models: &[Model<'_>]) -> Vec<u8> {
    let models: Vec<_> = models.iter().map(ModelOut::of).collect();
    json(&Models { models })
}

/// Writes one model.
pub(super) fn write_model(model: &Model<'_>) -> Vec<u8> {
    json(&ModelOut::of(model))
}

/// A call's arguments; absent ones are `{}`.
pub(super) fn arguments_or_empty(arguments: Option<String>) -> String {
    arguments.filter(|json| !json.is_empty()).unwrap_or_else(|| "{}".to_owned())
}

#[derive(Deserialize)]
struct Answer {
    id: Option<String>,
    finish_reason: Option<String>,
    message: Option<Said>,
    usage: Option<Written>,
}

/// Errors have a sentence where answers have a message.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Message(Box<Message>),
    Error(String),
}

#[derive(Deserialize)]
struct Message {
    content: Option<Vec<Block>>,
    tool_plan: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

/// A content of any type: which field it has depends on it.
#[derive(Deserialize)]
struct Block {
    text: Option<String>,
    thinking: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Call {
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionIn>,
}

#[derive(Default, Deserialize)]
pub(super) struct FunctionIn {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

#[derive(Serialize)]
struct AnswerOut<'a> {
    id: &'a str,
    finish_reason: &'static str,
    message: MessageOut<'a>,
    usage: UsageOut,
}

#[derive(Default, Serialize)]
struct MessageOut<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    content: Vec<BlockOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCallOut<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum BlockOut<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str },
}

/// Usage as a client gets it.
#[derive(Serialize)]
pub(super) struct UsageOut {
    billed_units: TokensOut,
    tokens: TokensOut,
    cached_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct TokensOut {
    input_tokens: u64,
    output_tokens: u64,
}

#[derive(Serialize)]
struct Models<'a> {
    models: Vec<ModelOut<'a>>,
}

#[derive(Serialize)]
struct ModelOut<'a> {
    name: &'a str,
    endpoints: &'static [&'static str],
}

impl<'a> ModelOut<'a> {
    fn of(model: &Model<'a>) -> Self {
        Self { name: model.id, endpoints: &["chat"] }
    }
}

impl UsageOut {
    /// From the neutral form.
    pub(super) fn of(usage: &Usage) -> Self {
        let tokens = TokensOut { input_tokens: usage.input, output_tokens: usage.output };
        Self { billed_units: tokens, tokens, cached_tokens: usage.cache_read }
    }
}

/// The message of a failure without one.
pub(super) const BROKEN_OFF: &str = "the provider broke the answer off";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::conversation::{Finish, Kind};

    #[test]
    fn finish_reason_of_cohere_reads_back() {
        for finish in [
            Finish::Stop,
            Finish::StopSequence,
            Finish::Length,
            Finish::ToolCalls,
            Finish::ContentFilter,
        ] {
            assert_eq!(read_finish(write_finish(finish)), Ok(finish));
        }
        assert_eq!(read_finish("SOMETHING_NEW"), Ok(Finish::Stop));
        assert_eq!(read_finish("ERROR"), Err(Kind::Server));
        assert_eq!(read_finish("TIMEOUT"), Err(Kind::Timeout));
    }

    #[test]
    fn usage_is_what_was_used() {
        let read = |usage| serde_json::from_str::<Written>(usage).unwrap().by(&USAGE);
        let both = read(
            r#"{"billed_units":{"input_tokens":5,"output_tokens":2},"tokens":{"input_tokens":71.0,"output_tokens":9},"cached_tokens":64}"#,
        );
        assert_eq!((both.input, both.output, both.cache_read), (71, 9, 64));
        let billed = read(r#"{"billed_units":{"input_tokens":5,"output_tokens":2}}"#);
        assert_eq!((billed.input, billed.output), (5, 2));
    }
}
