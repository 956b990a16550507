//! Resolves references in texts: `${env:NAME}` and `${file:PATH}`.
//!
//! A problem names the variable or the file, never the value.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::Path as FilePath;

use serde_json::Value;

use super::file;
use super::json::{Kind, Node};
use super::path::{Trail, shown};
use super::problem::Problem;
use super::source::Source;

mod offline;

pub(crate) use offline::is_stand_in;

/// A source of variables and files.
pub trait Lookup {
    /// The value of an environment variable; `None` when it is not set.
    ///
    /// # Errors
    /// Why a variable that is set cannot be used.
    fn variable(&self, name: &str) -> Result<Option<String>, String>;

    /// The content of a file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn file(&self, path: &FilePath) -> io::Result<String>;

    /// Whether the values are only placeholders.
    fn stands_in(&self) -> bool {
        false
    }
}

/// The environment and the files of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System;

/// An environment without variables and files.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

/// Resolves nothing: every reference becomes a placeholder.
#[derive(Debug, Clone, Copy)]
pub struct Offline;

/// The texts of a file with their references resolved.
pub(super) struct Texts {
    /// Only texts that changed, by their start; `None` if a reference failed.
    changed: HashMap<usize, Option<String>>,
}

impl Texts {
    pub(super) fn resolve(
        source: &Source,
        lookup: &dyn Lookup,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let base = FilePath::new(source.name()).parent().unwrap_or(FilePath::new(""));
        let resolver = Resolver { lookup, base };
        let mut changed = HashMap::new();
        source.visit(&mut |trail, node| {
            let Kind::Text = node.kind else { return };
            let text = source.string(node.span);
            let is_file = trail.is_some_and(Trail::names_file_of_provider);
            if !text.contains("${") && !is_file {
                return;
            }
            let key = trail.and_then(Trail::nearest_key);
            let resolved = resolver.resolve(&text, key);
            let resolved = match resolved {
                Ok(text) if is_file => resolver.of_provider(text),
                resolved => resolved,
            };
            let resolved = resolved.map_err(|(message, hint)| {
                problems.push(source.problem_at(node.span, Trail::path(trail), message, hint));
            });
            changed.insert(node.span.start, resolved.ok());
        });
        Self { changed }
    }

    /// The resolved text of a string; `None` if a reference failed, which was already reported.
    pub(super) fn text<'a>(&'a self, source: &'a Source, node: &Node) -> Option<Cow<'a, str>> {
        match self.changed.get(&node.span.start) {
            Some(changed) => changed.as_deref().map(Cow::Borrowed),
            None => Some(source.string(node.span)),
        }
    }

    /// The value for serde. `5.0` becomes `5`, since JSON does not distinguish them.
    pub(super) fn value(&self, source: &Source, node: &Node) -> Value {
        match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => match number.as_f64() {
                Some(float) if number.is_f64() && is_exact_count(float) =>
                {
                    #[expect(clippy::cast_possible_truncation, reason = "is_exact_count")]
                    #[expect(clippy::cast_sign_loss, reason = "is_exact_count")]
                    Value::from(float as u64)
                }
                _ => Value::Number(number.clone()),
            },
            Kind::Text => {
                Value::String(self.text(source, node).map(Cow::into_owned).unwrap_or_default())
            }
            Kind::List(items) => {
                Value::Array(items.iter().map(|item| self.value(source, item)).collect())
            }
            Kind::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| {
                        let key = source.string(entry.key).into_owned();
                        (key, self.value(source, &entry.value))
                    })
                    .collect(),
            ),
        }
    }
}

struct Resolver<'a> {
    lookup: &'a dyn Lookup,
    base: &'a FilePath,
}

/// The message and the hint for a bad reference.
type Wrong = (String, Option<String>);

impl Resolver<'_> {
    /// The content of the named file, unless the value is the text itself.
    fn of_provider(&self, named: String) -> Result<String, Wrong> {
        if named.contains(PEM) {
            return Ok(named);
        }
        if self.lookup.stands_in() {
            return Ok(offline::stand_in(&named));
        }
        let read = self.lookup.file(&self.base.join(named));
        read.map_err(|error| (format!("this file cannot be read: {error}"), None))
    }

    /// Resolves the references of a text; `key` is the key of the text.
    fn resolve(&self, text: &str, key: Option<&str>) -> Result<String, Wrong> {
        if self.lookup.stands_in()
            && let Some(url) = offline::url(text, key)
        {
            return Ok(url);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if let Some(before) = rest[..at].strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let inner = &rest[at + 2..];
            let end = inner.find('}').ok_or_else(|| {
                ("a reference begins with `${` but has no `}`".to_owned(), literal_hint())
            })?;
            if is_of_the_request(&inner[..end], key) {
                out.push_str(&rest[at..=at + 2 + end]);
            } else {
                out.push_str(&self.look_up(&inner[..end], key)?);
            }
            rest = &inner[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn look_up(&self, reference: &str, key: Option<&str>) -> Result<String, Wrong> {
        match reference.split_once(':') {
            Some(("env" | "file", "")) => {
                Err((format!("`${{{reference}}}` has no name after the colon"), None))
            }
            Some(("env", name)) => self.variable(name),
            Some(("file", path)) => self.file(path),
            None if matches!(reference, "caller" | "model") => {
                let place = if reference == "caller" { "onwards_key" } else { "onwards_model" };
                Err((format!("`${{{reference}}}` is valid only in `{place}`"), literal_hint()))
            }
            None if is_variable(reference) && key.is_some_and(|key| key != "onwards_model") => {
                Err((
                    "a reference is neither `${env:NAME}` nor `${file:PATH}`".to_owned(),
                    Some(format!("did you mean `${{env:{}}}`?", shown(reference))),
                ))
            }
            // The rest may be a secret that contains `${`, so it is not repeated.
            _ => Err((
                "a reference is neither `${env:NAME}` nor `${file:PATH}`".to_owned(),
                literal_hint(),
            )),
        }
    }

    fn variable(&self, name: &str) -> Result<String, Wrong> {
        let name_shown = shown(name);
        match self.lookup.variable(name) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err((format!("the environment variable `{name_shown}` is not set"), None)),
            Err(why) => Err((
                format!("the environment variable `{name_shown}` cannot be used: {why}"),
                None,
            )),
        }
    }

    fn file(&self, path: &str) -> Result<String, Wrong> {
        let mut content = self.lookup.file(&self.base.join(path)).map_err(|error| {
            let path = self.base.join(named(path));
            (format!("the file `{}` cannot be read: {error}", path.display()), None)
        })?;
        if content.ends_with('\n') {
            content.pop();
            if content.ends_with('\r') {
                content.pop();
            }
        }
        Ok(content)
    }
}

impl Lookup for System {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            // The text of this error would repeat the value.
            Err(std::env::VarError::NotUnicode(_)) => Err("its value is not UTF-8".to_owned()),
        }
    }

    fn file(&self, path: &FilePath) -> io::Result<String> {
        let bytes = file::read(path, LARGEST_FILE, "1 MiB")?;
        String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
    }
}

impl Lookup for Offline {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        Ok(Some(offline::stand_in(name)))
    }

    fn file(&self, path: &FilePath) -> io::Result<String> {
        Ok(offline::stand_in(&path.to_string_lossy()))
    }

    fn stands_in(&self) -> bool {
        true
    }
}

impl Lookup for Nothing {
    fn variable(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn file(&self, _: &FilePath) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Whether a reference is resolved for each request, not when the file is loaded.
fn is_of_the_request(reference: &str, key: Option<&str>) -> bool {
    match key {
        Some("onwards_model") => reference == "model" || reference.starts_with("model#"),
        Some("onwards_key") => reference == "caller",
        _ => false,
    }
}

/// Whether the text has the form of a variable's name.
fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        && name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The path of a reference, each part made safe for a message.
fn named(path: &str) -> String {
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

fn literal_hint() -> Option<String> {
    Some("`$${` writes a literal `${`".to_owned())
}

fn is_exact_count(float: f64) -> bool {
    (0.0..=9_007_199_254_740_991.0).contains(&float) && float.fract() == 0.0
}

const LARGEST_FILE: u64 = 1 << 20;

/// The start of a text in PEM form.
pub(super) const PEM: &str = "-----BEGIN ";
