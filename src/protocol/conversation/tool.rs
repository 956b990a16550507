//! Tools and tool calls. Results are parts: see `part`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::marks::CacheMark;

/// A function that the model may call.
#[derive(Debug, Clone)]
pub struct Tool {
    /// The client's name for it.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// JSON Schema of its arguments, as the client wrote it.
    pub schema: Option<Box<RawValue>>,
    /// Whether arguments must keep to the schema exactly.
    pub strict: Option<bool>,
    /// A prompt cache ends after this tool.
    pub cache: Option<CacheMark>,
}

/// Which tools must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// At least one.
    Required,
    /// None, although some are on offer.
    None,
    /// This one.
    Tool(String),
}

/// The model calls a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Names the call, for its result.
    pub id: String,
    /// The tool, by the client's name.
    pub name: String,
    /// The arguments as JSON text, as the model wrote them; `{}` if absent. They may be invalid
    /// JSON; [`ToolCall::object`] is always an object.
    pub arguments: String,
}

/// The arguments of a call as they are written into an object's place. A long text that is not JSON is
/// not copied for it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Arguments<'a> {
    /// An object.
    Object(&'a RawValue),
    /// Anything but an object.
    Text {
        /// As the model wrote it.
        arguments: &'a str,
    },
    /// None.
    None {},
}

impl Tool {
    /// The schema, with `{"type":"object","properties":{}}` instead of none or an empty one, for
    /// vendors that require one.
    pub fn schema_or_empty(&self) -> Cow<'_, RawValue> {
        match self.schema.as_deref() {
            Some(schema) if !matches!(schema.get(), "{}" | "null") => Cow::Borrowed(schema),
            _ => Cow::Owned(raw(r#"{"type":"object","properties":{}}"#)),
        }
    }
}

impl ToolCall {
    /// The arguments as a JSON object: absent ones are `{}`, and another value is put under the key
    /// `arguments`.
    pub fn object(&self) -> Cow<'_, RawValue> {
        match self.written() {
            Arguments::Object(value) => Cow::Borrowed(value),
            other => Cow::Owned(
                serde_json::value::to_raw_value(&other)
                    .unwrap_or_else(|_| RawValue::NULL.to_owned()),
            ),
        }
    }

    /// The same, to be written.
    pub(crate) fn written(&self) -> Arguments<'_> {
        let arguments = self.arguments.trim();
        match serde_json::from_str::<&RawValue>(arguments) {
            Ok(value) if value.get().starts_with('{') => Arguments::Object(value),
            _ if arguments.is_empty() || arguments == "null" => Arguments::None {},
            _ => Arguments::Text { arguments },
        }
    }
}

/// Valid JSON text; `null` instead of any other.
pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// JSON without the whitespace between its values: the vendor indents whole answers, and arguments
/// go on as texts that are paid for by the token.
pub(crate) fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let kept = json.chars().filter(|&c| {
        if in_text {
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            return true;
        }
        in_text = c == '"';
        !c.is_ascii_whitespace()
    });
    kept.collect()
}

/// The text of a tool error without one, since vendors refuse an empty error.
pub(crate) const WORDLESS_ERROR: &str = "Error";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_always_an_object() {
        for (arguments, object) in [
            (r#" {"a": 1} "#, r#"{"a": 1}"#),
            ("", "{}"),
            ("null", "{}"),
            ("[1]", r#"{"arguments":"[1]"}"#),
            (r#"{"cut": "#, r#"{"arguments":"{\"cut\":"}"#),
        ] {
            let call = ToolCall { id: "1".into(), name: "f".into(), arguments: arguments.into() };
            assert_eq!(call.object().get(), object);
        }
    }

    #[test]
    fn only_whitespace_between_values_goes() {
        let json = "{\n  \"a b\": [1, true, \" \\\" \\\\\" , null],\r\n\t\"c\": {} }";
        assert_eq!(compact(json), "{\"a b\":[1,true,\" \\\" \\\\\",null],\"c\":{}}");
    }
}
