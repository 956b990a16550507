//! The sound part of a file with problems: so that a bad weight in one target does not hide a bad
//! URL in another.
//!
//! It never invents a value: what is wrong is left out, with the whole target where it must be.

use serde::Deserialize;
use serde_json::Value;

use super::{
    path::{Path, Segment},
    problem::Problem,
    raw,
};

/// Leaves out what the problems are about, and whatever then no longer fits.
pub(super) fn prune(file: &mut Value, problems: &[Problem]) {
    for problem in problems {
        remove(file, &problem.path);
    }
    let Some(root) = file.as_object_mut() else { return };
    if let Some(targets) = root.get_mut("targets").and_then(Value::as_object_mut) {
        // An alias that rules redirect to must stay known, so only its target is emptied.
        targets.values_mut().filter(|target| !is_target(target)).for_each(empty);
    }
    root.entry("targets").or_insert_with(|| Value::Object(serde_json::Map::new()));
    drop_unless::<raw::Auth>(root, "auth");
    drop_unless::<raw::PoolKeys>(root, "defaults");
    drop_unless::<raw::HttpPool>(root, "http_pool");
}

fn remove(file: &mut Value, path: &Path) {
    let Some((last, way)) = path.segments().split_last() else { return };
    let parent = way.iter().try_fold(file, |value, segment| match segment {
        Segment::Key(key) => value.get_mut(key),
        Segment::Index(index) => value.get_mut(index),
    });
    match (parent, last) {
        (Some(Value::Object(object)), Segment::Key(key)) if way.len() != TARGETS_DEPTH => {
            object.shift_remove(key);
        }
        (Some(parent), Segment::Key(key)) => parent.get_mut(key).into_iter().for_each(empty),
        // Taken out, it would move the others away from their places.
        (Some(parent), Segment::Index(index)) => {
            parent.get_mut(index).into_iter().for_each(|item| *item = Value::Null);
        }
        (None, _) => {}
    }
}

fn is_target(value: &Value) -> bool {
    raw::Target::deserialize(value).is_ok()
}

fn empty(target: &mut Value) {
    *target = Value::Array(Vec::new());
}

fn drop_unless<T: for<'de> Deserialize<'de>>(root: &mut serde_json::Map<String, Value>, key: &str) {
    if root.get(key).is_some_and(|value| T::deserialize(value).is_err()) {
        root.shift_remove(key);
    }
}

/// How deep an alias stands: `targets["gpt-4"]` has one step before it.
const TARGETS_DEPTH: usize = 1;
