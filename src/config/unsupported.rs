//! Keys and values that the contract knows and this version does not do yet.
//!
//! It never lets one through in silence. A feature that lands removes its row here.

use serde_json::{Value, json};

/// The end of a path, and the value that is refused there.
struct Row {
    path: &'static str,
    value: &'static str,
    /// What is to be done about it.
    instead: &'static str,
}

/// Whether any row ends in this key: the quick answer for most keys.
pub(super) fn is_watched(key: &str) -> bool {
    ROWS.iter().any(|row| row.path.rsplit('.').next() == Some(key))
}

/// Schemas of the values of this key that are refused wherever it stands.
pub(super) fn values(key: &str) -> impl Iterator<Item = Value> + '_ {
    ROWS.iter().filter(move |row| row.path == key).map(|row| json!({"const": row.value}))
}

/// The message and hint, if this value of `key` inside the object `parent` is refused.
pub(super) fn refusal(
    parent: Option<&str>,
    key: &str,
    text: Option<&str>,
) -> Option<(String, String)> {
    let row = ROWS.iter().find(|row| {
        let here = match row.path.split_once('.') {
            Some((above, last)) => last == key && parent == Some(above),
            None => row.path == key,
        };
        here && text == Some(row.value)
    })?;
    Some((format!("`{key}: {}` is not supported yet", row.value), row.instead.to_owned()))
}

/// The one list. A path names its last key, or the last two.
const ROWS: &[Row] = &[Row {
    path: "strategy",
    value: "lowest_cost",
    instead: "no key says what a provider costs; `weighted_random` can prefer the cheap",
}];
