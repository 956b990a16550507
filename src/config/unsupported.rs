//! Keys that the contract knows and this version does not do yet.
//!
//! It never lets one through in silence. A feature that lands removes its row here.

use serde_json::{Value, json};

use super::json::{Kind, Node};

/// Whether any row ends in this key: the quick answer for most keys.
pub(super) fn is_watched(key: &str) -> bool {
    ROWS.iter().any(|path| path.rsplit('.').next() == Some(key))
}

/// Schemas of the values of this key that are refused wherever it stands.
pub(super) fn values(key: &str) -> impl Iterator<Item = Value> + '_ {
    ROWS.iter().filter(move |path| **path == key).map(|_| json!({"not": {"type": "null"}}))
}

/// The message and hint, if this value of `key` inside the object `parent` is refused.
pub(super) fn refusal(parent: Option<&str>, key: &str, node: &Node) -> Option<(String, String)> {
    let path = ROWS.iter().find(|path| match path.split_once('.') {
        Some((above, last)) => last == key && parent == Some(above),
        None => **path == key,
    })?;
    let is_set = !matches!(node.kind, Kind::Null);
    is_set.then(|| (format!("`{path}` is not supported yet"), "remove it".to_owned()))
}

/// The one list. A path names its last key, or the last two.
const ROWS: &[&str] = &[];
