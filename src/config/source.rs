//! The text of a configuration file: finds the place of a path, and the line of a place.
//!
//! It never hands out its text, only problems with masked lines.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::OnceLock;

use sha2::Digest as _;

use super::excerpt::Excerpt;
use super::json::{self, Entry, Kind, Node, Span};
use super::path::{Path, Segment, Trail};
use super::problem::{Problem, Problems};
use super::shape;
use crate::secret::names::may_be_credential;

/// The text of a file with the place of every value.
pub(crate) struct Source {
    name: String,
    text: String,
    root: Node,
    /// Known places in order, found for the first problem.
    marks: OnceLock<Vec<Mark>>,
}

/// The line and column of a byte, both from 1.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: usize,
    line: usize,
    column: usize,
}

impl Source {
    pub(super) fn read(name: &str, text: String) -> Result<Self, Problems> {
        let mut source = Self::without_tree(name, text);
        match json::read(&source.text) {
            Ok(root) => {
                source.root = root;
                Ok(source)
            }
            Err(flaw) => {
                let hint = flaw.hint.map(str::to_owned);
                Err(source.syntax(flaw.at, flaw.path, flaw.message, hint).into())
            }
        }
    }

    /// A text that is not parsed.
    pub(super) fn without_tree(name: &str, mut text: String) -> Self {
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        let root = Node { span: Span { start: 0, end: 0 }, kind: Kind::Null };
        Self { name: name.to_owned(), text, root, marks: OnceLock::new() }
    }

    /// A problem at the end of the text.
    pub(super) fn flaw_at_end(&self, message: &str) -> Problem {
        self.syntax(self.text.len(), Path::root(), message.to_owned(), None)
    }

    /// A problem at `path`, or at the nearest enclosing value.
    pub(crate) fn problem(
        &self,
        path: &Path,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Problem {
        let (_, node) = self.find(path);
        self.problem_at(node.span, path.clone(), message.into(), hint)
    }

    /// The SHA-256 of the text, as hexadecimal digits.
    pub(crate) fn sha256(&self) -> String {
        let digest = sha2::Sha256::digest(&self.text);
        digest.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Whether there is a value at `path`.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let mut steps = path.segments().iter();
        steps
            .try_fold(&self.root, |node, step| self.step(node, step).map(|(_, next)| next))
            .is_some()
    }

    /// The text at `path` as written, with references unresolved.
    pub(crate) fn text_at(&self, path: &Path) -> Option<Cow<'_, str>> {
        let (_, node) = self.find(path);
        matches!(node.kind, Kind::Text).then(|| self.string(node.span))
    }

    pub(super) fn problem_at(
        &self,
        span: Span,
        path: Path,
        message: String,
        hint: Option<String>,
    ) -> Problem {
        self.placed(span, path, message, hint, &|key| shape::knows(key) || !may_be_credential(key))
    }

    /// All keys that stand twice in one object.
    pub(super) fn duplicates(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.visit(&mut |trail, node| {
            if let Kind::Object(entries) = &node.kind {
                self.duplicates_of(trail, entries, &mut problems);
            }
        });
        problems
    }

    /// Calls `seen` for every value, from the outside in.
    pub(super) fn visit(&self, seen: &mut dyn FnMut(Option<&Trail<'_>>, &Node)) {
        self.visit_node(None, &self.root, seen);
    }

    /// The whole text, without a byte order mark.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The directory of the file, to which paths in it are relative.
    pub(crate) fn directory(&self) -> &std::path::Path {
        let parent = std::path::Path::new(&self.name).parent();
        parent.filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."))
    }

    /// The text as written, with quotes and escapes.
    pub(super) fn written(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }

    /// The decoded text of a string.
    pub(super) fn string(&self, span: Span) -> Cow<'_, str> {
        json::string(&self.text, span)
    }

    fn visit_node(
        &self,
        trail: Option<&Trail<'_>>,
        node: &Node,
        seen: &mut dyn FnMut(Option<&Trail<'_>>, &Node),
    ) {
        seen(trail, node);
        match &node.kind {
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.visit_node(Some(&Trail::index(trail, index)), item, seen);
                }
            }
            Kind::Object(entries) => {
                for entry in entries {
                    let key = self.string(entry.key);
                    self.visit_node(Some(&Trail::key(trail, &key)), &entry.value, seen);
                }
            }
            _ => {}
        }
    }

    fn duplicates_of(
        &self,
        trail: Option<&Trail<'_>>,
        entries: &[Entry],
        problems: &mut Vec<Problem>,
    ) {
        let mut first = HashMap::with_capacity(entries.len());
        for entry in entries {
            let key = self.string(entry.key);
            let path = || Trail::path(Some(&Trail::key(trail, &key)));
            if let Some(earlier) = first.get(&key) {
                let (line, column) = self.place(*earlier);
                let message = format!("this key is written twice, first at {line}:{column}");
                problems.push(self.problem_at(entry.key, path(), message, None));
            } else {
                first.insert(key, entry.key.start);
            }
        }
    }

    /// The deepest existing value on `path`, and its key.
    fn find(&self, path: &Path) -> (Option<Span>, &Node) {
        let mut found = (None, &self.root);
        for segment in path.segments() {
            match self.step(found.1, segment) {
                Some(next) => found = next,
                None => break,
            }
        }
        found
    }

    /// The value one segment deeper, and its key.
    fn step<'n>(&self, node: &'n Node, segment: &Segment) -> Option<(Option<Span>, &'n Node)> {
        match (segment, &node.kind) {
            (Segment::Key(key), Kind::Object(entries)) => entries
                .iter()
                .find(|entry| self.string(entry.key) == key.as_str())
                .map(|entry| (Some(entry.key), &entry.value)),
            (Segment::Index(index), Kind::List(items)) => {
                items.get(*index).map(|item| (None, item))
            }
            _ => None,
        }
    }

    fn syntax(&self, at: usize, path: Path, message: String, hint: Option<String>) -> Problem {
        // In text that is not JSON, a credential may stand in place of a key.
        self.placed(Span { start: at, end: at }, path, message, hint, &shape::knows)
    }

    fn placed(
        &self,
        span: Span,
        path: Path,
        message: String,
        hint: Option<String>,
        shows: &dyn Fn(&str) -> bool,
    ) -> Problem {
        let (line, column) = self.place(span.start);
        let excerpt = self.line_around(span.start).and_then(|start| {
            let rest = &self.text[start..];
            let length = rest.bytes().take(LONGEST_LINE).position(|c| matches!(c, b'\n' | b'\r'));
            let length = length.or((rest.len() <= LONGEST_LINE).then_some(rest.len()))?;
            let within = Span { start: span.start - start, end: span.end - start };
            Some(Excerpt::new(&rest[..length], within, shows))
        });
        Problem { file: self.name.clone(), line, column, path, message, hint, excerpt }
    }

    /// The line and column of a byte.
    fn place(&self, at: usize) -> (usize, usize) {
        let mark = self.mark(at);
        (mark.line, mark.column + self.text[mark.at..at].chars().count())
    }

    /// The start of the line around a byte, unless it is far away.
    fn line_around(&self, at: usize) -> Option<usize> {
        let mark = self.mark(at);
        (mark.column == 1).then_some(mark.at)
    }

    /// The last mark before a byte.
    fn mark(&self, at: usize) -> Mark {
        let marks = self.marks.get_or_init(|| marks(&self.text));
        let after = marks.partition_point(|mark| mark.at <= at);
        marks[after.saturating_sub(1)]
    }
}

/// A mark at each line, and at each stride of a long line, so that many problems in a file of one
/// line do not count its characters from the start each time.
fn marks(text: &str) -> Vec<Mark> {
    let mut here = Mark { at: 0, line: 1, column: 1 };
    let mut marks = vec![here];
    let mut last = 0;
    for c in text.chars() {
        here.at += c.len_utf8();
        here.column += 1;
        if c == '\n' {
            here.line += 1;
            here.column = 1;
        }
        if c == '\n' || here.at - last >= STRIDE {
            last = here.at;
            marks.push(here);
        }
    }
    marks
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The longest line that is shown; a minified file is one huge line.
const LONGEST_LINE: usize = 400;
/// Bytes between two marks of one line.
const STRIDE: usize = 4096;
