//! What is `pub` is used by the binary, tests, benches or fuzz targets. The compiler refuses what
//! cannot be reached from outside (`unreachable_pub`); this refuses what could be and is not.
//!
//! Types are left out: one that a public signature shows must be public, too.

use std::collections::HashSet;

use crate::{File, files, sources};

const KINDS: [&str; 6] = ["fn ", "async fn ", "const fn ", "const ", "type ", "mod "];
const TYPES: [&str; 3] = ["struct ", "enum ", "trait "];

#[test]
fn pub_item_is_used_outside_of_the_library() {
    let sources = sources();
    let outside: Vec<File> =
        ["tests", "benches", "fuzz/fuzz_targets", "fuzz/src"].into_iter().flat_map(files).collect();
    let root = sources.iter().filter(|file| file.name == "main.rs");
    let used: HashSet<&str> =
        outside.iter().chain(root).flat_map(|file| words(&file.text)).collect();
    let mut seen = 0;
    for file in &sources {
        let code = file.code();
        for name in code.lines().filter_map(|line| public(line.trim())) {
            assert!(used.contains(name), "{}: `{name}` may be pub(crate)", file.name);
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} items were seen");
}

/// The name of the function, constant, alias, module or field that a line makes public.
fn public(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ")?;
    if TYPES.iter().any(|kind| rest.starts_with(kind)) {
        return None;
    }
    let item = KINDS.iter().find_map(|kind| rest.strip_prefix(kind));
    words(item.or_else(|| rest.contains(": ").then_some(rest))?).next()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
