//! The formatting of a document: line ends, indentation, spaces. New text follows it.

use serde_json::Value;

use crate::config::json::{Kind, Node};

/// The formatting of a document.
#[derive(Debug)]
pub(super) struct Style {
    /// The line end; `None` if the document is one line.
    line: Option<&'static str>,
    /// The indentation of one level.
    unit: String,
    /// Whether there is a space after colons and commas.
    is_spaced: bool,
}

impl Style {
    /// Detects the formatting of a document.
    pub(super) fn of(text: &str, root: &Node) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let Kind::Object(entries) = &root.kind else { return Self::usual() };
        let Some(first) = entries.first() else { return Self::usual() };
        let gap = &text[root.span.start + 1..first.key.start];
        let is_spaced = text[first.key.end..first.value.span.start].len() > 1;
        match gap.rsplit_once('\n') {
            Some((_, unit)) => Self { line: Some(newline), unit: unit.to_owned(), is_spaced: true },
            None => Self { line: None, unit: String::new(), is_spaced },
        }
    }

    fn usual() -> Self {
        Self { line: Some("\n"), unit: "  ".to_owned(), is_spaced: true }
    }

    /// The text before the first member of an empty object or list at this indentation, and before
    /// its closing bracket.
    pub(super) fn gap(&self, indent: &str) -> (String, String) {
        match self.line {
            Some(line) => (format!("{line}{indent}{}", self.unit), format!("{line}{indent}")),
            None => (String::new(), String::new()),
        }
    }

    /// The text after a comma inside a line.
    pub(super) fn space(&self) -> &'static str {
        if self.is_spaced { " " } else { "" }
    }

    /// The text between a key and its value, like that of a `neighbour`.
    pub(super) fn colon<'a>(&self, neighbour: Option<&'a str>) -> &'a str {
        match neighbour.filter(|neighbour| !neighbour.contains('\n')) {
            Some(neighbour) => neighbour,
            None if self.is_spaced => ": ",
            None => ":",
        }
    }

    /// A value as text at this indentation: on one line if it is short and holds no nested objects.
    pub(super) fn written(&self, value: &Value, indent: &str) -> String {
        let mut inline = String::new();
        self.write_inline(value, &mut inline);
        let Some(line) = self.line else { return inline };
        let is_flat = match value {
            Value::Object(members) => !members.values().any(has_members),
            Value::Array(items) => !items.iter().any(has_members),
            _ => true,
        };
        if is_flat && indent.len() + inline.len() <= WIDTH {
            return inline;
        }
        let deeper = format!("{indent}{}", self.unit);
        let members: Vec<String> = match value {
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| {
                    let colon = self.colon(None);
                    format!("{}{colon}{}", Value::from(key.as_str()), self.written(value, &deeper))
                })
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.written(item, &deeper)).collect(),
            _ => return inline,
        };
        let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
        let members = members.join(&format!(",{line}{deeper}"));
        format!("{open}{line}{deeper}{members}{line}{indent}{close}")
    }

    fn write_inline(&self, value: &Value, out: &mut String) {
        let comma = |at: usize| match (at, self.is_spaced) {
            (0, _) => "",
            (_, true) => ", ",
            (_, false) => ",",
        };
        match value {
            Value::Object(members) => {
                out.push('{');
                for (at, (key, value)) in members.iter().enumerate() {
                    out.push_str(comma(at));
                    out.push_str(&Value::from(key.as_str()).to_string());
                    out.push_str(self.colon(None));
                    self.write_inline(value, out);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(comma(at));
                    self.write_inline(item, out);
                }
                out.push(']');
            }
            other => out.push_str(&other.to_string()),
        }
    }
}

/// The white space at the start of the line that holds a byte.
pub(super) fn indent_at(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..at];
    &line[..line.len() - line.trim_start().len()]
}

fn has_members(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => items.iter().any(|item| item.is_object() || item.is_array()),
        _ => false,
    }
}

/// The longest line.
const WIDTH: usize = 100;
