//! Custom tools, whose input is free text instead of a JSON object. For other protocols such a tool
//! is a function with one text argument and a marked name.
//!
//! The client checks the input against the tool's grammar.

use serde::Deserialize;
use serde_json::json;

use crate::protocol::conversation::Tool;
use crate::protocol::conversation::names::CUSTOM as MARK;
use crate::protocol::conversation::tool::raw;

/// The function for a custom tool. Its grammar, if any, is described to the model.
pub(super) fn tool(name: &str, description: Option<String>, grammar: Option<&str>) -> Tool {
    let told = match grammar {
        Some(grammar) => format!("The whole input, as free text. It keeps to this: {grammar}"),
        None => "The whole input, as free text.".to_owned(),
    };
    let schema = json!({
        "type": "object",
        "properties": { INPUT: { "type": "string", "description": told } },
        "required": [INPUT],
        "additionalProperties": false,
    });
    Tool {
        name: mark(name),
        description,
        schema: Some(raw(&schema.to_string())),
        strict: None,
        cache: None,
    }
}

/// The name that a custom tool has in a conversation.
pub(super) fn mark(name: &str) -> String {
    format!("{MARK}{name}")
}

/// The client's name of a custom tool; `None` for a function.
pub(super) fn name_of(name: &str) -> Option<&str> {
    name.strip_prefix(MARK)
}

/// A custom tool's input as the arguments of a function.
pub(super) fn arguments(input: &str) -> String {
    json!({ INPUT: input }).to_string()
}

/// The input from a function's arguments; arguments that do not match the schema are the input
/// itself.
pub(super) fn input(arguments: &str) -> String {
    #[derive(Deserialize)]
    struct Arguments {
        input: String,
    }
    match serde_json::from_str::<Arguments>(arguments) {
        Ok(arguments) => arguments.input,
        Err(_) if arguments.trim() == "{}" => String::new(),
        Err(_) => arguments.to_owned(),
    }
}

const INPUT: &str = "input";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_tools_input_reads_back() {
        for text in ["*** Begin Patch\n+\"x\"\n", "", "{}"] {
            assert_eq!(input(&arguments(text)), text);
        }
        assert_eq!(input("plain"), "plain");
        assert_eq!(input("{}"), "");
        assert_eq!(name_of(&mark("apply_patch")), Some("apply_patch"));
        assert_eq!(name_of("shell"), None);
    }

    #[test]
    fn a_grammar_is_told() {
        let schema = tool("f", None, Some("start: \"a\"")).schema.unwrap();
        assert!(schema.get().contains(r#"keeps to this: start: \"a\""#), "{}", schema.get());
    }
}
