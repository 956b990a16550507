//! The fast search against plain ones.

use proptest::prelude::*;

use super::{
    KINDS, PREFIXES, Shape, each,
    windows::{BEFORE, SHORTEST, is_of_word},
};

fn found(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut places = Vec::new();
    each(text, &mut |place| places.push(place));
    places
}

/// What stands at the prefixes in all of the text, none passed over.
fn found_in_whole(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let prefixes = PREFIXES.as_ref().unwrap().find_iter(text);
    prefixes
        .filter_map(|hit| KINDS[hit.pattern()].place(text, hit.start(), hit.end()).ok())
        .collect()
}

/// Whether a credential stands exactly there.
fn is_one(text: &[u8], place: &std::ops::Range<usize>) -> bool {
    (0..text.len()).any(|start| {
        KINDS.iter().any(|kind| {
            let end = start + kind.prefix.len();
            text[start..].starts_with(kind.prefix.as_bytes())
                && kind.place(text, start, end).as_ref() == Ok(place)
        })
    })
}

/// A search that passes over what has no digit and what is short relies on it.
#[test]
fn kinds_with_a_digit_are_long_words_behind_a_short_prefix() {
    for kind in KINDS.iter().filter(|kind| kind.has_digit()) {
        let (Shape::Mixed(marks, least) | Shape::Long(marks, least)) = kind.shape else {
            panic!("{}", kind.prefix)
        };
        assert!(least >= SHORTEST, "{}", kind.prefix);
        assert!(marks.iter().copied().all(is_of_word), "{}", kind.prefix);
        let is_word = kind.prefix.bytes().all(is_of_word);
        assert!(is_word || kind.prefix.len() <= BEFORE, "{}", kind.prefix);
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..KINDS.len()).prop_map(|nth| KINDS[nth].prefix.to_owned()),
        3 => "[a-zA-Z0-9]{10,40}",
        2 => "[a-f0-9]{30,66}",
        2 => "[a-zA-Z]{12,42}",
        2 => "[A-Z2-7]{14,18}",
        3 => "[ \n\"\\\\:@.,=_~+/-]{1,3}",
        1 => "[a-z]{1,8}",
        1 => "[0-9]{1,3}",
        1 => Just("PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq".to_owned()),
        1 => Just("-----END RSA PRIVATE KEY-----".to_owned()),
        1 => Just(".eyJzdWIiOiIxMjM0In0.c2ln".to_owned()),
        1 => Just("ann:hunter22@db.example".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_is_missed_that_a_search_of_the_whole_text_finds(
        pieces in prop::collection::vec(piece(), 1..12),
    ) {
        let text = pieces.concat();
        let text = text.as_bytes();
        let places = found(text);
        let is_found = |at: usize| places.iter().any(|place| place.contains(&at));
        for whole in found_in_whole(text) {
            prop_assert!(whole.clone().all(is_found), "{:?} of {:?}", whole, places);
        }
        for place in &places {
            prop_assert!(is_one(text, place), "{:?}", place);
        }
        prop_assert!(places.windows(2).all(|two| two[0].start <= two[1].start), "{:?}", places);
    }
}
