//! The place of one field of a body's top-level object, if the body is a JSON object.

use std::ops::Range;

use super::{
    Pieces,
    machine::{Kind, Machine},
};

/// A field that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The bytes of its value, of the last one where it is there more than once.
    pub(crate) span: Range<u64>,
    /// How often it is there.
    pub(crate) times: u32,
}

/// The field of this name.
pub(crate) fn field(body: &Pieces, name: &'static [&'static str; 1]) -> Option<Field> {
    let mut machine = Machine::new(name);
    body.iter().for_each(|piece| machine.feed(piece));
    let [seen] = machine.finish().ok()?.seen;
    (seen.times > 0).then_some(Field { span: seen.start..seen.end, times: seen.times })
}

/// What a body says in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// The field is not there, or `null`.
    Nothing,
    /// `true` or `false`.
    Bool(bool),
    /// Another value, with its place.
    Other(Range<u64>),
    /// It is there more than once, or its name is in other letters: two readers could understand two values.
    Unclear,
}

/// What a body says in each of these fields.
pub(crate) fn said<const N: usize>(
    body: &Pieces,
    names: &'static [&'static str; N],
) -> Option<[Said; N]> {
    let mut machine = Machine::in_any_letters(names);
    body.iter().for_each(|piece| machine.feed(piece));
    let object = machine.finish().ok()?;
    Some(object.seen.map(|seen| match (seen.times, seen.kind) {
        (0, _) | (1, Kind::Null) => Said::Nothing,
        (1, Kind::True) => Said::Bool(true),
        (1, Kind::False) => Said::Bool(false),
        (1, _) => Said::Other(seen.start..seen.end),
        _ => Said::Unclear,
    }))
}

/// The offset of the brace that opens the object: white space alone stands before it.
pub(crate) fn first_brace(body: &Pieces) -> Option<u64> {
    let mut before = 0;
    for piece in body {
        if let Some(at) = memchr::memchr(b'{', piece) {
            return Some(before + at as u64);
        }
        before += piece.len() as u64;
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn pieces(text: &'static str, size: usize) -> Pieces {
        text.as_bytes().chunks(size).map(Bytes::from_static).collect()
    }

    #[test]
    fn field_is_found_at_the_top_however_the_body_is_cut() {
        let text = r#" {"a":{"x":1},"x" : {"b":[2]} ,"c":"x"}"#;
        for size in 1..text.len() {
            let body = pieces(text, size);
            let found = field(&body, &["x"]).unwrap();
            assert_eq!(found.times, 1);
            assert_eq!(&text[found.span.start as usize..found.span.end as usize], r#"{"b":[2]}"#);
            assert_eq!(first_brace(&body), Some(1));
        }
        assert_eq!(field(&pieces(r#"{"a":{"x":1}}"#, 5), &["x"]), None);
        assert_eq!(field(&pieces(r#"{"x":1,"x":2}"#, 5), &["x"]).unwrap().times, 2);
        assert_eq!(field(&pieces("no JSON", 5), &["x"]), None);
    }

    #[test]
    fn what_is_said_is_unclear_where_two_readers_differ() {
        let both = |text| said(&pieces(text, 3), &["ab", "c"]).unwrap();
        assert_eq!(both(r#"{"x":{"ab":1}}"#), [Said::Nothing, Said::Nothing]);
        assert_eq!(both(r#"{"a\u0062":true,"c":null}"#), [Said::Bool(true), Said::Nothing]);
        assert_eq!(both(r#"{"ab":false,"c":[1]}"#), [Said::Bool(false), Said::Other(16..19)]);
        assert_eq!(both(r#"{"aB":true,"c":1,"C":1}"#), [Said::Unclear, Said::Unclear]);
        assert_eq!(both(r#"{"ab":true,"ab":true}"#), [Said::Unclear, Said::Nothing]);
        assert_eq!(said(&pieces("[]", 3), &["ab"]), None);
    }
}
