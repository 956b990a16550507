//! The reviewed snapshots: one file for each protocol and for each thing that it reads or writes,
//! with a section for each case.
//!
//! Never: a file that no test compares with, and no file for a pair of protocols.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use onwards::protocol::Protocol;

use super::embeddings::{PROVIDERS, speakers};

/// What every protocol reads and writes.
const KINDS: [&str; 9] = [
    "read_error",
    "read_request",
    "read_response",
    "read_stream",
    "write_error",
    "write_models",
    "write_request",
    "write_response",
    "write_stream",
];
/// What protocols with embeddings read and write; requests are written for each of their providers.
const EMBEDDING_KINDS: [&str; 3] =
    ["read_embed_request", "read_embed_response", "write_embed_response"];

#[test]
fn snapshot_files_are_those_that_tests_compare_with() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols/snapshots");
    let files = std::fs::read_dir(folder).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let names: BTreeSet<String> = names().iter().map(|name| format!("{name}.snap")).collect();
    let unused: Vec<_> = files.difference(&names).collect();
    let missing: Vec<_> = names.difference(&files).collect();
    assert!(unused.is_empty(), "no test compares with these: {unused:?}");
    assert!(missing.is_empty(), "these are not there: {missing:?}");
}

/// Compares the sections with the reviewed file.
pub(crate) fn compare(kind: &str, whose: impl std::fmt::Display, sections: &Sections) {
    let name = format!("{kind}_{whose}");
    assert!(names().contains(&name), "{name} has no place in the list of snapshots");
    assert!(!sections.0.is_empty(), "{name} holds no case");
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, &sections.0);
    });
}

/// The cases of one file.
#[derive(Default)]
pub(crate) struct Sections(String);

impl Sections {
    pub(crate) fn add(&mut self, case: &str, shown: &str) {
        writeln!(self.0, "===== {case}\n{}", shown.trim_end()).unwrap();
    }
}

fn names() -> BTreeSet<String> {
    let name = |kind: &str, whose: &str| format!("{kind}_{whose}");
    let all = Protocol::ALL.iter().flat_map(|whose| KINDS.map(|kind| name(kind, whose.name())));
    let embed = speakers().into_iter();
    let embed = embed.flat_map(|whose| EMBEDDING_KINDS.map(|kind| name(kind, whose.name())));
    let written = PROVIDERS.map(|(whose, _, _)| name("write_embed_request", whose));
    all.chain(embed).chain(written).collect()
}

/// Indents JSON without a tree, so that the order of keys is seen as it is written. What fits a
/// line stays on it.
pub(crate) fn pretty(body: &[u8]) -> String {
    let value: Box<serde_json::value::RawValue> = serde_json::from_slice(body).unwrap();
    indent(value.get(), 0)
}

fn indent(json: &str, depth: usize) -> String {
    const LINE: usize = 160;
    let json = json.trim();
    let inner = match json.as_bytes() {
        [b'{', .., b'}'] | [b'[', .., b']'] if json.len() + 2 * depth > LINE => {
            &json[1..json.len() - 1]
        }
        _ => return json.to_owned(),
    };
    let inside = "  ".repeat(depth + 1);
    let members = members(inner).into_iter().map(|member| {
        let (key, value) = key_of(member);
        format!("{inside}{key}{}", indent(value, depth + 1))
    });
    let members = members.collect::<Vec<_>>().join(",\n");
    format!("{}\n{members}\n{}{}", &json[..1], "  ".repeat(depth), &json[json.len() - 1..])
}

/// The members between two brackets.
fn members(inner: &str) -> Vec<&str> {
    let (mut depth, mut from, mut members) = (0, 0, Vec::new());
    for (at, c) in outside_of_texts(inner) {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                members.push(inner[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    members.push(inner[from..].trim());
    members
}

/// A member's key with its colon, empty in a list, and its value.
fn key_of(member: &str) -> (&str, &str) {
    let colon = outside_of_texts(member).find(|(_, c)| matches!(c, ':' | '{' | '['));
    match colon {
        Some((at, ':')) => member.split_at(at + 1),
        _ => ("", member),
    }
}

fn outside_of_texts(json: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut in_text, mut escaped) = (false, false);
    json.char_indices().filter(move |(_, c)| {
        let was_text = in_text;
        if *c == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = was_text && *c == '\\' && !escaped;
        !was_text && *c != '"'
    })
}
