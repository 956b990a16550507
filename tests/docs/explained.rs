//! What `failover.md` says of who would be asked, held to what `explain` says of the example above
//! it; and the credentials' table of `protocols.md` to what the examples are compiled to.
//!
//! Never: a provider is asked.

use onwards::admin::explain::{Asker, Question, explain};
use serde_json::{Value, json};

use crate::{
    load::load,
    page::{Page, quoted},
};

#[test]
fn the_examples_are_explained_in_the_words_shown() {
    let page = Page::named("docs/failover.md");
    let blocks = page.blocks();
    let pairs = blocks.windows(2).filter(|pair| pair[0].info == "json" && pair[1].info == "text");
    let mut explained = 0;
    for pair in pairs {
        let file: Value = serde_json::from_str(&pair[0].text).unwrap();
        let alias = file["targets"].as_object().unwrap().keys().next().unwrap();
        let table = load(&pair[0].text).unwrap_or_else(|problems| panic!("{problems}"));
        let told = explain(
            &table,
            Question { alias, asker: Asker::Any, path: None, tokens: 0, needs: None },
        )
        .unwrap();
        assert_eq!(told.to_string(), pair[1].text, "{}:{}", page.name(), pair[0].line);
        explained += 1;
    }
    assert!(explained > 2, "only {explained} were found");
}

#[test]
fn every_protocol_has_the_credential_told() {
    let rows = Page::named("docs/protocols.md").table("credentials");
    assert_eq!(rows.len(), onwards::protocol::Protocol::ALL.len());
    for row in rows {
        let protocol = quoted(&row[0])[0];
        let file = json!({"targets": {"a": {
            "url": "https://one.example.com", "protocol": protocol, "onwards_key": "KEY",
        }}});
        let table = load(&file.to_string()).unwrap_or_else(|problems| panic!("{problems}"));
        let provider = &table.pool(table.find("a").unwrap()).providers[0];
        let (name, value) = provider.credential.as_ref().unwrap();
        assert_eq!(name.as_str(), quoted(&row[1])[0], "{protocol}");
        assert_eq!(value.to_str().unwrap(), quoted(&row[2])[0], "{protocol}");
    }
}
