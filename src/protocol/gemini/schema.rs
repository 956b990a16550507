//! Google's older schemas (OpenAPI's, with `STRING` and `nullable`) as the JSON Schema that everyone
//! else reads.
//!
//! It never builds a tree and keeps the order of keys; what is JSON Schema already passes through.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::protocol::conversation::tool::raw;
use crate::protocol::object::{Object, text_of};

/// The same schema as JSON Schema.
pub(super) fn to_json_schema(schema: &RawValue) -> Box<RawValue> {
    let mut out = String::with_capacity(schema.get().len());
    write_schema(schema, &mut out);
    raw(&out)
}

fn write_schema(schema: &RawValue, out: &mut String) {
    let Ok(object) = Object::of(schema) else { return out.push_str(schema.get()) };
    let fields: Vec<(Cow<'_, str>, &RawValue)> = object.rest().collect();
    let is_nullable =
        fields.iter().any(|(name, value)| name == "nullable" && value.get() == "true");
    let written = fields.into_iter().filter_map(|(name, value)| {
        let name = modern_name(name);
        let is_dropped = match &*name {
            "nullable" | "propertyOrdering" => true,
            "type" => value.get() == "\"TYPE_UNSPECIFIED\"",
            "format" => NUMBER_FORMATS.contains(&value.get()),
            _ => false,
        };
        (!is_dropped).then_some((name, value))
    });
    write_object(written, out, |name, value, out| match name {
        "type" => write_type(value, is_nullable, out),
        "properties" | "$defs" | "definitions" => match Object::of(value) {
            Ok(each) => write_object(each.rest(), out, |_, value, out| write_schema(value, out)),
            Err(_) => out.push_str(value.get()),
        },
        "items" | "additionalProperties" => write_schema(value, out),
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => write_list(value, out),
        // Whole numbers of 64 bits are texts in Google's JSON.
        name if COUNTS.contains(&name) => out.push_str(value.get().trim_matches('"')),
        _ => out.push_str(value.get()),
    });
}

fn write_object<'a>(
    fields: impl Iterator<Item = (Cow<'a, str>, &'a RawValue)>,
    out: &mut String,
    write: impl Fn(&str, &RawValue, &mut String),
) {
    out.push('{');
    for (number, (name, value)) in fields.enumerate() {
        if number > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::Value::from(&*name).to_string());
        out.push(':');
        write(&name, value, out);
    }
    out.push('}');
}

fn write_list(list: &RawValue, out: &mut String) {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(list.get()) else {
        return out.push_str(list.get());
    };
    out.push('[');
    for (number, item) in items.into_iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_schema(item, out);
    }
    out.push(']');
}

fn write_type(value: &RawValue, is_nullable: bool, out: &mut String) {
    let known = text_of(value).ok().map(|name| name.to_ascii_lowercase());
    match known.filter(|name| TYPES.contains(&name.as_str())) {
        Some(name) if is_nullable => {
            out.extend(["[\"", &name, "\",\"null\"]"]);
        }
        Some(name) => out.extend(["\"", &name, "\""]),
        None => out.push_str(value.get()),
    }
}

fn modern_name(name: Cow<'_, str>) -> Cow<'_, str> {
    match SNAKES.iter().find(|(snake, _)| *snake == name) {
        Some((_, camel)) => Cow::Borrowed(camel),
        None => name,
    }
}

const TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];

/// Formats that are no formats of JSON Schema and that strict readers refuse.
const NUMBER_FORMATS: &[&str] = &["\"int32\"", "\"int64\"", "\"float\"", "\"double\"", "\"enum\""];

const COUNTS: &[&str] =
    &["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

const SNAKES: &[(&str, &str)] = &[
    ("any_of", "anyOf"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("min_properties", "minProperties"),
    ("max_properties", "maxProperties"),
    ("property_ordering", "propertyOrdering"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_become_json_schema() {
        for (from, to) in [
            (
                r#"{"type":"OBJECT","properties":{"b":{"type":"STRING","nullable":true,"description":"d"},"a":{"type":"ARRAY","items":{"type":"INTEGER","format":"int32"},"minItems":"1"}},"required":["b"],"propertyOrdering":["b","a"]}"#,
                r#"{"type":"object","properties":{"b":{"type":["string","null"],"description":"d"},"a":{"type":"array","items":{"type":"integer"},"minItems":1}},"required":["b"]}"#,
            ),
            (
                r#"{"any_of":[{"type":"NUMBER"},{"type":"TYPE_UNSPECIFIED","enum":["STRING"]}]}"#,
                r#"{"anyOf":[{"type":"number"},{"enum":["STRING"]}]}"#,
            ),
            // A property may be called as a keyword is.
            (
                r#"{"type":"object","properties":{"type":{"type":"STRING"},"nullable":{"type":"boolean"}}}"#,
                r#"{"type":"object","properties":{"type":{"type":"string"},"nullable":{"type":"boolean"}}}"#,
            ),
            (
                r##"{"$ref":"#/$defs/x","type":["string","null"],"format":"date-time","additionalProperties":false}"##,
                r##"{"$ref":"#/$defs/x","type":["string","null"],"format":"date-time","additionalProperties":false}"##,
            ),
            ("true", "true"),
        ] {
            let from: &RawValue = serde_json::from_str(from).unwrap();
            assert_eq!(to_json_schema(from).get(), to);
        }
    }
}
