//! Edits a JSON document in place: bytes that a change does not touch stay the same, white space
//! and order included.
//!
//! It knows nothing of the meaning of the document; the result is checked like any other file.

pub(super) mod members;
mod style;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::{
    members::{Members, Splice},
    style::Style,
};
use super::{
    json::{Entry, Kind, Node, Span},
    path::{Path, Segment},
    problem::Problems,
    source::Source,
};

/// A document that can be edited.
#[derive(Debug)]
pub(crate) struct Document {
    pub(super) source: Source,
    /// Whether it starts with a byte order mark.
    is_marked: bool,
}

/// A change at one place of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// Replaces the value.
    Set(&'a Value),
    /// Applies a JSON Merge Patch (RFC 7396).
    Merge(&'a Value),
    /// Removes the value.
    Remove,
}

/// A list or a text stands where an object is needed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoPlace;

impl Document {
    /// Parses the document; `name` is its name in problems.
    ///
    /// # Errors
    /// It is not JSON, or has a duplicate key.
    pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Self, Problems> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if text.len() != bytes.len() || text.as_bytes() != bytes {
            let source = Source::without_tree(name, String::new());
            return Err(source.flaw_at_end("this is not UTF-8 text").into());
        }
        let is_marked = text.starts_with(MARK);
        let source = Source::read(name, text)?;
        match source.duplicates() {
            twice if twice.is_empty() => Ok(Self { source, is_marked }),
            twice => Err(twice.into()),
        }
    }

    /// The value at a path, with references unresolved.
    pub(crate) fn value(&self, path: &Path) -> Option<Value> {
        self.node(path).map(|node| value(&self.source, node))
    }

    /// The keys of the object at a path, in order.
    pub(crate) fn keys(&self, path: &Path) -> Vec<String> {
        match self.node(path).map(|node| &node.kind) {
            Some(Kind::Object(entries)) => {
                entries.iter().map(|entry| self.source.string(entry.key).into_owned()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The document after a change. Missing objects on the path are created.
    ///
    /// # Errors
    /// The path cannot be created.
    pub(crate) fn changed(&self, path: &Path, change: Change<'_>) -> Result<String, NoPlace> {
        let text = self.source.text();
        let style = Style::of(text, self.source.root());
        let mut editor = Editor { source: &self.source, style, splices: Vec::new() };
        editor.at(self.source.root(), path.segments(), change)?;
        let mark = if self.is_marked { MARK } else { "" };
        Ok(mark.to_owned() + &members::applied(text, editor.splices))
    }

    pub(super) fn node(&self, path: &Path) -> Option<&Node> {
        path.segments().iter().try_fold(self.source.root(), |node, step| match (step, &node.kind) {
            (Segment::Key(key), Kind::Object(entries)) => {
                entry(&self.source, entries, key).map(|at| &entries[at].value)
            }
            (Segment::Index(at), Kind::List(items)) => items.get(*at),
            _ => None,
        })
    }
}

/// Collects the splices of one change.
struct Editor<'a> {
    source: &'a Source,
    style: Style,
    splices: Vec<Splice>,
}

impl Editor<'_> {
    fn at(&mut self, node: &Node, way: &[Segment], change: Change<'_>) -> Result<(), NoPlace> {
        let Some((step, rest)) = way.split_first() else {
            match change {
                Change::Set(value) => self.set(node, value),
                Change::Merge(patch) => self.merge(node, patch),
                Change::Remove => return Err(NoPlace),
            }
            return Ok(());
        };
        match (step, &node.kind) {
            (Segment::Key(key), Kind::Object(entries)) => {
                match (entry(self.source, entries, key), change) {
                    (Some(at), Change::Remove) if rest.is_empty() => {
                        self.members(node, entries, &[at], Vec::new());
                        Ok(())
                    }
                    (Some(at), change) => self.at(&entries[at].value, rest, change),
                    (None, Change::Remove) => Ok(()),
                    (None, change) => {
                        let (added, empty) = (fresh(rest, change)?, Vec::new());
                        self.members(node, entries, &empty, vec![(key, added)]);
                        Ok(())
                    }
                }
            }
            (Segment::Index(at), Kind::List(items)) => match (items.get(*at), change) {
                (None, _) => Err(NoPlace),
                (Some(_), Change::Remove) if rest.is_empty() => {
                    self.items(node, items, *at..*at + 1, &[]);
                    Ok(())
                }
                (Some(item), change) => self.at(item, rest, change),
            },
            _ => Err(NoPlace),
        }
    }

    fn merge(&mut self, node: &Node, patch: &Value) {
        let Value::Object(patch) = patch else { return self.set(node, patch) };
        let Kind::Object(entries) = &node.kind else {
            return self.replace(node, &merged(patch));
        };
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for (key, value) in patch {
            match (entry(self.source, entries, key), value) {
                (Some(at), Value::Null) => removed.push(at),
                (Some(at), value) => self.merge(&entries[at].value, value),
                (None, Value::Null) => {}
                (None, Value::Object(inner)) => added.push((key.as_str(), merged(inner))),
                (None, value) => added.push((key.as_str(), value.clone())),
            }
        }
        self.members(node, entries, &removed, added);
    }

    /// Equal values keep their bytes, inside objects and lists too.
    fn set(&mut self, node: &Node, new: &Value) {
        if value(self.source, node) == *new {
            return;
        }
        match (&node.kind, new) {
            (Kind::Object(entries), Value::Object(new)) => {
                let mut removed = Vec::new();
                for (at, entry) in entries.iter().enumerate() {
                    match new.get(&*self.source.string(entry.key)) {
                        Some(value) => self.set(&entry.value, value),
                        None => removed.push(at),
                    }
                }
                let is_new = |key: &str| entry(self.source, entries, key).is_none();
                let added = new.iter().filter(|(key, _)| is_new(key));
                let added = added.map(|(key, value)| (key.as_str(), value.clone())).collect();
                self.members(node, entries, &removed, added);
            }
            (Kind::List(items), Value::Array(new)) => self.set_items(node, items, new),
            _ => self.replace(node, new),
        }
    }

    /// Equal items at the start and the end stay; those between are changed one by one.
    fn set_items(&mut self, node: &Node, items: &[Node], new: &[Value]) {
        let same = |(item, new): &(&Node, &Value)| value(self.source, item) == **new;
        let before = items.iter().zip(new).take_while(same).count();
        let most = items.len().min(new.len()) - before;
        let after = items.iter().rev().zip(new.iter().rev()).take(most).take_while(same).count();
        let (old_end, new_end) = (items.len() - after, new.len() - after);
        let both = (old_end - before).min(new_end - before);
        for at in before..before + both {
            self.set(&items[at], &new[at]);
        }
        self.items(node, items, before + both..old_end, &new[before + both..new_end]);
    }

    fn members(
        &mut self,
        node: &Node,
        entries: &[Entry],
        removed: &[usize],
        added: Vec<(&str, Value)>,
    ) {
        let text = self.source.text();
        let spans: Vec<Span> = entries
            .iter()
            .map(|entry| Span { start: entry.key.start, end: entry.value.span.end })
            .collect();
        let keep: Vec<bool> = (0..spans.len()).map(|at| !removed.contains(&at)).collect();
        let members = Members::new(text, node.span, &spans, &self.style);
        let colon = entries.last().map(|last| &text[last.key.end..last.value.span.start]);
        let colon = self.style.colon(colon);
        let written = added.iter().map(|(key, value)| {
            let value = self.style.written(value, members.indent());
            format!("{}{colon}{value}", Value::from(*key))
        });
        let written = written.collect();
        members.splice(&keep, spans.len(), written, &mut self.splices);
    }

    fn items(
        &mut self,
        node: &Node,
        items: &[Node],
        removed: std::ops::Range<usize>,
        added: &[Value],
    ) {
        let spans: Vec<Span> = items.iter().map(|item| item.span).collect();
        let keep: Vec<bool> = (0..spans.len()).map(|at| !removed.contains(&at)).collect();
        let members = Members::new(self.source.text(), node.span, &spans, &self.style);
        let written =
            added.iter().map(|value| self.style.written(value, members.indent())).collect();
        members.splice(&keep, removed.start, written, &mut self.splices);
    }

    fn replace(&mut self, node: &Node, new: &Value) {
        let indent = style::indent_at(self.source.text(), node.span.start);
        let text = self.style.written(new, indent);
        self.splices.push(Splice { start: node.span.start, end: node.span.end, text });
    }
}

/// The value at the end of a path that does not exist yet.
fn fresh(way: &[Segment], change: Change<'_>) -> Result<Value, NoPlace> {
    let Some((step, rest)) = way.split_first() else {
        return match change {
            Change::Set(value) => Ok(value.clone()),
            Change::Merge(Value::Object(patch)) => Ok(merged(patch)),
            Change::Merge(value) => Ok(value.clone()),
            Change::Remove => Err(NoPlace),
        };
    };
    match step {
        Segment::Key(key) => {
            Ok(Value::Object(Map::from_iter([(key.clone(), fresh(rest, change)?)])))
        }
        Segment::Index(_) => Err(NoPlace),
    }
}

/// The result of a patch on a missing value.
fn merged(patch: &Map<String, Value>) -> Value {
    let made = patch.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
        let value = match value {
            Value::Object(inner) => merged(inner),
            other => other.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(made.collect())
}

fn entry(source: &Source, entries: &[Entry], key: &str) -> Option<usize> {
    entries.iter().position(|entry| source.string(entry.key) == key)
}

/// A part of the document as a serde value.
fn value(source: &Source, node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Number(number) => Value::Number(number.clone()),
        Kind::Text => Value::String(source.string(node.span).into_owned()),
        Kind::List(items) => items.iter().map(|item| value(source, item)).collect(),
        Kind::Object(entries) => Value::Object(
            entries
                .iter()
                .map(|entry| (source.string(entry.key).into_owned(), value(source, &entry.value)))
                .collect(),
        ),
    }
}

const MARK: &str = "\u{feff}";
