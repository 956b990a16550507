//! Whether a field that is about reasoning asks for any.

use serde_json::{Map, Value};

/// Whether a value asks for reasoning. A text inside of a message is what was thought before.
pub(super) fn reasons(value: &Value, key: &str, depth: u32) -> bool {
    match value {
        Value::Null | Value::Array(_) => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(word) => (depth == 0 || key.contains("ffort")) && !is_off(word),
        Value::Object(members) => asks(members),
    }
}

/// Whether an object that is about reasoning asks for any: it says so, or does not say that it wants none.
fn asks(members: &Map<String, Value>) -> bool {
    let (mut is_on, mut is_none, mut says) = (false, false, false);
    for (name, value) in members {
        match value {
            Value::Null => {}
            Value::Bool(value) if name == "enabled" => {
                if *value {
                    is_on = true
                } else {
                    is_none = true
                }
            }
            Value::Bool(value) => says |= *value,
            Value::Number(number) if number.as_f64() == Some(0.0) => is_none = true,
            Value::Number(_) => is_on = true,
            Value::String(word) if is_off(word) => is_none = true,
            // How what was thought is told.
            Value::String(_) if name.contains("summary") || name == "display" => says = true,
            Value::String(_) => is_on = true,
            Value::Array(items) => says |= !items.is_empty(),
            Value::Object(inner) => says |= !inner.is_empty(),
        }
    }
    is_on || says && !is_none
}

fn is_off(word: &str) -> bool {
    ["", "none", "off", "disabled"].iter().any(|off| word.eq_ignore_ascii_case(off))
}

/// What reasoning is asked for by.
pub(super) const REASONING: [&str; 13] = [
    "reasoning",
    "reasoning_effort",
    "reasoningEffort",
    "reasoning_config",
    "reasoningConfig",
    "include_reasoning",
    "thinking",
    "thinkingConfig",
    "thinking_config",
    "thinking_budget",
    "enable_thinking",
    "enableThinking",
    "think",
];
