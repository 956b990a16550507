//! The form of a v2 chat request, as Serde writes it from borrowed parts.
//!
//! It never decides what goes in.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    pub(super) model: &'a str,
    pub(super) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<ToolOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict_tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<ThinkingOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
}

#[derive(Default, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_plan: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCallOut<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Text<'a> {
    Plain(Cow<'a, str>),
    Parts(Vec<PartOut<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum PartOut<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Serialize)]
pub(super) struct ImageUrl<'a> {
    pub(super) url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'a str>,
}

/// A call, in requests and in answers.
#[derive(Serialize)]
pub(in crate::protocol::cohere) struct ToolCallOut<'a> {
    pub(in crate::protocol::cohere) id: &'a str,
    pub(in crate::protocol::cohere) r#type: &'static str,
    pub(in crate::protocol::cohere) function: FunctionCall<'a>,
}

#[derive(Serialize)]
pub(in crate::protocol::cohere) struct FunctionCall<'a> {
    pub(in crate::protocol::cohere) name: &'a str,
    pub(in crate::protocol::cohere) arguments: &'a str,
}

#[derive(Serialize)]
pub(super) struct ToolOut<'a> {
    pub(super) r#type: &'static str,
    pub(super) function: Function<'a>,
}

#[derive(Serialize)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    pub(super) parameters: Cow<'a, RawValue>,
}

#[derive(Serialize)]
pub(super) struct ResponseFormat<'a> {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json_schema: Option<&'a RawValue>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct ThinkingOut {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_budget: Option<u64>,
}

impl<'a> Text<'a> {
    /// A single text is written as a string.
    pub(super) fn of(mut parts: Vec<PartOut<'a>>) -> Self {
        match parts.as_mut_slice() {
            [PartOut::Text { text }] => Self::Plain(std::mem::take(text)),
            _ => Self::Parts(parts),
        }
    }
}
