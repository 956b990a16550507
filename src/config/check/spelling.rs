//! Objects with several spellings, and keys at the wrong level.
//!
//! It chooses the spelling by the keys; it does not try one after the other.

use super::super::json::{Entry, Kind, Node};
use super::super::nearest::nearest;
use super::super::shape::{Object, Shape};
use super::{Check, Here, synonyms, words};

impl Check<'_> {
    /// Checks an object with several spellings: chosen by its `type`, otherwise by its keys.
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
            // The keys do not decide: all spellings have them, or there are no keys.
            let all = objects.iter().map(|object| named(object)).collect::<Vec<_>>().join(" or ");
            self.report(here, node, format!("{all} is missing"), None);
            self.keys_of_none(here, objects, entries);
        }
        chosen
    }

    /// If the spelling is undecided, the keys are still checked.
    fn keys_of_none(&mut self, here: Here<'_>, objects: &[&Object], entries: &[Entry]) {
        let Some(object) = objects.last() else { return };
        for entry in entries {
            let key = self.source.string(entry.key);
            let trail = super::Trail::key(here.trail, &key);
            match object.properties.get(&*key) {
                Some(property) => {
                    let around = Some(*object);
                    let inside = Here { trail: Some(&trail), around, instead: None, chosen: false };
                    self.node(inside, property, &entry.value);
                }
                None => {
                    self.unknown_key(here, object, &trail, entry);
                }
            }
        }
    }
}

fn named(object: &Object) -> String {
    let keys: Vec<String> = object.required.iter().map(|key| format!("`{key}`")).collect();
    match &object.title {
        Some(title) => format!("{} ({title})", keys.join(", ")),
        None => keys.join(", "),
    }
}
