//! Names what was expected and what was found.
//!
//! It names the kind of the value, never the value.

use serde_json::Number;

use super::super::json::Kind;
use super::super::shape::{Bounds, Shape};

/// Whether a value of this kind can match the shape at all.
pub(super) fn fits(shape: &Shape, kind: &Kind) -> bool {
    match shape {
        Shape::Any => true,
        Shape::Null => matches!(kind, Kind::Null),
        Shape::Bool => matches!(kind, Kind::Bool(_)),
        Shape::Text { .. } | Shape::Word(_) => matches!(kind, Kind::Text),
        Shape::Number(_) => matches!(kind, Kind::Number(_)),
        Shape::List { .. } => matches!(kind, Kind::List(_)),
        Shape::Map(_) | Shape::Object(_) => matches!(kind, Kind::Object(_)),
        Shape::OneOf(shapes) => shapes.iter().any(|shape| fits(shape, kind)),
    }
}

pub(super) fn expected(shapes: &[&Shape]) -> String {
    let mut words: Vec<String> = Vec::new();
    for shape in shapes.iter().flat_map(|shape| shape.alternatives()) {
        let word = match shape {
            // `null` is accepted but not suggested.
            Shape::Any | Shape::Null | Shape::OneOf(_) => continue,
            Shape::Bool => "`true` or `false`".to_owned(),
            Shape::Text { .. } => "text".to_owned(),
            Shape::Word(words) => list(words),
            Shape::Number(bounds) => lower(*bounds),
            Shape::List { .. } => "a list".to_owned(),
            Shape::Map(_) => "an object".to_owned(),
            Shape::Object(object) => match object.required.as_slice() {
                [] => "an object".to_owned(),
                required => format!("an object with `{}`", required.join("`, `")),
            },
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" or ")
}

/// What to write instead of a value that lacks its list or its object.
pub(super) fn instead(shapes: &[&Shape], found: &Kind) -> Option<String> {
    let mut shapes = shapes.iter().flat_map(|shape| shape.alternatives());
    match found {
        Kind::Number(_) | Kind::Text => shapes.find_map(|shape| match shape {
            Shape::List { item, .. } if fits(item, found) => {
                Some("write it in a list: `[…]`".to_owned())
            }
            Shape::Object(object) => match object.required.as_slice() {
                [only] if only == "url" || matches!(found, Kind::Number(_)) => {
                    Some(format!("write `{{\"{only}\": …}}`"))
                }
                _ => None,
            },
            _ => None,
        }),
        Kind::List(_) => {
            let is_map = shapes.any(|shape| matches!(shape, Shape::Map(_)));
            is_map.then(|| "write `{\"NAME\": …, \"NAME\": …}`".to_owned())
        }
        _ => None,
    }
}

pub(super) fn found(kind: &Kind) -> &'static str {
    match kind {
        Kind::Null => "`null`",
        Kind::Bool(true) => "`true`",
        Kind::Bool(false) => "`false`",
        Kind::Number(_) => "a number",
        Kind::Text => "text",
        Kind::List(_) => "a list",
        Kind::Object(_) => "an object",
    }
}

/// The expected number, if the number is out of bounds.
pub(super) fn out_of(bounds: Bounds, number: &Number) -> Option<String> {
    let value = number.as_f64().unwrap_or(f64::INFINITY);
    let kind = kind(bounds);
    if bounds.whole && value.fract() != 0.0 {
        return Some(lower(bounds));
    }
    if bounds.above.is_some_and(|above| value <= above) {
        return Some(lower(bounds));
    }
    match (bounds.least, bounds.most) {
        (Some(least), _) if value < least => Some(format!("{kind} ≥ {least}")),
        (_, Some(most)) if value > most => Some(format!("{kind} ≤ {most}")),
        _ => None,
    }
}

/// `a`, `b` or `c`.
pub(super) fn list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn lower(bounds: Bounds) -> String {
    match (bounds.above, bounds.least) {
        (Some(above), _) => format!("{} > {above}", kind(bounds)),
        (None, Some(least)) => format!("{} ≥ {least}", kind(bounds)),
        (None, None) => kind(bounds).to_owned(),
    }
}

fn kind(bounds: Bounds) -> &'static str {
    if bounds.whole { "a whole number" } else { "a number" }
}
