//! Hints for a key at the wrong level, and for a missing key.

use super::super::shape::{Object, Shape};

/// The message for a missing key.
pub(super) fn missing(title: Option<&str>, key: &str) -> String {
    match title {
        Some(title) => format!("this looks like {title}, but `{key}` is missing"),
        None => format!("`{key}` is missing"),
    }
}

/// Where an unknown key would be valid: one level deeper or higher.
pub(super) fn belongs(object: &Object, around: Option<&Object>, key: &str) -> Option<String> {
    let mut inner: Vec<&str> = object
        .properties
        .iter()
        .filter(|(_, shape)| holds(shape, key))
        .map(|(name, _)| name.as_str())
        .collect();
    inner.sort_unstable();
    match inner.as_slice() {
        [] => around
            .filter(|around| around.knows(key))
            .map(|_| format!("`{key}` belongs one level further out")),
        names => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            Some(format!("`{key}` belongs inside {}", names.join(" or ")))
        }
    }
}

/// The spelling, if any, that is an object with a list and further keys.
pub(super) fn holder<'s>(shapes: &[&'s Shape]) -> Option<&'s Object> {
    shapes.iter().find_map(|shape| match shape {
        Shape::Object(object) => list_of(object).map(|_| object),
        _ => None,
    })
}

/// What to write instead of a list if the unknown key of an item belongs beside the list.
pub(super) fn belongs_instead(holder: Option<&Object>, key: &str) -> Option<String> {
    let holder = holder.filter(|holder| holder.knows(key))?;
    let list = list_of(holder)?;
    Some(format!("a list has no place for it; write `{{\"{list}\": […], \"{key}\": …}}`"))
}

/// The one list that this object requires.
fn list_of(object: &Object) -> Option<&str> {
    let is_list = |key: &&String| {
        let shape = object.properties.get(*key).map(|shape| &**shape);
        matches!(shape, Some(Shape::List { .. }))
    };
    object.required.iter().find(is_list).map(String::as_str)
}

/// Whether an object of this shape, or one in its list or map, has the key.
fn holds(shape: &Shape, key: &str) -> bool {
    shape.alternatives().into_iter().any(|shape| match shape {
        Shape::Object(object) => object.knows(key),
        Shape::List { item: inner, .. } | Shape::Map(inner) => holds(inner, key),
        _ => false,
    })
}
