//! `configuration.md` against the schema: every key in a table with its default, every key used in
//! an example that loads.
//!
//! Never: a key is described that the file does not know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::page::{Page, quoted};

/// Spellings of what has a table of its own already.
const COMPOSED: [&str; 3] = ["Single", "Pools", "PoolKeys"];

type Keys = BTreeMap<String, Value>;

/// Every object of the schema and its keys.
fn objects() -> BTreeMap<String, Keys> {
    let schema = onwards::config::schema();
    let mut objects = BTreeMap::from([("File".to_owned(), keys_of(&schema))]);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        let mut keys = keys_of(definition);
        for variant in definition["oneOf"].as_array().into_iter().flatten() {
            keys.extend(keys_of(variant));
        }
        if !keys.is_empty() && !COMPOSED.contains(&name.as_str()) {
            objects.insert(name.clone(), keys);
        }
    }
    objects
}

fn keys_of(schema: &Value) -> Keys {
    let none = Map::new();
    let keys = schema["properties"].as_object().unwrap_or(&none);
    keys.iter().map(|(key, property)| (key.clone(), property.clone())).collect()
}

fn configuration() -> Page {
    Page::named("docs/configuration.md")
}

#[test]
fn every_key_has_a_row_and_every_row_a_key() {
    let page = configuration();
    let objects = objects();
    let described: BTreeSet<_> = page.tables("keys of ").into_iter().collect();
    assert_eq!(described, objects.keys().cloned().collect(), "tables of keys");
    for (name, keys) in &objects {
        let rows = page.table(&format!("keys of {name}"));
        let in_page: BTreeSet<_> =
            rows.iter().flat_map(|row| quoted(&row[0]).into_iter().map(str::to_owned)).collect();
        assert_eq!(in_page, keys.keys().cloned().collect(), "keys of {name}");
    }
}

#[test]
fn every_default_is_told() {
    let page = configuration();
    for (name, keys) in objects() {
        for row in page.table(&format!("keys of {name}")) {
            for key in quoted(&row[0]) {
                let default = match &keys[key]["default"] {
                    Value::Null => continue,
                    Value::String(text) if !text.ends_with(' ') => text.clone(),
                    other => other.to_string().replace(' ', ""),
                };
                let told = row[1].replace(' ', "");
                assert!(told.contains(&default), "{name}.{key}: {default} is not in `{}`", row[1]);
            }
        }
    }
}

/// Otherwise the page could say another one than the code.
#[test]
fn every_default_of_the_page_is_the_schemas() {
    let page = configuration();
    let (mut seen, mut missing) = (0, Vec::new());
    for (name, keys) in objects() {
        for row in page.table(&format!("keys of {name}")) {
            // One word of code. What is empty is no default, and names lead to the value elsewhere.
            let default = row[1].strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
            let Some(default) = default.filter(|it| !it.contains('`')) else { continue };
            for key in quoted(&row[0]) {
                seen += 1;
                let empty_or_name = matches!(default, "{}" | "[]")
                    || default.starts_with("AWS_")
                    || keys.contains_key(default);
                if keys[key]["default"].is_null() && !empty_or_name {
                    missing.push(format!("{name}.{key}: {default}"));
                }
            }
        }
    }
    assert!(seen > 30 && missing.is_empty(), "of {seen}: {missing:?}");
}

#[test]
fn every_key_is_in_an_example_that_loads() {
    let mut seen = BTreeSet::new();
    for block in configuration().blocks().iter().filter(|block| block.info == "json") {
        collect(&serde_json::from_str(&block.text).unwrap(), &mut seen);
    }
    for (name, keys) in objects() {
        for key in keys.keys() {
            assert!(seen.contains(key), "{name}.{key} is in no example");
        }
    }
}

#[test]
fn every_word_that_a_key_takes_is_told() {
    let schema = onwards::config::schema();
    let prose = configuration().prose();
    let told: BTreeSet<_> = quoted(&prose).into_iter().collect();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for word in definition["oneOf"].as_array().into_iter().flatten() {
            if let Some(word) = word["const"].as_str() {
                assert!(told.contains(word), "{name}: {word}");
            }
        }
    }
}

fn collect(value: &Value, seen: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            seen.insert(key.clone());
            collect(value, seen);
        }),
        Value::Array(list) => list.iter().for_each(|value| collect(value, seen)),
        _ => {}
    }
}
