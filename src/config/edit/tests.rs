//! Edits by example, and against RFC 7396 as it is written: whatever the white space, the result is the patch's
//! and nothing else has moved.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use super::{Change, Document, NoPlace, Path};

fn document(text: &str) -> Document {
    Document::read("targets.json", text.as_bytes()).unwrap()
}

fn changed(text: &str, path: &[&str], change: Change<'_>) -> String {
    let path = path.iter().fold(Path::root(), |path, key| match key.parse::<usize>() {
        Ok(at) => path.index(at),
        Err(_) => path.key(*key),
    });
    document(text).changed(&path, change).unwrap()
}

const PRETTY: &str = r#"{
    "targets": {
        "one":   { "url": "https://one.example",  "weight" : 5.0 },
        "two": [
            {"url": "https://a.example"},
            {"url": "https://b.example", "weight": 2}
        ]
    },

    "strict_mode": false
}
"#;

#[test]
fn what_is_not_touched_keeps_its_bytes() {
    let expected = PRETTY.replace("5.0", "7");
    assert_eq!(changed(PRETTY, &["targets", "one", "weight"], Change::Set(&json!(7))), expected);
    let expected = PRETTY.replace(", \"weight\": 2", ", \"weight\": 3");
    let list = json!([{"url": "https://a.example"}, {"url": "https://b.example", "weight": 3}]);
    assert_eq!(changed(PRETTY, &["targets", "two"], Change::Set(&list)), expected);
    assert_eq!(
        changed(PRETTY, &["targets", "two", "1", "weight"], Change::Set(&json!(3))),
        expected
    );
    let same = json!({"one": {"weight": 5.0}});
    assert_eq!(changed(PRETTY, &["targets"], Change::Merge(&same)), PRETTY);
}

#[test]
fn a_new_member_stands_as_its_neighbours_do() {
    let expected = PRETTY.replace(
        "\n        ]\n    },",
        "\n        ],\n        \"three\": {\"url\": \"mock:\"}\n    },",
    );
    let new = json!({"url": "mock:"});
    assert_eq!(changed(PRETTY, &["targets", "three"], Change::Set(&new)), expected);
    let expected = PRETTY.replace(": 5.0", ": 5.0,  \"name\" : \"x\"");
    let patch = json!({"name": "x"});
    assert_eq!(changed(PRETTY, &["targets", "one"], Change::Merge(&patch)), expected);
    let expected = PRETTY.replace(
        "false\n",
        "false,\n    \"auth\": {\n        \"key_definitions\": {\n            \"a\": {\"hash\": \"h\"}\n        }\n    }\n",
    );
    let patch = json!({"hash": "h"});
    assert_eq!(changed(PRETTY, &["auth", "key_definitions", "a"], Change::Merge(&patch)), expected);
}

#[test]
fn what_is_removed_goes_with_its_comma() {
    for (path, gone) in [
        (&["targets", "one", "weight"][..], ",  \"weight\" : 5.0"),
        (&["targets", "one", "url"], "\"url\": \"https://one.example\",  "),
        (
            &["targets", "two", "1"],
            ",\n            {\"url\": \"https://b.example\", \"weight\": 2}",
        ),
        (&["strict_mode"], ",\n\n    \"strict_mode\": false"),
    ] {
        assert_eq!(changed(PRETTY, path, Change::Remove), PRETTY.replace(gone, ""), "{path:?}");
    }
    assert_eq!(changed(PRETTY, &["no", "such"], Change::Remove), PRETTY);
    assert_eq!(changed(r#"{"a": {"b": 1}}"#, &["a", "b"], Change::Remove), r#"{"a": {}}"#);
}

#[test]
fn other_manners_of_writing_are_kept() {
    let add = |text: &str| changed(text, &["targets", "b"], Change::Set(&json!({"url": "mock:"})));
    assert_eq!(add(r#"{"targets":{"a":1}}"#), r#"{"targets":{"a":1,"b":{"url":"mock:"}}}"#);
    assert_eq!(add(r#"{"targets": {}}"#), r#"{"targets": {"b": {"url": "mock:"}}}"#);
    assert_eq!(
        add("{\r\n\t\"targets\": {\r\n\t\t\"a\": 1\r\n\t}\r\n}"),
        "{\r\n\t\"targets\": {\r\n\t\t\"a\": 1,\r\n\t\t\"b\": {\"url\": \"mock:\"}\r\n\t}\r\n}"
    );
    assert_eq!(
        add("{\n  \"targets\": {}\n}"),
        "{\n  \"targets\": {\n    \"b\": {\"url\": \"mock:\"}\n  }\n}"
    );
    assert_eq!(add("\u{feff}{\"targets\": {}}").chars().next(), Some('\u{feff}'));
    assert_eq!(add("{}"), "{\n  \"targets\": {\n    \"b\": {\"url\": \"mock:\"}\n  }\n}");
}

#[test]
fn a_way_that_does_not_exist_is_no_place() {
    let document = document(PRETTY);
    let at = Path::root().key("strict_mode").key("x");
    assert_eq!(document.changed(&at, Change::Set(&json!(1))), Err(NoPlace));
    let at = Path::root().key("targets").key("two").index(2);
    assert_eq!(document.changed(&at, Change::Set(&json!(1))), Err(NoPlace));
    assert!(Document::read("x", br#"{"a": 1, "a": 2}"#).is_err());
    assert!(Document::read("x", b"{\"a\": \"\xff\"}").is_err());
}

/// RFC 7396, as it is written there.
fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge_patch(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_i32..5).prop_map(Value::from),
        "[a-c\"\\\\ä\n]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-d]", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The same value with white space as a person may leave it.
fn loosely(value: &Value, spaces: &[u8], out: &mut String) {
    let gap = |out: &mut String| {
        let at = out.len() % spaces.len();
        out.push_str(["", " ", "\n  ", "\n", "\t"][usize::from(spaces[at]) % 5]);
    };
    let begin = |at: usize, out: &mut String| {
        out.push_str(if at > 0 { "," } else { "" });
        gap(out);
    };
    match value {
        Value::Object(members) => {
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                begin(at, out);
                out.push_str(&format!("{}:", Value::from(key.as_str())));
                loosely(value, spaces, out);
                gap(out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                begin(at, out);
                loosely(item, spaces, out);
            }
            gap(out);
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

proptest! {
    #[test]
    fn a_merge_is_that_of_the_parsed_document(
        old in any_value(), patch in any_value(), spaces in vec(any::<u8>(), 1..20),
    ) {
        let mut text = String::new();
        loosely(&old, &spaces, &mut text);
        let mut expected = old;
        merge_patch(&mut expected, &patch);
        let merged = document(&text).changed(&Path::root(), Change::Merge(&patch)).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&merged).unwrap(), expected, "{}", merged);
    }

    #[test]
    fn what_is_set_stands_there_and_all_else_keeps_its_bytes(
        old in any_value(), new in any_value(), spaces in vec(any::<u8>(), 1..20),
    ) {
        let mut inner = String::new();
        loosely(&old, &spaces, &mut inner);
        let text = format!("{{\"before\":[1 , 2],\n \"it\": {inner} ,\"after\" :{{ }} }}");
        let path = Path::root().key("it");
        let set = document(&text).changed(&path, Change::Set(&new)).unwrap();
        prop_assert!(set.starts_with("{\"before\":[1 , 2],\n \"it\": "), "{}", set);
        prop_assert!(set.ends_with(" ,\"after\" :{ } }"), "{}", set);
        let read = serde_json::from_str::<Value>(&set).unwrap();
        prop_assert_eq!(&read["it"], &new, "{}", set);
        let same = document(&text).changed(&path, Change::Set(&old)).unwrap();
        prop_assert_eq!(same, text);
    }
}
