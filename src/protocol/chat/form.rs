//! The serialized form of message content, calls and tools, with borrowed parts.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::proof::ExtraContent;
use crate::protocol::conversation::{Part, Tool, ToolCall, ToolNames};
use crate::protocol::quoted;

/// A message's content.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Text<'a> {
    Plain(#[serde(serialize_with = "quoted::text")] Cow<'a, str>),
    Parts(Vec<PartOut<'a>>),
}

/// A piece of a content.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum PartOut<'a> {
    Text {
        #[serde(serialize_with = "quoted::text")]
        text: Cow<'a, str>,
    },
    ImageUrl {
        image_url: ImageUrl<'a>,
    },
    InputAudio {
        input_audio: InputAudio<'a>,
    },
    File {
        file: File<'a>,
    },
}

#[derive(Serialize)]
pub(crate) struct ImageUrl<'a> {
    pub(crate) url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct InputAudio<'a> {
    pub(crate) data: &'a str,
    pub(crate) format: &'a str,
}

#[derive(Serialize)]
pub(crate) struct File<'a> {
    pub(crate) filename: &'a str,
    pub(crate) file_data: Cow<'a, str>,
}

/// A call, in requests and in answers.
#[derive(Serialize)]
pub(crate) struct ToolCallOut<'a> {
    id: &'a str,
    r#type: &'static str,
    function: FunctionCall<'a>,
    /// The proof of it. Boxed: few calls have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Box<ExtraContent<'a>>>,
}

#[derive(Serialize)]
pub(crate) struct FunctionCall<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a str,
}

#[derive(Serialize)]
pub(crate) struct ToolOut<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) strict: Option<bool>,
}

impl<'a> Text<'a> {
    /// A single text is written as a string, which every server reads.
    pub(crate) fn of(mut parts: Vec<PartOut<'a>>) -> Self {
        match parts.as_mut_slice() {
            [PartOut::Text { text }] => Self::Plain(std::mem::take(text)),
            _ => Self::Parts(parts),
        }
    }
}

impl<'a> ToolCallOut<'a> {
    /// A call as a client knows it, which is this part.
    pub(crate) fn of(call: &'a ToolCall, part: &'a Part) -> Self {
        let proof = ExtraContent::for_client(part.signature.as_ref());
        Self::new(&call.id, &call.name, &call.arguments).proven(proof)
    }

    /// The same with a proof.
    pub(crate) fn proven(self, extra_content: Option<Box<ExtraContent<'a>>>) -> Self {
        Self { extra_content, ..self }
    }

    /// A call as the provider knows it.
    pub(crate) fn sent(call: &'a ToolCall, names: &'a ToolNames) -> Self {
        Self::new(names.id(&call.id), names.sent(&call.name), &call.arguments)
    }

    /// A call with these words.
    pub(crate) fn new(id: &'a str, name: &'a str, arguments: &'a str) -> Self {
        let function = FunctionCall { name, arguments };
        Self { id, r#type: "function", function, extra_content: None }
    }
}

impl<'a> ToolOut<'a> {
    /// A tool with this schema, if it has one.
    pub(crate) fn of(
        tool: &'a Tool,
        names: &'a ToolNames,
        parameters: Option<Cow<'a, RawValue>>,
        strict: Option<bool>,
    ) -> Self {
        let (name, description) = (names.sent(&tool.name), tool.description.as_deref());
        Self { r#type: "function", function: Function { name, description, parameters, strict } }
    }

    /// A tool that always has a schema, and no strictness.
    pub(crate) fn with_schema(tool: &'a Tool, names: &'a ToolNames) -> Self {
        Self::of(tool, names, Some(tool.schema_or_empty()), None)
    }
}
