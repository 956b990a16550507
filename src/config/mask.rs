//! Shows a document with `***` in place of every secret; `restore` puts the secrets back.
//!
//! A reference (`${env:NAME}`) is not a secret and is shown.

mod restore;

use std::collections::HashSet;

use serde_json::Value;

use super::{
    edit::{
        Document,
        members::{Splice, applied},
    },
    json::{Kind, Node, Span},
    path::{Path, Segment},
    shape::{self, Shape},
};
use crate::secret::names::{is_credential, label, may_be_credential};

impl Document {
    /// The whole document, masked.
    pub(crate) fn masked(&self) -> String {
        applied(self.source.text(), self.masks(None))
    }

    /// The whole document, masked; secrets that `before` did not have at their places are marked as
    /// new.
    pub(crate) fn masked_after(&self, before: &Self) -> String {
        applied(self.source.text(), self.masks(Some(before)))
    }

    /// The masked value at a path.
    pub(crate) fn masked_value(&self, path: &Path) -> Option<Value> {
        let Span { start, end } = self.node(path)?.span;
        let within = |splice: &Splice| start <= splice.start && splice.end <= end;
        let splices = self.masks(None).into_iter().filter(within);
        let moved = splices.map(|Splice { start: from, end: to, text }| Splice {
            start: from - start,
            end: to - start,
            text,
        });
        serde_json::from_str(&applied(&self.source.text()[start..end], moved.collect())).ok()
    }

    fn masks(&self, before: Option<&Self>) -> Vec<Splice> {
        let definitions = Path::root().key("auth").key("key_definitions");
        let names =
            self.keys(&definitions).into_iter().filter(|name| !is_credential(name)).collect();
        let mut walk = Walk { document: self, before, names, splices: Vec::new() };
        walk.node(self.source.root(), &[shape::root()], &Path::root());
        walk.splices
    }
}

/// Finds secrets.
struct Walk<'a> {
    document: &'a Document,
    before: Option<&'a Document>,
    /// The names of key definitions. They stand in lists of keys but are not secrets.
    names: HashSet<String>,
    splices: Vec<Splice>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, shapes: &[&Shape], at: &Path) {
        let source = &self.document.source;
        let shapes: Vec<&Shape> = shapes.iter().flat_map(|shape| shape.alternatives()).collect();
        match &node.kind {
            Kind::Text => {
                let text = source.string(node.span);
                let is_name = || lists_keys(at) && self.names.contains(&*text);
                if is_secret(&text, &shapes, at) && !is_name() {
                    let is_new = self.before.is_some_and(|before| {
                        before.value(at).as_ref().and_then(Value::as_str) != Some(&*text)
                    });
                    let shown = if is_new { NEW_MASK } else { MASK };
                    self.put(node.span, shown);
                }
            }
            Kind::List(items) => {
                let inner: Vec<&Shape> = shapes
                    .iter()
                    .filter_map(|shape| match shape {
                        Shape::List { item, .. } => Some(&**item),
                        _ => None,
                    })
                    .collect();
                for (index, item) in items.iter().enumerate() {
                    self.node(item, &inner, &at.index(index));
                }
            }
            Kind::Object(entries) => {
                for entry in entries {
                    let key = source.string(entry.key);
                    if is_credential(&key) {
                        self.put(entry.key, &label(&key));
                    }
                    let inner: Vec<&Shape> = shapes
                        .iter()
                        .filter_map(|shape| match shape {
                            Shape::Map(inner) => Some(&**inner),
                            Shape::Object(object) => match object.properties.get(&*key) {
                                Some(shape) => Some(&**shape),
                                None => object.others.as_deref(),
                            },
                            _ => None,
                        })
                        .collect();
                    self.node(&entry.value, &inner, &at.key(&*key));
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, span: Span, text: &str) {
        let text = Value::from(text).to_string();
        self.splices.push(Splice { start: span.start, end: span.end, text });
    }
}

/// Whether the path is in a list of keys, where the name of a definition may stand for its key.
fn lists_keys(at: &Path) -> bool {
    let mut steps = at.segments().iter().rev();
    matches!(steps.next(), Some(Segment::Index(_)))
        && matches!(steps.next(), Some(Segment::Key(key)) if key == "keys" || key == "global_keys")
}

/// Whether the text at this path must be masked.
fn is_secret(text: &str, shapes: &[&Shape], at: &Path) -> bool {
    let rest = without_references(text);
    if rest.trim().is_empty() || rest.trim().eq_ignore_ascii_case("bearer") {
        return false;
    }
    let is_marked = shapes.iter().any(|shape| matches!(shape, Shape::Text { secret: true, .. }));
    let mut keys = at.segments().iter().rev().filter_map(|step| match step {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    let (key, parent) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
    let is_header = matches!(parent, "request_headers" | "headers");
    let query = text.split_once('?').map_or("", |(_, query)| query);
    is_marked
        || key == "hash"
        || is_header && (tells_secret(key) || may_be_credential(text))
        || is_credential(text)
        || may_be_credential(query)
        || query
            .split('&')
            .any(|pair| pair.split_once('=').is_some_and(|(name, _)| tells_secret(name)))
}

/// Whether the name of a header or parameter indicates a credential.
fn tells_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    let words = [
        "auth",
        "key",
        "token",
        "secret",
        "cookie",
        "pass",
        "pwd",
        "cred",
        "session",
        "jwt",
        "signature",
    ];
    words.iter().any(|it| header.contains(it))
        || header.split(['-', '_']).any(|word| matches!(word, "sig" | "pin" | "sid"))
}

/// The text without its references.
fn without_references(text: &str) -> String {
    let (mut rest, mut left) = (text, String::new());
    while let Some((before, after)) = rest.split_once("${") {
        left.push_str(before);
        match after.split_once('}') {
            Some((_, after)) if !before.ends_with('$') => rest = after,
            _ => {
                left.push_str(after);
                return left;
            }
        }
    }
    left + rest
}

/// Replaces a secret.
pub(crate) const MASK: &str = "***";
/// Replaces a secret that was not there before.
const NEW_MASK: &str = "*** (new)";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const FILE: &str = r#"{
  "targets": {
    "a": {"providers": [
      {"url": "https://one.example/v1", "onwards_key": "first-secret", "weight": 1},
      {"url": "https://two.example/v1?key=0f9a8b7c6d5e4f3a2b1c", "onwards_key": ["x1-secret", "${env:TWO}"],
       "request_headers": {"x-api-key": "third", "x-team": "blue", "authorization": "Bearer ${env:T}"}}
    ]},
    "sk-live-51H8x0aQ": {"url": "https://u:p@three.example", "keys": ["literal-token"]}
  },
  "auth": {"global_keys": ["g"], "key_definitions": {"n": {"key": "k"}, "h": {"hash": "sha256:00"}}},
  "alerts": [{"url": "https://hooks.example/T0/B0/x", "headers": {"x": "y"}}]
}"#;

    fn document(text: &str) -> Document {
        Document::read("f", text.as_bytes()).unwrap()
    }

    #[test]
    fn no_secret_of_any_place_is_shown_and_all_else_is() {
        let shown = document(FILE).masked();
        for secret in [
            "first-secret",
            "0f9a8b",
            "x1-secret",
            "third",
            "sk-live",
            "u:p",
            "literal-token",
            "\"g\"",
            "\"k\"",
            "sha256:00",
            "hooks.example",
            "\"y\"",
        ] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        for kept in ["https://one.example/v1", "${env:TWO}", "Bearer ${env:T}", "blue", "masked-"] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        let at = Path::root().key("targets").key("a").key("providers").index(0);
        let expected = json!({"url": "https://one.example/v1", "onwards_key": "***", "weight": 1});
        assert_eq!(document(FILE).masked_value(&at), Some(expected));
        let other = FILE.replace("first-secret", "another-secret");
        let shown = document(&other).masked_after(&document(FILE));
        assert_eq!(shown.matches("*** (new)").count(), 1, "{shown}");
    }

    #[test]
    fn names_of_definitions_are_shown_where_they_stand_for_keys() {
        let text = r#"{"auth": {"key_definitions": {"ann": {"key": "ann"}, "sk-live-51H8x0aQ": {"key": "k"}},
            "global_keys": ["ann", "bob"]}, "defaults": {"keys": ["ann"]},
            "targets": {"m": {"url": "mock:", "keys": ["ann", "carl", "sk-live-51H8x0aQ"]}}}"#;
        let shown: Value = serde_json::from_str(&document(text).masked()).unwrap();
        assert_eq!(shown["targets"]["m"]["keys"], json!(["ann", "***", "***"]));
        assert_eq!(shown["auth"]["global_keys"], json!(["ann", "***"]));
        assert_eq!(shown["defaults"]["keys"], json!(["ann"]));
        assert_eq!(shown["auth"]["key_definitions"]["ann"]["key"], "***");
    }

    #[test]
    fn a_mask_stands_for_the_secret_of_the_same_url_alone() {
        let at = Path::root().key("targets").key("a");
        let document = document(FILE);
        let unmasked = |mut value: Value| document.unmask(&at, &mut value).map(|()| value);
        let provider = |url: &str| json!({"providers": [{"url": url, "onwards_key": "***"}]});
        let found = unmasked(provider("https://one.example/v1")).unwrap();
        assert_eq!(found["providers"][0]["onwards_key"], "first-secret");
        assert!(unmasked(provider("https://evil.example")).is_err());
        assert!(unmasked(json!({"providers": [{"onwards_key": "***"}]})).is_err());
        assert!(unmasked(json!({"keys": ["***"]})).is_err());
    }

    #[test]
    fn a_mask_stands_for_the_secret_of_the_same_name_whatever_the_order() {
        let text = r#"{"targets": {"two": {"providers": [
            {"name": "a", "url": "https://one.example", "onwards_key": "first-secret"},
            {"name": "b", "url": "https://one.example", "onwards_key": "other-secret"}]},
            "same": {"providers": [
            {"url": "https://one.example", "onwards_key": "first-secret"},
            {"url": "https://one.example", "onwards_key": "other-secret", "weight": 2}]}}}"#;
        let document = document(text);
        let unmasked = |alias: &str, providers: Value| {
            let mut value = json!({ "providers": providers });
            let at = Path::root().key("targets").key(alias);
            document.unmask(&at, &mut value).map(|()| value["providers"].clone())
        };
        let named = |name: &str, key: &str| json!({"name": name, "url": "https://one.example", "onwards_key": key});
        let swapped = unmasked("two", json!([named("b", "***"), named("a", "***")]));
        let expected = json!([named("b", "other-secret"), named("a", "first-secret")]);
        assert_eq!(swapped.unwrap(), expected);
        let alone = unmasked("two", json!([named("b", "***")]));
        assert_eq!(alone.unwrap(), json!([named("b", "other-secret")]));
        assert!(unmasked("two", json!([named("c", "***")])).is_err());

        // Without names only what stands there unchanged is known.
        let first = json!({"url": "https://one.example", "onwards_key": "***"});
        let second = json!({"url": "https://one.example", "onwards_key": "***", "weight": 2});
        let same = unmasked("same", json!([first, second])).unwrap();
        assert_eq!(same[1]["onwards_key"], "other-secret");
        assert!(unmasked("same", json!([second, first])).is_err());
    }

    #[test]
    fn names_of_headers_and_parameters_tell_secrets() {
        for name in ["x-pass", "X-Pwd", "x-credential", "x-session-id", "x-jwt", "x-sig", "x-pin"] {
            assert!(tells_secret(name), "{name}");
        }
        for name in ["x-team", "accept", "version", "api-version", "alt", "x-design"] {
            assert!(!tells_secret(name), "{name}");
        }
        let text = r#"{"targets": {"a": {"url": "https://one.example/v1?token=correct-horse"}}}"#;
        assert!(!document(text).masked().contains("horse"));
    }
}
