//! What the loader accepts, what it refuses and in which words. It never reads this machine's
//! environment: references are looked up in [`Known`], files only in temporary directories.

use std::io;
use std::path::Path as FilePath;

use super::references::Lookup;
use super::{Loaded, Problems, parse};

mod accepts;
mod refuses;
mod references;
mod report;
mod robust;

/// An environment of its own.
struct Known;

impl Lookup for Known {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        match name {
            "KEY" => Ok(Some("sk-from-env".to_owned())),
            "EMPTY" => Ok(Some(String::new())),
            "STRATEGY" => Ok(Some("sk-not-a-strategy".to_owned())),
            "BROKEN" => Err("its value is not UTF-8".to_owned()),
            _ => Ok(None),
        }
    }

    fn file(&self, path: &FilePath) -> io::Result<String> {
        match path.to_str() {
            Some("conf/secrets/key" | "/run/key") => Ok("sk-from-file\n".to_owned()),
            Some("conf/two-lines") => Ok("one\r\n\n".to_owned()),
            Some("conf/empty") => Ok("\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn read(text: &str) -> Result<Loaded, Problems> {
    parse("conf/targets.json", text.to_owned(), &Known)
}

/// The problems as lines without the file's name.
fn lines(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .to_string()
            .lines()
            .map(|line| line.trim_start_matches("conf/targets.json:").to_owned())
            .collect(),
    }
}

/// A file with one target, whose text is given.
fn target(text: &str) -> String {
    format!(r#"{{"targets":{{"a":{text}}}}}"#)
}

/// A file with one provider that has these further keys.
fn provider(keys: &str) -> String {
    target(&format!(r#"[{{"url":"u",{keys}}}]"#))
}

/// A file with one pool that has these further keys.
fn pool(keys: &str) -> String {
    target(&format!(r#"{{"providers":[],{keys}}}"#))
}
