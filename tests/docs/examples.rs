//! Every JSON block of the documents is one of: a file that loads; a file that is refused with the
//! problems shown below it (`json refused`, then `text`); an answer of the router (`json answer`).
//!
//! Never: a block is skipped because nobody said what it is.

use serde_json::Value;

use crate::{load::load, page};

#[test]
fn every_targets_file_in_the_documents_loads() {
    let mut loaded = 0;
    for page in page::all() {
        for block in page.blocks().iter().filter(|block| block.info == "json") {
            let at = format!("{}:{}", page.name(), block.line);
            let value: Value = serde_json::from_str(&block.text).expect(&at);
            assert!(value.get("targets").is_some(), "{at}: mark what is no targets file");
            load(&block.text).unwrap_or_else(|problems| panic!("{at}:\n{problems}"));
            loaded += 1;
        }
    }
    assert!(loaded > 15, "only {loaded} examples were found");
}

#[test]
fn every_refused_file_is_refused_in_the_words_shown() {
    let mut refused = 0;
    for page in page::all() {
        let blocks = page.blocks();
        for (nth, block) in blocks.iter().enumerate() {
            if block.info != "json refused" {
                continue;
            }
            let at = format!("{}:{}", page.name(), block.line);
            let shown = blocks.get(nth + 1).filter(|next| next.info == "text");
            let shown = shown.unwrap_or_else(|| panic!("{at}: no `text` block follows"));
            let problems = load(&block.text).map(|_| ()).expect_err(&at);
            assert_eq!(problems.to_string(), shown.text.trim_end(), "{at}");
            refused += 1;
        }
    }
    assert!(refused > 2, "only {refused} were found");
}

#[test]
fn blocks_say_what_they_are() {
    const KNOWN: [&str; 14] = [
        "json",
        "json refused",
        "json answer",
        "text",
        "sh",
        "rust",
        "toml",
        "yaml",
        "ini",
        "dockerfile",
        "mermaid",
        "nginx",
        "python",
        "js",
    ];
    for page in page::all() {
        for block in page.blocks() {
            assert!(KNOWN.contains(&block.info), "{}:{}: {}", page.name(), block.line, block.info);
            if block.info == "json answer" {
                let at = format!("{}:{}", page.name(), block.line);
                serde_json::from_str::<Value>(&block.text).expect(&at);
            }
        }
    }
}

#[test]
fn the_example_loads_and_names_the_schema_beside_it() {
    let text = std::fs::read_to_string(page::root().join("targets.example.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let schema = value["$schema"].as_str().expect("it names its schema");
    assert!(page::root().join(schema).is_file(), "{schema}");
    let table = load(&text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(table.find("demo").is_some() && table.find("demo-fallback").is_some());
}

#[test]
fn the_schema_in_the_tree_is_the_one_that_is_printed() {
    let written = std::fs::read_to_string(page::root().join("docs/targets.schema.json")).unwrap();
    let printed = serde_json::to_string_pretty(&onwards::config::published()).unwrap();
    assert!(
        written.trim_end() == printed,
        "write it anew: cargo run -- schema > docs/targets.schema.json"
    );
}
