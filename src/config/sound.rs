//! Keeps the valid part of a file with problems, so that one problem does not hide another.
//!
//! It must not cause problems of its own: what depends on a wrong part is removed with it, and a
//! provider without a URL gets `mock:`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    path::Segment,
    problem::Problem,
    raw,
    shape::{self, Shape},
};

/// Removes what the problems are about, and what depends on it. If a key stands `twice`, the
/// intended one is unknown, so the whole target is removed.
pub(super) fn prune(file: &mut Value, twice: &[Problem], others: &[Problem]) {
    for problem in twice.iter().chain(others) {
        leave_out(file, problem.path.segments());
    }
    for problem in twice.iter().filter(|problem| is_alias(problem.path.segments())) {
        at(file, problem.path.segments()).into_iter().for_each(empty);
    }
    let Some(root) = file.as_object_mut() else { return };
    if let Some(targets) = root.get_mut("targets").and_then(Value::as_object_mut) {
        // Rules may redirect to this alias, so its name stays and only its target is emptied.
        targets.values_mut().filter(|target| !is_target(target)).for_each(empty);
    }
    root.entry("targets").or_insert_with(|| Value::Object(Map::new()));
    drop_unless::<raw::Auth>(root, "auth");
    drop_unless::<raw::PoolKeys>(root, "defaults");
    drop_unless::<raw::HttpPool>(root, "http_pool");
}

fn leave_out(file: &mut Value, path: &[Segment]) {
    let path = extent(path);
    let Some((last, way)) = path.split_last() else { return };
    if is_alias(path) || matches!(last, Segment::Index(_)) {
        at(file, path).into_iter().for_each(stand_in);
    } else if let (Some(Value::Object(object)), Segment::Key(key)) = (at(file, way), last) {
        if key == "onwards_key" {
            // Without credentials the check would ask for those of AWS.
            object.insert(key.clone(), "stand-in".into());
            return;
        }
        object.shift_remove(key);
        for companion in companions(key) {
            object.shift_remove(*companion);
        }
    }
}

/// The keys that would be reported without this one.
fn companions(key: &str) -> &'static [&'static str] {
    match key {
        "protocol" => &["aws", "gcp"],
        "strategy" => &["sticky"],
        "access_key_id" => &["secret_access_key"],
        "secret_access_key" => &["access_key_id"],
        _ => &[],
    }
}

/// What is removed: the wrong part and what depends on it. A list is removed whole, since the
/// places of its other items would change. Targets and providers stay.
fn extent(path: &[Segment]) -> &[Segment] {
    let mut whole = path;
    while let Some((last, way)) = whole.split_last() {
        let goes_on = match last {
            Segment::Index(_) => !is_provider(whole),
            Segment::Key(key) => !is_alias(whole) && (is_needed(way, key) || is_choice(way, key)),
        };
        if !goes_on || way.is_empty() {
            break;
        }
        whole = way;
    }
    whole
}

/// Whether the object at `way` requires `key`.
fn is_needed(way: &[Segment], key: &str) -> bool {
    let mut here = shape::root().alternatives();
    for segment in way {
        here = here.into_iter().filter_map(|shape| inside(shape, segment)).flatten().collect();
    }
    here.into_iter().any(|shape| match shape {
        Shape::Object(object) => object.required.iter().any(|required| required == key),
        _ => false,
    })
}

fn inside<'a>(shape: &'a Shape, segment: &Segment) -> Option<Vec<&'a Shape>> {
    match (shape, segment) {
        (Shape::Object(object), Segment::Key(key)) => {
            let known = object.properties.get(key);
            known.or(object.others.as_ref()).map(|shape| shape.alternatives())
        }
        (Shape::Map(shape), Segment::Key(_)) | (Shape::List { item: shape, .. }, _) => {
            Some(shape.alternatives())
        }
        _ => None,
    }
}

/// Whether the object requires one of several keys, which the schema does not say.
fn is_choice(way: &[Segment], key: &str) -> bool {
    match way {
        [Segment::Key(auth), Segment::Key(_), Segment::Key(_)] if auth == "auth" => {
            matches!(key, "key" | "aws")
        }
        [Segment::Key(root), .., Segment::Key(object)] if way.len() > 2 || root == "defaults" => {
            matches!(
                (&**object, key),
                ("sticky", "header" | "key" | "prompt_prefix")
                    | ("hedge", "after_ms" | "after_percentile")
            )
        }
        _ => false,
    }
}

/// `targets["gpt-4"]`.
fn is_alias(path: &[Segment]) -> bool {
    matches!(path, [Segment::Key(targets), Segment::Key(_)] if targets == "targets")
}

/// `targets["gpt-4"].providers[0]` or `targets["gpt-4"][0]`, and the same below `pools`.
fn is_provider(path: &[Segment]) -> bool {
    let below = match path {
        [Segment::Key(_), Segment::Key(_), Segment::Key(pools), Segment::Key(_), below @ ..]
            if pools == "pools" =>
        {
            below
        }
        [Segment::Key(_), Segment::Key(_), below @ ..] => below,
        _ => return false,
    };
    match below {
        [Segment::Key(key), Segment::Index(_)] => key == "providers",
        [Segment::Index(_)] => true,
        _ => false,
    }
}

fn at<'a>(file: &'a mut Value, path: &[Segment]) -> Option<&'a mut Value> {
    path.iter().try_fold(file, |value, segment| match segment {
        Segment::Key(key) => value.get_mut(key),
        Segment::Index(index) => value.get_mut(index),
    })
}

/// Gives a target or provider without a valid URL a placeholder.
fn stand_in(value: &mut Value) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(object) = value {
        object.shift_remove("providers");
        object.shift_remove("pools");
        object.insert("url".to_owned(), "mock:".into());
    }
}

fn is_target(value: &Value) -> bool {
    raw::Target::deserialize(value).is_ok()
}

fn empty(target: &mut Value) {
    *target = Value::Array(Vec::new());
}

fn drop_unless<T: for<'de> Deserialize<'de>>(root: &mut Map<String, Value>, key: &str) {
    if root.get(key).is_some_and(|value| T::deserialize(value).is_err()) {
        root.shift_remove(key);
    }
}
