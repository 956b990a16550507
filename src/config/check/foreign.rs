//! Keys of the original's successor that belong to one inference engine and its control plane. They
//! are refused by name, with the reason.

use super::super::shape::Object;

/// The message and the hint for such a key.
pub(super) fn of(object: &Object, key: &str) -> Option<(String, &'static str)> {
    let (_, _, hint) =
        ROWS.iter().find(|(name, beside, _)| *name == key && object.knows(beside))?;
    let reason = "it belongs to one inference engine and its control plane";
    Some((format!("`{key}` is not supported: {reason}"), hint))
}

/// The key, a sibling by which its object is recognized, and the hint.
const ROWS: [(&str, &str, &str); 4] = [
    ("kind", "url", "remove it; what a provider speaks is `protocol`"),
    ("serving_classes", "strategy", "remove it; `routing_rules` send callers to other aliases"),
    (
        "batch_inflight_limit",
        "strategy",
        "remove it; batch work is limited by `concurrency_limit` of its keys",
    ),
    ("accounts", "targets", "remove it; accounts are told by the label `account` of keys"),
];
