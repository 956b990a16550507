//! Keys and values that the contract knows and this version does not do yet.
//!
//! It never lets one through in silence. A feature that lands removes its row here.

use serde_json::{Value, json};

use super::json::{Kind, Node};

/// What makes a row refuse.
#[derive(Debug, Clone, Copy)]
enum When {
    /// The key is there and not `null`.
    Set,
    Is(&'static str),
}

/// The end of a path, and when it is refused.
struct Row {
    path: &'static str,
    when: When,
    /// What stands in place of "remove it".
    instead: Option<&'static str>,
}

/// Whether any row ends in this key: the quick answer for most keys.
pub(super) fn is_watched(key: &str) -> bool {
    ROWS.iter().any(|row| row.path.rsplit('.').next() == Some(key))
}

/// Schemas of the values of this key that are refused wherever it stands.
pub(super) fn values(key: &str) -> impl Iterator<Item = Value> + '_ {
    ROWS.iter().filter(move |row| row.path == key).map(|row| match row.when {
        When::Set => json!({"not": {"type": "null"}}),
        When::Is(value) => json!({"const": value}),
    })
}

/// The message and hint, if this value of `key` inside the object `parent` is refused.
pub(super) fn refusal(
    parent: Option<&str>,
    key: &str,
    node: &Node,
    text: Option<&str>,
) -> Option<(String, String)> {
    let row = ROWS.iter().find(|row| {
        let here = match row.path.split_once('.') {
            Some((above, last)) => last == key && parent == Some(above),
            None => row.path == key,
        };
        here && row.when.holds(node, text)
    })?;
    let what = match (row.when, text) {
        (When::Is(_), Some(text)) => format!("{key}: {text}"),
        _ => row.path.to_owned(),
    };
    let hint = row.instead.unwrap_or("remove it").to_owned();
    Some((format!("`{what}` is not supported yet"), hint))
}

impl When {
    fn holds(self, node: &Node, text: Option<&str>) -> bool {
        match self {
            Self::Set => !matches!(node.kind, Kind::Null),
            Self::Is(value) => text == Some(value),
        }
    }
}

const fn row(path: &'static str, when: When) -> Row {
    Row { path, when, instead: None }
}

/// The one list. A path names its last key, or the last two.
const ROWS: &[Row] = &[
    row("reasoning_translation", When::Set),
    Row {
        path: "strategy",
        when: When::Is("lowest_cost"),
        instead: Some("no key says what a provider costs; `weighted_random` can prefer the cheap"),
    },
];
