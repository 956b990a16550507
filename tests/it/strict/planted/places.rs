//! The places of a JSON text where a marker can stand.
//!
//! Never: a place is not passed over because no provider would use it.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Value, json};

/// Fields whose text is the model's, an id, or what the client has sent: it is meant to reach a client.
const FREE: &[&str] = &[
    // What the model says, and what it says it with.
    "text",
    "content",
    "thinking",
    "reasoning",
    "reasoning_content",
    "refusal",
    "token",
    "tokens",
    "signature",
    "thoughtSignature",
    "data",
    "encrypted_content",
    "redactedContent",
    "bytes",
    "transcript",
    "delta",
    "code",
    "output",
    "tool_plan",
    "partial_json",
    "partial_image_b64",
    "result",
    "output_text",
    "summary",
    "finishMessage",
    "obfuscation",
    // Calls.
    "id",
    "name",
    "arguments",
    "call_id",
    "toolUseId",
    "tool_use_id",
    "item_id",
    "input",
    "server_name",
    "responseId",
    "namespace",
    "query",
    "queries",
    // Where it has it from.
    "title",
    "url",
    "uri",
    "cited_text",
    "document_title",
    "source",
    "file_id",
    "filename",
    "domain",
    "page_age",
    "encrypted_index",
    "citations",
    // What the client has sent, and what is kept of the provider's bookkeeping.
    "stop_sequence",
    "system_fingerprint",
    "instructions",
    "previous_response_id",
    "user",
    "prompt_cache_key",
    "safety_identifier",
    "description",
    "metadata",
];
/// Below these any JSON is content.
const CONTENT: &[&str] = &[
    "args",
    "input",
    "arguments",
    "parameters",
    "schema",
    "tool_output",
    "document",
    "metadata",
    "additionalModelResponseFields",
    "instructions",
    "tools",
    "output",
];

/// The files of a vendor's corpus.
pub(super) fn goldens(provider: &str, file: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(provider);
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    cases.sort_by_key(std::fs::DirEntry::file_name);
    let read = |case: &std::fs::DirEntry| std::fs::read(case.path().join(file)).ok();
    let named = cases
        .iter()
        .filter_map(|case| Some((case.file_name().to_string_lossy().into_owned(), read(case)?)));
    named.collect()
}

/// The text with a marker in one place after the other, but for places like those that are known; and
/// whether it is an unknown field.
pub(super) fn planted(
    value: &Value,
    marker: &str,
    known: &mut HashSet<String>,
) -> Vec<(String, Value, bool)> {
    let mut found = Vec::new();
    walk(value, &mut Vec::new(), &mut found);
    let mut all = Vec::new();
    for path in found {
        let at = pointer(&path);
        if !known.insert(kind(value, &path)) {
            continue;
        }
        let mut plant = |how: &str, with: Value| {
            let mut planted = value.clone();
            *planted.pointer_mut(&at).unwrap() = with;
            all.push((format!("{at} {how}"), planted, how == "unknown"));
        };
        let free = path.iter().rev().find(|step| !is_index(step));
        let is_free = free.is_some_and(|name| FREE.contains(&name.as_str()));
        if !is_free {
            plant("as text", json!(marker));
        }
        plant("as an object", json!({marker: marker}));
        let there = value.pointer(&at).unwrap();
        // Of an object that is told as a list, a translation may read the content in its place.
        if !there.is_object() {
            plant("as a list", json!([marker]));
        }
        if there.is_object() {
            let mut with = there.clone();
            with[marker] = json!({marker: [marker]});
            plant("unknown", with);
        }
        if let Some(items) = there.as_array() {
            let with = |item: Value| items.iter().cloned().chain([item]).collect::<Value>();
            plant("as a further item", with(json!({"type": marker, marker: marker})));
        }
    }
    all
}

fn walk(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if path.iter().any(|step| CONTENT.contains(&step.as_str())) && !is_answer_part(path) {
        return;
    }
    if !path.is_empty() {
        found.push(path.clone());
    }
    let mut inner = |step: String, value: &Value| {
        path.push(step);
        walk(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| inner(key.clone(), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| inner(at.to_string(), value));
        }
        _ => {}
    }
}

/// `output` is where two protocols have their answers, and nothing else of theirs is named so.
fn is_answer_part(path: &[String]) -> bool {
    let named = path.iter().filter(|step| CONTENT.contains(&step.as_str()));
    let first = path.first().map(String::as_str);
    let second = path.get(1).map(String::as_str);
    (first == Some("output") || first == Some("response") && second == Some("output"))
        && named.count() == 1
}

fn is_index(step: &str) -> bool {
    step.bytes().all(|byte| byte.is_ascii_digit())
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Places of the same kind: the same path in objects of the same types.
fn kind(value: &Value, path: &[String]) -> String {
    // A response is the same in each event that holds it.
    let is_shared = path.first().is_some_and(|step| step == "response") && path.len() > 1;
    let own = value["type"].as_str().filter(|_| !is_shared);
    let mut kind = own.unwrap_or_default().to_owned();
    for (at, step) in path.iter().enumerate() {
        let step = if is_index(step) { "*" } else { step };
        kind.push('/');
        kind.push_str(step);
        let there = value.pointer(&pointer(&path[..=at])).unwrap();
        if let (true, Some(name)) = (at + 1 < path.len(), there["type"].as_str()) {
            kind.push_str(&format!("({name})"));
        }
    }
    kind
}
