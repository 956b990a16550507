//! Loading an example as the router would, with every variable set and every file there.
//!
//! Never: an example's own environment is not read.

use std::{io, path::Path, sync::LazyLock};

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
        if let Some(text) = certificate(path) {
            return Ok(text);
        }
        Ok(format!("content-of-{}\n", path.display()))
    }
}

/// One certificate, which is its own authority, and its key.
fn certificate(path: &Path) -> Option<String> {
    static PAIR: LazyLock<[String; 2]> = LazyLock::new(|| {
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        [pair.cert.pem(), pair.signing_key.serialize_pem()]
    });
    match path.extension()?.to_str()? {
        "crt" => Some(PAIR[0].clone()),
        "key" => Some(PAIR[1].clone()),
        _ => None,
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
