//! Checks the references of a schema: vendors' grammars need them to be internal and acyclic. Only
//! schemas with references are read.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Whether every reference is internal, and none leads back to itself.
pub(in crate::protocol) fn is_finite(schema: &RawValue) -> bool {
    let text = schema.get();
    if memchr::memmem::find(text.as_bytes(), b"$ref").is_none() {
        return true;
    }
    // What cannot be read is the vendor's to refuse.
    serde_json::from_str::<Value>(text).map_or(true, |whole| leads_on(&whole))
}

fn leads_on(whole: &Value) -> bool {
    let mut places = vec!["#"];
    let mut known = HashMap::from([("#", 0)]);
    let mut edges: Vec<Vec<usize>> = Vec::new();
    let mut steps = 0;
    while let Some(place) = places.get(edges.len()) {
        let below = place.strip_prefix('#').and_then(|pointer| whole.pointer(pointer));
        let mut to = Vec::new();
        for target in below.into_iter().flat_map(|below| references(below, &mut steps)) {
            if !target.starts_with('#') {
                return false;
            }
            to.push(*known.entry(target).or_insert_with(|| {
                places.push(target);
                places.len() - 1
            }));
        }
        edges.push(to);
        if steps > MOST_STEPS {
            return false;
        }
    }
    is_without_circles(&edges)
}

/// The references in a value.
fn references<'a>(value: &'a Value, steps: &mut usize) -> Vec<&'a str> {
    let (mut found, mut open) = (Vec::new(), vec![value]);
    while let Some(value) = open.pop() {
        *steps += 1;
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_str().filter(|_| name == "$ref") {
                        Some(target) => found.push(target),
                        None => open.push(value),
                    }
                }
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// Removes nodes without incoming edges as long as there are any; what remains is a cycle.
fn is_without_circles(edges: &[Vec<usize>]) -> bool {
    let mut led_to = vec![0_usize; edges.len()];
    let all = edges.iter().flatten();
    all.for_each(|at| led_to.iter_mut().skip(*at).take(1).for_each(|number| *number += 1));
    let mut free: Vec<usize> = (0..edges.len()).filter(|at| led_to.get(*at) == Some(&0)).collect();
    let mut taken = 0;
    while let Some(at) = free.pop() {
        taken += 1;
        for to in edges.get(at).into_iter().flatten() {
            let Some(number) = led_to.get_mut(*to) else { continue };
            *number -= 1;
            if *number == 0 {
                free.push(*to);
            }
        }
    }
    taken == edges.len()
}

/// Places that lie in each other are walked once for each: a schema that takes longer is not followed.
const MOST_STEPS: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::conversation::tool::raw;

    #[test]
    fn references_that_come_to_an_end_are_told_from_others() {
        let node =
            |target: &str| json!({"type": "object", "properties": {"next": {"$ref": target}}});
        let leaf = json!({"type": "string"});
        for (schema, finite) in [
            (json!({"type": "object"}), true),
            (json!({"$ref": "#/$defs/a", "$defs": {"a": leaf}}), true),
            (json!({"$ref": "#/$defs/a", "$defs": {"a": node("#/$defs/b"), "b": leaf}}), true),
            (json!({"$ref": "#/$defs/a", "$defs": {"a": node("#/$defs/a")}}), false),
            (json!({"$defs": {"a": node("#/$defs/b"), "b": node("#/$defs/a")}}), false),
            (node("#"), false),
            (node("#/properties/next"), false),
            (node("#/$defs/missing"), true),
            (node("https://example.com/schema.json"), false),
            (node("other.json#/a"), false),
            (json!({"properties": {"$ref": leaf}}), true),
        ] {
            assert_eq!(is_finite(&raw(&schema.to_string())), finite, "{schema}");
        }
    }
}
