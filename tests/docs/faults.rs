//! `faults.md` against the tests of the tree: each promise has its tests, and each test that is named
//! for a promise stands in its row.
//!
//! Never: a promise is judged here; its tests do that.

use std::collections::BTreeMap;
use std::path::Path;

use crate::page::{Page, quoted, root};

/// How many promises each letter has.
const PROMISES: [(char, usize); 6] =
    [('I', 14), ('A', 20), ('B', 28), ('C', 17), ('D', 14), ('E', 19)];

const UNBUILT: &str = "Not built yet";

#[test]
fn every_promise_has_its_row() {
    let expected = PROMISES
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")));
    let rows: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    assert_eq!(rows, expected.collect::<Vec<_>>());
}

#[test]
fn every_row_names_tests_of_the_tree_or_is_not_built_yet() {
    let tests = tests();
    for Row { id, promise, named } in rows() {
        assert!(!named.is_empty() || promise.contains(UNBUILT), "{id} names no test");
        for test in named {
            let count = tests.get(&test).copied().unwrap_or_default();
            assert_ne!(count, 0, "{id}: there is no test `{test}`");
            assert_eq!(count, 1, "{id}: {count} tests are called `{test}`");
        }
    }
}

#[test]
fn every_test_named_for_a_promise_stands_in_its_row() {
    let rows = rows();
    let mut found = 0;
    for test in tests().keys() {
        for id in ids(test) {
            let row = rows.iter().find(|row| row.id == id);
            let row = row.unwrap_or_else(|| panic!("`{test}`: docs/faults.md has no row {id}"));
            assert!(row.named.contains(test), "add `{test}` to row {id} of docs/faults.md");
            found += 1;
        }
    }
    assert!(found > 100, "only {found} tests are named for a promise");
}

struct Row {
    id: String,
    promise: String,
    named: Vec<String>,
}

fn rows() -> Vec<Row> {
    let page = Page::named("docs/faults.md");
    let tables = page.tables("faults");
    let rows = tables.iter().flat_map(|table| page.table(&format!("faults {table}")));
    let rows = rows.map(|row| Row {
        named: quoted(&row[2]).into_iter().map(str::to_owned).collect(),
        id: row[0].clone(),
        promise: row[1].clone(),
    });
    rows.collect()
}

/// The promises that a test's name begins with: `e5_e7_hop_by_hop…` is of E5 and E7.
fn ids(test: &str) -> Vec<String> {
    let is_id = |word: &&str| {
        let number = word.strip_prefix(['a', 'b', 'c', 'd', 'e', 'i']).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    test.split('_').take_while(is_id).map(str::to_uppercase).collect()
}

/// Every test of the tree by its name, with how many have it.
fn tests() -> BTreeMap<String, usize> {
    let mut tests = BTreeMap::new();
    for folder in ["src", "tests", "heap/src"] {
        each_file(&root().join(folder), &mut |text| {
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                let name = line.trim_start_matches("async ").strip_prefix("fn ");
                match name.and_then(|rest| rest.split('(').next()) {
                    Some(name) if is_test => {
                        *tests.entry(name.to_owned()).or_default() += 1;
                        is_test = false;
                    }
                    Some(_) => is_test = false,
                    None => is_test |= line == "#[test]" || line.starts_with("#[tokio::test"),
                }
            }
        });
    }
    tests
}

fn each_file(folder: &Path, read: &mut impl FnMut(&str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, read);
        } else if path.extension().is_some_and(|end| end == "rs") {
            read(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
