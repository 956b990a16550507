//! `docs/security.md` against the code: each figure is the constant, each test exists.
//!
//! Never: a bound is promised that nothing holds.

use std::path::Path;

use crate::page::{Page, quoted, root};

/// The text of every Rust file below a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let mut text = String::new();
    for folder in ["src", "tests"] {
        sources(&root().join(folder), &mut text);
    }
    let rows = Page::named("docs/security.md").table("security");
    assert!(rows.len() > 30, "{}", rows.len());
    for row in &rows {
        let tests = quoted(&row[4]);
        assert!(!tests.is_empty(), "{row:?} names no test");
        for test in tests {
            assert!(text.contains(&format!("fn {test}(")), "there is no test `{test}`");
        }
    }
}

#[test]
fn every_claim_of_the_threat_model_has_its_tests() {
    let mut text = String::new();
    for folder in ["src", "tests"] {
        sources(&root().join(folder), &mut text);
    }
    let rows = Page::named("docs/security.md").table("threats");
    assert_eq!(rows.len(), 6);
    for row in &rows {
        let tests = quoted(&row[3]);
        assert!(tests.len() > 2, "{row:?}");
        for test in tests {
            assert!(text.contains(&format!("fn {test}(")), "there is no test `{test}`");
        }
    }
}

#[test]
fn every_figure_is_the_constant() {
    let mut figures = 0;
    for row in Page::named("docs/security.md").table("security") {
        let quoted = quoted(&row[3]);
        for pair in quoted.chunks(2) {
            let [file, figure] = pair else { panic!("{row:?}: a file and a figure each") };
            let text = std::fs::read_to_string(root().join("src").join(file)).unwrap();
            let (name, value) = figure.split_once(" = ").unwrap();
            let is_it = |line: &str| {
                line.contains(&format!("const {name}: ")) && line.ends_with(&format!("= {value};"))
            };
            assert!(text.lines().any(is_it), "{file}: {figure}");
            figures += 1;
        }
    }
    assert!(figures > 10, "{figures}");
}
