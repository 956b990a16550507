//! Objects that may be spelled in several ways, and keys that stand at the wrong level.
//!
//! It never tries one spelling after the other: it looks at the keys and decides.

use super::super::json::{Entry, Kind, Node};
use super::super::nearest::nearest;
use super::super::shape::{Object, Shape};
use super::{Check, Here, synonyms, words};

impl Check<'_> {
    /// An object that may be one of several: by its `type`, else by the keys it has.
    pub(super) fn one_of_objects(&mut self, here: Here<'_>, shapes: &[&Shape], node: &Node) {
        let Kind::Object(entries) = &node.kind else { return };
        let objects: Vec<&Object> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Object(object) => Some(object),
                _ => None,
            })
            .collect();
        let tagged = objects.iter().all(|object| object.tag().is_some());
        let chosen = if tagged {
            self.by_tag(here, &objects, entries, node)
        } else {
            self.by_keys(here, &objects, entries, node)
        };
        if let Some(object) = chosen {
            self.object(Here { chosen: !tagged, ..here }, object, entries, node);
        }
    }

    fn by_tag<'o>(
        &mut self,
        here: Here<'_>,
        objects: &[&'o Object],
        entries: &[Entry],
        node: &Node,
    ) -> Option<&'o Object> {
        let tags: Vec<String> =
            objects.iter().filter_map(|object| object.tag()).map(str::to_owned).collect();
        let is_type = |entry: &&Entry| self.source.string(entry.key) == "type";
        let Some(entry) = entries.iter().find(is_type) else {
            let message = format!("`type` is missing: {}", words::list(&tags));
            self.report(here, node, message, None);
            return None;
        };
        let trail = super::Trail::key(here.trail, "type");
        let inside = Here { trail: Some(&trail), ..here };
        let before = self.problems.len();
        self.node(inside, &Shape::Word(tags), &entry.value);
        if self.problems.len() > before {
            return None;
        }
        let text = self.texts.text(self.source, &entry.value)?;
        objects.iter().copied().find(|object| object.tag() == Some(&*text))
    }

    fn by_keys<'o>(
        &mut self,
        here: Here<'_>,
        objects: &[&'o Object],
        entries: &[Entry],
        node: &Node,
    ) -> Option<&'o Object> {
        let keys: Vec<_> = entries.iter().map(|entry| self.source.string(entry.key)).collect();
        let has = |key: &String| keys.iter().any(|have| **have == **key);
        let almost_has = |key: &String| {
            keys.iter().any(|have| {
                !objects.iter().any(|object| object.knows(have))
                    && (synonyms::of(have) == Some(key.as_str())
                        || nearest(have, [key.as_str()]).is_some())
            })
        };
        let only_its_own = |object: &Object| {
            keys.iter().any(|key| {
                object.knows(key) && objects.iter().filter(|other| other.knows(key)).count() == 1
            })
        };
        let find = |fits: &dyn Fn(&Object) -> bool| objects.iter().copied().find(|o| fits(o));
        let chosen = find(&|object| object.required.iter().all(has))
            .or_else(|| find(&|object| object.required.iter().all(almost_has)))
            .or_else(|| find(&only_its_own));
        if chosen.is_none() {
            // Nothing tells them apart: keys that all of them know, or no key at all.
            let all = objects.iter().map(|object| named(object)).collect::<Vec<_>>().join(" or ");
            self.report(here, node, format!("{all} is missing"), None);
            self.keys_of_none(here, objects, entries);
        }
        chosen
    }

    /// Of an object that could be any, the keys are checked all the same.
    fn keys_of_none(&mut self, here: Here<'_>, objects: &[&Object], entries: &[Entry]) {
        let Some(object) = objects.last() else { return };
        for entry in entries {
            let key = self.source.string(entry.key);
            let trail = super::Trail::key(here.trail, &key);
            match object.properties.get(&*key) {
                Some(property) => {
                    let around = Some(*object);
                    let inside = Here { trail: Some(&trail), around, instead: None, chosen: false };
                    self.node(inside, &property.shape, &entry.value);
                }
                None => {
                    self.unknown_key(here, object, &trail, entry);
                }
            }
        }
    }
}

/// The sentence for a key that must be there.
pub(super) fn missing(title: Option<&str>, key: &str) -> String {
    match title {
        Some(title) => format!("this looks like {title}, but `{key}` is missing"),
        None => format!("`{key}` is missing"),
    }
}

/// Where an unknown key would have been right: one level in, or one level out.
pub(super) fn belongs(object: &Object, around: Option<&Object>, key: &str) -> Option<String> {
    let mut inner: Vec<&str> = object
        .properties
        .iter()
        .filter(|(_, property)| holds(&property.shape, key))
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

/// Of several spellings, the object that holds a list and keys beside it.
pub(super) fn holder<'s>(shapes: &[&'s Shape]) -> Option<&'s Object> {
    shapes.iter().find_map(|shape| match shape {
        Shape::Object(object) => list_of(object).map(|_| object),
        _ => None,
    })
}

/// What to write in place of a list, where an unknown key of an item would be right.
pub(super) fn belongs_instead(holder: Option<&Object>, key: &str) -> Option<String> {
    let holder = holder.filter(|holder| holder.knows(key))?;
    let list = list_of(holder)?;
    Some(format!("a list has no place for it; write `{{\"{list}\": […], \"{key}\": …}}`"))
}

/// The list that this object must have.
fn list_of(object: &Object) -> Option<&str> {
    let is_list = |key: &&String| {
        let shape = object.properties.get(*key).map(|property| &*property.shape);
        matches!(shape, Some(Shape::List { .. }))
    };
    object.required.iter().find(is_list).map(String::as_str)
}

/// Whether an object at this shape, or in its list or map, knows the key.
fn holds(shape: &Shape, key: &str) -> bool {
    shape.alternatives().into_iter().any(|shape| match shape {
        Shape::Object(object) => object.knows(key),
        Shape::List { item: inner, .. } | Shape::Map(inner) => holds(inner, key),
        _ => false,
    })
}

fn named(object: &Object) -> String {
    let keys: Vec<String> = object.required.iter().map(|key| format!("`{key}`")).collect();
    match &object.title {
        Some(title) => format!("{} ({title})", keys.join(", ")),
        None => keys.join(", "),
    }
}
