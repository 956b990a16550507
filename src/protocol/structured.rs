//! How a structured answer is requested if a protocol, or a model, has no field for it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::codec::{ReadError, Refused};
use super::conversation::tool::raw;
use super::conversation::{Conversation, Losses, OutputFormat};
use super::object::Object;
use super::schema::refs::is_finite;

/// How a structured answer is asked for.
pub(crate) enum Structured<'a> {
    /// It is not.
    Free,
    /// By the protocol's own field.
    Native(&'a OutputFormat),
    /// By a forced tool whose arguments are the answer, since every model has tools.
    Tool(Cow<'a, RawValue>),
}

impl<'a> Structured<'a> {
    /// The way for a model that has the field for schemas, or not. A forced tool excludes thinking,
    /// and the client's own tools would never be called.
    pub(crate) fn of(
        from: &'a Conversation,
        has_field: bool,
        thinks: bool,
        losses: &mut Losses,
    ) -> Result<Self, Refused> {
        Ok(match &from.format {
            None => Self::Free,
            Some(format @ OutputFormat::JsonSchema { schema, .. })
                if has_field && is_finite(schema) =>
            {
                Self::Native(format)
            }
            Some(_) if thinks || !from.tools.is_empty() => {
                losses.lose("response_format")?;
                Self::Free
            }
            Some(OutputFormat::JsonSchema { schema, .. }) => Self::Tool(Cow::Borrowed(schema)),
            Some(OutputFormat::JsonObject) => Self::Tool(Cow::Owned(raw(r#"{"type":"object"}"#))),
        })
    }

    /// The tool that stands for the answer, if any.
    pub(crate) fn tool(&self) -> Option<&'static str> {
        matches!(self, Self::Tool(_)).then_some(ANSWER_TOOL)
    }
}

/// Reads OpenAI's `json_schema` of a structured answer.
///
/// # Errors
/// The field that is missing or has the wrong type.
pub(in crate::protocol) fn read_schema(mut format: Object<'_>) -> Result<OutputFormat, ReadError> {
    Ok(OutputFormat::JsonSchema {
        name: format.take("name")?,
        description: format.take("description")?,
        schema: format.require::<&RawValue>("schema")?.to_owned(),
        strict: format.take("strict")?,
    })
}

/// The name of the tool that stands for a structured answer.
pub(crate) const ANSWER_TOOL: &str = "give_answer";
/// Its description for the model.
pub(crate) const ANSWER_TOOL_DESCRIPTION: &str =
    "Gives the answer. Its arguments are the whole answer, as JSON.";
