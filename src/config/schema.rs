//! The JSON Schema (draft 2020-12) of the file. Editors complete from it and the loader checks with
//! it, so the two cannot disagree.
//!
//! It adds no rules: every key, range and sentence comes from `raw`.

mod editors;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value, json};

use super::raw;

/// The schema that `onwards schema` prints.
pub fn published() -> Value {
    let mut schema = schema();
    editors::rewrite(&mut schema);
    schema
}

/// The schema that the loader checks with.
pub fn schema() -> Value {
    SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(tidy))
        .into_generator()
        .into_root_schema_for::<raw::File>()
        .to_value()
}

fn tidy(schema: &mut Schema) {
    if let Some(schema) = schema.as_object_mut() {
        close(schema);
        bound(schema);
        describe_tag(schema);
    }
}

/// Refuses unknown keys in an object with known keys.
fn close(schema: &mut Map<String, Value>) {
    if schema.contains_key("properties") {
        schema.entry("additionalProperties").or_insert(json!(false));
    }
}

/// Editors ignore `format: uint32`, so a bound is added.
fn bound(schema: &mut Map<String, Value>) {
    let most = match schema.get("format").and_then(Value::as_str) {
        Some("uint16") => Some(json!(u16::MAX)),
        Some("uint32") => Some(json!(u32::MAX)),
        // The largest integer that every JSON reader keeps exactly.
        Some("uint64") => Some(json!((1_u64 << 53) - 1)),
        Some("double") => None,
        _ => return,
    };
    schema.remove("format");
    if let Some(most) = most {
        schema.entry("maximum").or_insert(most);
    }
}

/// Copies the description of a variant to its tag.
fn describe_tag(schema: &mut Map<String, Value>) {
    let Some(description) = schema.get("description").cloned() else { return };
    let tag = schema.get_mut("properties").and_then(|properties| properties.get_mut("type"));
    if let Some(Value::Object(tag)) = tag
        && tag.contains_key("const")
    {
        tag.entry("description").or_insert(description);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::schema;

    fn objects<'a>(at: String, value: &'a Value, out: &mut Vec<(String, &'a Value)>) {
        if value.is_object() {
            out.push((at.clone(), value));
        }
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, value)| objects(format!("{at}/{key}"), value, out));
            }
            Value::Array(list) => {
                list.iter().for_each(|value| objects(format!("{at}/-"), value, out));
            }
            _ => {}
        }
    }

    fn everything(schema: &Value) -> Vec<(String, &Value)> {
        let mut out = Vec::new();
        objects(String::new(), schema, &mut out);
        out
    }

    #[test]
    fn every_key_of_the_file_is_described() {
        let schema = schema();
        let mut keys = 0;
        for (at, object) in everything(&schema) {
            let Some(properties) = object.get("properties").and_then(Value::as_object) else {
                continue;
            };
            for (key, property) in properties {
                keys += 1;
                let described = property["description"].as_str().is_some_and(|text| text.len() > 7);
                assert!(described, "{at}: {key} has no description");
            }
        }
        assert!(keys > 90, "only {keys} keys were seen");
    }

    #[test]
    fn every_object_with_keys_refuses_others_and_the_root_allows_a_schema() {
        let schema = schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(schema["properties"]["$schema"].is_object());
        for (at, object) in everything(&schema) {
            if object
                .get("properties")
                .is_some_and(|properties| !at.ends_with("properties") && properties.is_object())
            {
                // Beside the files that it names, any key of `prices` is a model.
                let is_prices = at.ends_with("/Prices");
                assert!(is_prices || object["additionalProperties"] == false, "{at}");
            }
        }
    }

    #[test]
    fn defaults_and_bounds_are_told() {
        let schema = schema();
        let provider = &schema["$defs"]["Provider"]["properties"];
        assert_eq!(provider["weight"]["default"], 1);
        assert_eq!(provider["weight"]["maximum"], 4_294_967_295_u64);
        let fallback = &schema["$defs"]["Fallback"]["properties"];
        assert_eq!(fallback["on_status"]["items"]["maximum"], 599);
        assert_eq!(
            schema["$defs"]["RateLimit"]["properties"]["requests_per_second"]["exclusiveMinimum"],
            0
        );
    }
}
