//! Checks the file against its schema: every problem, each with its place.
//!
//! It does not stop at the first problem, and it never repeats a text value that could be a secret.

use super::json::{Entry, Kind, Node};
use super::nearest::nearest;
use super::path::{Trail, shown};
use super::problem::Problem;
use super::references::Texts;
use super::shape::{self, Object, Shape};
use super::source::Source;

mod belonging;
mod foreign;
mod spelling;
mod synonyms;
mod units;
mod words;

/// Adds every place at which the file does not match the schema.
pub(super) fn check(source: &Source, texts: &Texts, problems: &mut Vec<Problem>) {
    Check { source, texts, problems }.node(
        Here { trail: None, around: None, instead: None, chosen: false },
        shape::root(),
        source.root(),
    );
}

struct Check<'a> {
    source: &'a Source,
    texts: &'a Texts,
    problems: &'a mut Vec<Problem>,
}

/// A position in the walk.
#[derive(Clone, Copy)]
struct Here<'a> {
    trail: Option<&'a Trail<'a>>,
    /// The nearest enclosing object with known keys.
    around: Option<&'a Object>,
    /// The object form that may replace the list around this item.
    instead: Option<&'a Object>,
    /// The spelling of this object was already chosen by its keys.
    chosen: bool,
}

impl Check<'_> {
    fn node(&mut self, here: Here<'_>, shape: &Shape, node: &Node) {
        match (shape, &node.kind) {
            (Shape::Any, _) | (Shape::Null, Kind::Null) | (Shape::Bool, Kind::Bool(_)) => {}
            (Shape::OneOf(_), _) => self.one_of(here, shape, node),
            (Shape::Text { secret, shortest }, Kind::Text) => {
                self.text(here, *secret, *shortest, node);
            }
            (Shape::Word(words), Kind::Text) => self.word(here, words, node),
            (Shape::Number(bounds), Kind::Number(number)) => {
                if let Some(expected) = words::out_of(*bounds, number) {
                    let found = match self.source.written(node.span) {
                        short if short.len() <= LONGEST_NUMBER => short,
                        _ => "a number",
                    };
                    self.report(here, node, format!("expected {expected}, found {found}"), None);
                }
            }
            (Shape::List { item, fewest }, Kind::List(items)) => {
                if (items.len() as u64) < *fewest {
                    let message = "expected a list that is not empty".to_owned();
                    self.report(here, node, message, None);
                }
                for (index, node) in items.iter().enumerate() {
                    let trail = Trail::index(here.trail, index);
                    self.node(Here { trail: Some(&trail), ..here }, item, node);
                }
            }
            (Shape::Map(shape), Kind::Object(entries)) => {
                for entry in entries {
                    let key = self.source.string(entry.key);
                    let trail = Trail::key(here.trail, &key);
                    self.node(Here { trail: Some(&trail), ..here }, shape, &entry.value);
                }
            }
            (Shape::Object(object), Kind::Object(entries)) => {
                self.object(here, object, entries, node);
            }
            _ => self.wrong_kind(here, &[shape], node),
        }
    }

    fn one_of(&mut self, here: Here<'_>, shape: &Shape, node: &Node) {
        let shapes = shape.alternatives();
        let mut fitting = shapes.iter().copied().filter(|shape| words::fits(shape, &node.kind));
        match (fitting.next(), fitting.next()) {
            (None, _) => self.wrong_kind(here, &shapes, node),
            (Some(only @ Shape::List { .. }), None) => {
                self.node(Here { instead: belonging::holder(&shapes), ..here }, only, node);
            }
            (Some(only), None) => self.node(here, only, node),
            (Some(_), Some(_)) => self.one_of_objects(here, &shapes, node),
        }
    }

    fn object(&mut self, here: Here<'_>, object: &Object, entries: &[Entry], node: &Node) {
        let mut meant = Vec::new();
        for entry in entries {
            let key = self.source.string(entry.key);
            let trail = Trail::key(here.trail, &key);
            let inside =
                Here { trail: Some(&trail), around: Some(object), instead: None, chosen: false };
            let Some(shape) = object.properties.get(&*key) else {
                if let Some(others) = &object.others {
                    self.node(inside, others, &entry.value);
                    continue;
                }
                meant.extend(self.unknown_key(here, object, &trail, entry));
                continue;
            };
            self.node(inside, shape, &entry.value);
        }
        for key in &object.required {
            let is_there =
                entries.iter().any(|entry| self.source.string(entry.key) == key.as_str());
            if !is_there && !meant.contains(&key.as_str()) {
                let title = object.title.as_deref().filter(|_| here.chosen);
                let message = belonging::missing(title, key);
                self.report(here, node, message, None);
            }
        }
    }

    /// Reports an unknown key. Returns the key that was probably meant.
    fn unknown_key<'o>(
        &mut self,
        here: Here<'_>,
        object: &'o Object,
        trail: &Trail<'_>,
        entry: &Entry,
    ) -> Option<&'o str> {
        let key = self.source.string(entry.key);
        if let Some((message, hint)) = foreign::of(object, &key) {
            let path = Trail::path(Some(trail));
            let hint = Some(hint.to_owned());
            self.problems.push(self.source.problem_at(entry.key, path, message, hint));
            return None;
        }
        let elsewhere = belonging::belongs(object, here.around, &key)
            .or_else(|| belonging::belongs_instead(here.instead, &key));
        let near = synonyms::of(&key)
            .and_then(|meant| object.keys().find(|known| *known == meant))
            .or_else(|| nearest(&key, object.keys()));
        let meant = near.map(|near| format!("did you mean `{near}`?"));
        let elsewhere = match near {
            None => synonyms::elsewhere(&key).map(str::to_owned).or(elsewhere),
            Some(_) => elsewhere,
        };
        let hint = match (meant, elsewhere) {
            (Some(meant), Some(elsewhere)) => Some(format!("{meant} Otherwise {elsewhere}")),
            (meant, elsewhere) => meant.or(elsewhere),
        };
        let message = format!("unknown key `{}`", shown(&key));
        let path = Trail::path(Some(trail));
        self.problems.push(self.source.problem_at(entry.key, path, message, hint));
        near
    }

    fn text(&mut self, here: Here<'_>, secret: bool, shortest: u64, node: &Node) {
        let Some(text) = self.texts.text(self.source, node) else { return };
        if (text.chars().take(shortest as usize).count() as u64) < shortest {
            let what = if secret { "a key must not be empty" } else { "it must not be empty" };
            // The text consists of references alone, so it holds no secret.
            let message = match self.source.written(node.span) {
                "\"\"" => what.to_owned(),
                written => {
                    format!("{what}, and {} gives nothing", shown(written.trim_matches('"')))
                }
            };
            self.report(here, node, message, None);
        }
    }

    fn word(&mut self, here: Here<'_>, words: &[String], node: &Node) {
        let Some(text) = self.texts.text(self.source, node) else { return };
        if words.iter().any(|word| *word == *text) {
            return;
        }
        let Some(near) = nearest(&text, words.iter().map(String::as_str)) else {
            let hint = format!("expected {}", words::list(words));
            return self.report(here, node, "unknown value".to_owned(), Some(hint));
        };
        // Quotes the text as written, so that the value of a reference is not shown.
        let message = format!("unknown value `{}`", shown(&self.source.string(node.span)));
        self.report(here, node, message, Some(format!("did you mean `{near}`?")));
    }

    fn wrong_kind(&mut self, here: Here<'_>, shapes: &[&Shape], node: &Node) {
        let expected = words::expected(shapes);
        let found = words::found(&node.kind);
        let wants_number =
            shapes.iter().any(|shape| matches!(shape, Shape::Number(_) | Shape::Bool));
        let numbers = |shape: &&Shape| match shape {
            Shape::List { item, .. } => matches!(**item, Shape::Number(_)),
            _ => false,
        };
        let hint = matches!(node.kind, Kind::Text).then(|| {
            let key = here.trail.and_then(Trail::nearest_key).unwrap_or_default();
            let plain = || units::plain(&self.source.string(node.span), key);
            match (wants_number, shapes.iter().any(numbers)) {
                (true, _) => plain().or_else(|| Some("write it without quotes".to_owned())),
                (false, true) => plain().map(|hint| format!("{hint}, in a list")),
                (false, false) => None,
            }
        });
        let hint = hint.flatten().or_else(|| words::instead(shapes, &node.kind));
        self.report(here, node, format!("expected {expected}, found {found}"), hint);
    }

    fn report(&mut self, here: Here<'_>, node: &Node, message: String, hint: Option<String>) {
        let path = Trail::path(here.trail);
        self.problems.push(self.source.problem_at(node.span, path, message, hint));
    }
}

/// The longest number that a message repeats; a longer one may be a credential.
const LONGEST_NUMBER: usize = 12;
