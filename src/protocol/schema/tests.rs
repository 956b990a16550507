//! Schemas as a rule wants them, at every depth.

use serde_json::{Value, json};

use super::{Rule, TOOLS, is_complete};
use crate::protocol::conversation::tool::raw;
use crate::protocol::fit::{claude, gpt};

fn fitted(rule: &Rule, schema: &Value) -> (Value, Vec<&'static str>) {
    let text = raw(&schema.to_string());
    let fitted = rule.fit(&text);
    (serde_json::from_str(fitted.schema.get()).unwrap(), fitted.lost)
}

#[test]
fn claude_is_given_no_bounds_and_closed_objects() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "minimum": {"type": "integer", "minimum": 1, "maximum": 9, "default": 2},
            "name": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a", "format": "email"},
            "color": {"type": "string", "format": "color"},
            "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number", "multipleOf": 2}}},
                "minItems": 1, "maxItems": 5, "uniqueItems": false},
            "pair": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "open": {"type": ["object", "null"], "additionalProperties": {"type": "string", "minLength": 3}},
            "one": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/d"}]},
            "const": {"enum": [{"minimum": 1}]},
            "words": {"enum": ["{", null, 1]},
        },
        "$defs": {"d": {"type": "object", "properties": {}, "additionalProperties": false, "minProperties": 1}},
        "required": ["minimum"],
    });
    let (now, mut lost) = fitted(&claude::SCHEMAS, &schema);
    let wanted = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "minimum": {"type": "integer", "default": 2},
            "name": {"type": "string", "pattern": "^a", "format": "email"},
            "color": {"type": "string"},
            "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number"}},
                "additionalProperties": false}, "minItems": 1},
            "pair": {"type": "array", "items": {"type": "string"}},
            "open": {"type": ["object", "null"], "additionalProperties": false},
            "one": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/d"}]},
            "const": {},
            "words": {"enum": ["{", null, 1]},
        },
        "$defs": {"d": {"type": "object", "properties": {}, "additionalProperties": false}},
        "required": ["minimum"],
        "additionalProperties": false,
    });
    assert_eq!(now, wanted);
    lost.sort_unstable();
    let names = [
        "additionalProperties",
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
    ];
    assert_eq!(lost, names);
}

#[test]
fn what_fits_is_not_copied() {
    let text = raw(
        r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#,
    );
    let fitted = claude::SCHEMAS.fit(&text);
    assert!(matches!(fitted.schema, std::borrow::Cow::Borrowed(_)));
    assert!(fitted.lost.is_empty() && !fitted.has_optional);
}

#[test]
fn tools_are_given_properties_and_items_and_no_choices() {
    for (schema, wanted) in [
        (json!({"type": "object"}), json!({"type": "object", "properties": {}})),
        (json!({}), json!({"type": "object", "properties": {}})),
        (
            json!({"title": "properties", "properties": {"properties": {"type": "array"}}}),
            json!({"title": "properties", "properties": {"properties": {"type": "array", "items": {}}}, "type": "object"}),
        ),
    ] {
        assert!(!is_complete(&raw(&schema.to_string())), "{schema}");
        assert_eq!(fitted(&TOOLS, &schema), (wanted, vec![]), "{schema}");
    }
    let choice = json!({"type": "object", "anyOf": [{"required": ["a"]}],
        "properties": {"a": {"anyOf": [{"type": "string"}]}}});
    let wanted = json!({"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}]}}});
    assert!(!is_complete(&raw(&choice.to_string())));
    assert_eq!(fitted(&TOOLS, &choice), (wanted, vec!["anyOf"]));
    assert!(is_complete(&raw(r#" { "a" : {} , "type" : "object" , "properties" : { } } "#)));
}

#[test]
fn optional_properties_are_found_wherever_they_stand() {
    for (schema, has_optional) in [
        (json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}), false),
        (json!({"type": "object", "properties": {"a": {}}}), true),
        (
            json!({"type": "object", "required": ["a"], "properties": {"a": {"properties": {"b": {}}}}}),
            true,
        ),
        (json!({"type": "object", "properties": {}}), false),
    ] {
        let text = raw(&schema.to_string());
        assert_eq!(gpt::STRICT_SCHEMAS.fit(&text).has_optional, has_optional, "{schema}");
    }
}

/// A schema is as deep as its client likes.
#[test]
fn depth_costs_no_stack() {
    let deep = 100_000;
    let text = format!("{}1{}", "{\"items\":".repeat(deep), "}".repeat(deep));
    let mut walked = super::Text::of(&text);
    assert_eq!(walked.value().len(), text.len());
    let schema: &serde_json::value::RawValue = &raw(&text);
    let _ = claude::SCHEMAS.fit(schema);
}
