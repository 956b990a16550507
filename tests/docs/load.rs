//! Loading an example as the router would, with every variable set and every file there.
//!
//! Never: an example's own environment is not read.

use std::{io, path::Path};

use onwards::{
    config::{self, Problems, Survey, references::Lookup},
    live::{Meters, Registry},
    table::{self, HashKey, Table},
};

use crate::page::root;

struct Anything;

impl Lookup for Anything {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        Ok(Some(format!("value-of-{name}")))
    }

    fn file(&self, path: &Path) -> io::Result<String> {
        if path.ends_with("vertex.json") {
            return std::fs::read_to_string(root().join("tests/golden/gcp/service_account.json"));
        }
        if path.ends_with("model_prices.json") {
            return Ok(r#"{"gpt-4o": {"input_cost_per_token": 2.5e-06}}"#.to_owned());
        }
        Ok(format!("content-of-{}\n", path.display()))
    }
}

/// What the router makes of a file with this content.
pub(crate) fn load(content: &str) -> Result<Table, Problems> {
    let registry = Registry::new(Meters::new("onwards").unwrap());
    let Survey { loaded, mut problems } =
        config::survey("targets.json", content.to_owned(), &Anything)?;
    match loaded {
        Some(loaded) if problems.is_empty() => {
            table::compile(&loaded, &registry, &HashKey::random(), 0)
        }
        sound => {
            problems.extend(sound.iter().flat_map(|sound| table::problems(sound, &registry)));
            Err(problems.into())
        }
    }
}
