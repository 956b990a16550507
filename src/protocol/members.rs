//! The places of members of a body's top-level object by name, so that they can be cut out of the
//! bytes. Finds nothing if the body is not a JSON object.

use std::{borrow::Cow, ops::Range};

use super::schema::text::Text;

/// The places of all members with these names, ascending, each with one comma.
pub(crate) fn places(body: &str, names: &[&str]) -> Vec<Range<usize>> {
    let (mut text, mut places) = (Text::of(body), Vec::new());
    if text.peek() != Some(b'{') {
        return places;
    }
    text.pass();
    let (mut is_any_kept, mut comma) = (false, None);
    loop {
        match text.peek() {
            Some(b'}') => return places,
            Some(b',') => {
                comma = Some(text.at());
                text.pass();
            }
            Some(b'"') => {
                let start = text.at();
                let is_meant = names.contains(&&*plain(text.key()));
                if text.value().is_empty() {
                    return Vec::new();
                }
                if !is_meant {
                    is_any_kept = true;
                    continue;
                }
                let end = text.at();
                places.push(match comma.filter(|_| is_any_kept) {
                    Some(comma) => comma..end,
                    None if text.peek() == Some(b',') => {
                        text.pass();
                        start..text.at()
                    }
                    None => start..end,
                });
            }
            // It is the provider's to refuse.
            _ => return Vec::new(),
        }
    }
}

/// A key without its quotes and escapes.
fn plain(key: &str) -> Cow<'_, str> {
    match key.get(1..key.len().saturating_sub(1)) {
        Some(name) if !name.contains('\\') => Cow::Borrowed(name),
        _ => serde_json::from_str(key).map_or(Cow::Borrowed(key), Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(body: &str) -> String {
        let mut left = body.to_owned();
        for place in places(body, &["x", "why"]).into_iter().rev() {
            left.replace_range(place, "");
        }
        left
    }

    #[test]
    fn members_are_cut_at_the_top_alone_and_all_else_stays() {
        for (body, expected) in [
            (r#"{"x":1}"#, "{}"),
            (r#"{"x":1,"why":{"x":2}}"#, "{}"),
            (r#"{"x":1, "a":1.50}"#, r#"{ "a":1.50}"#),
            (r#"{"a":"\u0041","x":[1,{"x":2}]}"#, r#"{"a":"\u0041"}"#),
            (r#"{"a":1,"x":"},","why":null,"b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"{"x":0,"a":1,"x":1,"b":{"x":1}}"#, r#"{"a":1,"b":{"x":1}}"#),
            (r#" { "\u0078" : 1 , "a" : 1 } "#, r#" {  "a" : 1 } "#),
            (r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
            (r#"[{"x":1}]"#, r#"[{"x":1}]"#),
            (r#"{"x":1"#, r#"{"x":1"#),
            ("", ""),
        ] {
            assert_eq!(cut(body), expected, "{body}");
        }
    }

    #[test]
    fn what_is_left_is_the_same_without_the_members() {
        let mut rng: rand::rngs::StdRng = rand::SeedableRng::seed_from_u64(20);
        for _ in 0..2_000 {
            let mut body = String::from("{");
            let mut expected = serde_json::Map::new();
            for nth in 0..rand::Rng::random_range(&mut rng, 0..6) {
                let name = ["x", "a", "why", "b", "c"][rand::Rng::random_range(&mut rng, 0..5)];
                let (space, comma) = ([" ", ""][nth % 2], if nth > 0 { "," } else { "" });
                body += &format!("{comma}{space}\"{name}\"{space}:{space}[{nth},\"}}\"]");
                if !matches!(name, "x" | "why") {
                    expected.insert(name.into(), serde_json::json!([nth, "}"]));
                }
            }
            body.push('}');
            let left: serde_json::Value = serde_json::from_str(&cut(&body)).expect(&body);
            assert_eq!(left, serde_json::Value::Object(expected), "{body}");
        }
    }
}
