//! Adapts the schema for editors. A choice is made by the kind of the value, so that an error is
//! shown at the wrong value and not at the choice. Rules of the loader beyond the shape are added
//! where JSON Schema can express them.
//!
//! The loader itself does not use this.

use serde_json::{Map, Value, json};

/// Adapts a schema for editors.
pub(super) fn rewrite(schema: &mut Value) {
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    choose(schema, &definitions);
    refuse(schema);
    for (definition, rule) in rules() {
        let place = schema.get_mut("$defs").and_then(|all| all.get_mut(definition));
        if let (Some(Value::Object(place)), Value::Object(rule)) = (place, rule) {
            place.extend(rule);
        }
    }
}

/// Rules between the keys of one object.
fn rules() -> [(&'static str, Value); 9] {
    let one_of = |keys: &[&str]| -> Vec<Value> {
        keys.iter().map(|key| json!({"required": [key]})).collect()
    };
    [
        ("Hedge", json!({"oneOf": one_of(&["after_ms", "after_percentile"])})),
        ("NamedWindows", json!({"minProperties": 1})),
        ("Windows", json!({"minProperties": 1})),
        ("ReasoningTranslation", json!({"minProperties": 1})),
        ("EffortTranslation", json!({"minProperties": 1})),
        (
            "Sticky",
            json!({"minProperties": 1, "not": {
                "properties": {"key": {"const": false}}, "required": ["key"]
            }}),
        ),
        ("KeyDefinition", json!({"anyOf": one_of(&["key", "hash", "aws"])})),
        ("ProviderTls", json!({"dependentRequired": {"cert": ["key"], "key": ["cert"]}})),
        (
            "Aws",
            json!({"dependentRequired": {
                "access_key_id": ["secret_access_key"], "secret_access_key": ["access_key_id"]}}),
        ),
    ]
}

/// Replaces choices by `if`, where the alternatives can be distinguished.
fn choose(schema: &mut Value, definitions: &Value) {
    match schema {
        Value::Object(map) => {
            for word in ["anyOf", "oneOf"] {
                let told = match map.get(word) {
                    Some(Value::Array(choices)) => told_apart(choices, definitions),
                    _ => None,
                };
                if let Some(Value::Object(told)) = told {
                    map.remove(word);
                    map.extend(told);
                }
            }
            map.values_mut().for_each(|inner| choose(inner, definitions));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| choose(inner, definitions)),
        _ => {}
    }
}

fn told_apart(choices: &[Value], definitions: &Value) -> Option<Value> {
    let kind = |choice: &&Value| resolved(choice, definitions)["type"].as_str().map(str::to_owned);
    let (objects, others): (Vec<&Value>, Vec<&Value>) =
        choices.iter().partition(|choice| kind(choice).as_deref() == Some("object"));
    let mut tests: Vec<(Value, &Value)> = Vec::new();
    let mut last: Option<Value> = None;
    for choice in others {
        match kind(&choice) {
            // Two word lists cannot be distinguished by kind.
            Some(kind) if tests.iter().any(|(test, _)| test["type"] == *kind) => return None,
            Some(kind) => tests.push((json!({"type": kind}), choice)),
            None if last.is_none() => last = Some(choice.clone()),
            None => return None,
        }
    }
    match objects.as_slice() {
        [] => {}
        [only] if last.is_none() => last = Some((*only).clone()),
        several if last.is_none() => {
            let (of_objects, final_one) = objects_apart(several, definitions)?;
            tests.extend(of_objects);
            last = Some(final_one);
        }
        _ => return None,
    }
    let last = match last {
        Some(last) => last,
        None => tests.pop()?.1.clone(),
    };
    if tests.is_empty() {
        return None;
    }
    Some(tests.into_iter().rev().fold(last, |rest, (test, choice)| {
        let is_null = test["type"] == "null";
        match is_null {
            true => json!({"if": test, "else": rest}),
            false => json!({"if": test, "then": choice, "else": rest}),
        }
    }))
}

/// Distinguishes objects by the value of `type`, or by a key that only one of two has.
fn objects_apart<'a>(
    objects: &[&'a Value],
    definitions: &Value,
) -> Option<(Vec<(Value, &'a Value)>, Value)> {
    let tag = |choice: &Value| {
        let tag = resolved(choice, definitions)["properties"]["type"]["const"].as_str();
        tag.map(str::to_owned)
    };
    let tags: Vec<String> = objects.iter().filter_map(|choice| tag(choice)).collect();
    if tags.len() == objects.len() {
        let test =
            |tag: &String| json!({"properties": {"type": {"const": tag}}, "required": ["type"]});
        let tests = tags.iter().zip(objects).map(|(tag, choice)| (test(tag), *choice)).collect();
        let none =
            json!({"type": "object", "required": ["type"], "properties": {"type": {"enum": tags}}});
        return Some((tests, none));
    }
    let own_key = |at: usize| {
        let required = resolved(objects[at], definitions)["required"].as_array();
        let is_others = |key: &str| {
            let others = objects.iter().enumerate().filter(|(other, _)| *other != at);
            others
                .into_iter()
                .any(|(_, it)| resolved(it, definitions)["properties"].get(key).is_some())
        };
        let mut own = required.into_iter().flatten().filter_map(Value::as_str);
        own.find(|key| !is_others(key)).map(|key| json!({"required": [key]}))
    };
    // The last alternative needs no test.
    let (mut tests, mut left) = (Vec::new(), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        match own_key(at).filter(|_| at + 1 < objects.len() || !left.is_empty()) {
            Some(test) => tests.push((test, *object)),
            None => left.push(*object),
        }
    }
    match left.as_slice() {
        [last] => Some((tests, (*last).clone())),
        _ => None,
    }
}

fn resolved<'a>(choice: &'a Value, definitions: &'a Value) -> &'a Value {
    let name = choice["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    name.map_or(choice, |name| &definitions[name])
}

/// Refuses strings that are not a valid URL, name, header or path.
fn refuse(schema: &mut Value) {
    let Value::Object(map) = schema else {
        if let Value::Array(list) = schema {
            list.iter_mut().for_each(refuse);
        }
        return;
    };
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        for (key, property) in properties.iter_mut() {
            let Some(property) = property.as_object_mut() else { continue };
            pattern(key, property);
        }
    }
    map.values_mut().for_each(refuse);
}

fn pattern(key: &str, property: &mut Map<String, Value>) {
    let is_text = match property.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    };
    let known = PATTERNS.iter().find(|(name, _)| *name == key).filter(|_| is_text);
    if let Some((_, pattern)) = known {
        property.entry("pattern").or_insert(json!(pattern));
    }
}

/// A text with a reference may become any text.
const PATTERNS: [(&str, &str); 6] = [
    ("url", r"^(https?://[^/?#@]+([/?][^#]*)?|mock:.*|.*\$\{.*)$"),
    ("name", r"^([A-Za-z0-9._:/@-]{1,128}|.*\$\{.*)$"),
    ("api_prefix", r"^(/.*|.*\$\{.*|)$"),
    ("header", HEADER_NAME),
    ("upstream_auth_header_name", HEADER_NAME),
    ("target_path", "^/"),
];

const HEADER_NAME: &str = r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+|.*\$\{.*)$";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn choices_are_made_by_what_is_there() {
        let definitions = json!({
            "List": {"type": "array"},
            "Pool": {"type": "object", "properties": {"providers": {}}, "required": ["providers"]},
            "Single": {"type": "object", "properties": {"url": {}}, "required": ["url"]},
        });
        let reference = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
        let told = told_apart(&["Pool", "List", "Single"].map(reference), &definitions).unwrap();
        let expected = json!({
            "if": {"type": "array"}, "then": reference("List"),
            "else": {"if": {"required": ["providers"]}, "then": reference("Pool"),
                "else": reference("Single")}});
        assert_eq!(told, expected);
        let optional = told_apart(&[reference("Pool"), json!({"type": "null"})], &definitions);
        assert_eq!(optional.unwrap(), json!({"if": {"type": "null"}, "else": reference("Pool")}));
        let words = ["a", "b"].map(|word| json!({"type": "string", "const": word}));
        assert_eq!(told_apart(&words, &definitions), None);
        let tagged = ["x", "y"].map(|tag| {
            json!({"type": "object", "properties": {"type": {"type": "string", "const": tag}}})
        });
        let told = told_apart(&tagged, &definitions).unwrap();
        assert_eq!(told["if"]["properties"]["type"]["const"], "x");
        assert_eq!(told["else"]["else"]["properties"]["type"]["enum"], json!(["x", "y"]));
    }
}
