//! What a walk sees of the delivery, against the careful reading.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::models::tokens::Input;

const NAMES: [&str; 3] = ["stream", "stream_options", "background"];

fn is_usual(body: &str) -> bool {
    let mut seen = Seen::new(&NAMES);
    let pieces = [body.as_bytes()].into_iter();
    Input::read_and_see(pieces, body.len() as u64, |name, value| seen.field(name, value)).unwrap();
    seen.is_usual()
}

fn passes(body: &str) -> bool {
    let body = Pieces::from(Bytes::copy_from_slice(body.as_bytes()));
    let found = said(&body, &NAMES);
    assert!(found.is_some());
    delivered(&body, &NAMES, found).is_ok()
}

#[test]
fn what_clients_usually_write_is_seen_to_be_counted_on_the_way() {
    for body in [
        r#"{"model":"m","messages":[{"role":"user","content":"stream"}]}"#,
        r#"{"stream":true,"stream_options":{"include_usage":true},"n":1,"tools":[{"stream":1}]}"#,
        r#"{ "stream" : false , "background" : null , "stream_options" : null }"#,
        r#"{"background":false,"x":[[true,null],{"background":true}]}"#,
        "{}",
    ] {
        assert!(is_usual(body) && passes(body), "{body}");
    }
    for body in [
        r#"{"Stream":true}"#,
        r#"{"stream":true,"stream":true}"#,
        r#"{"stream":"true"}"#,
        r#"{"stream":1}"#,
        r#"{"stream_options":[]}"#,
        r#"{"background":true}"#,
        r#"{"background":{}}"#,
    ] {
        assert!(!is_usual(body) && !passes(body), "{body}");
    }
    assert!(!is_usual(r#"{"str\u0065am":"true"}"#), "an escape wants a closer look");
}

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "true",
        "false",
        "null",
        "1",
        "-2.5e3",
        r#""true""#,
        r#""a, \"stream\": 1""#,
        "{}",
        "[]",
        r#"{"stream":1,"background":true}"#,
        r#"[true,{"stream":"x"},["background"]]"#,
    ])
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "stream",
        "stream_options",
        "background",
        "Stream",
        "stream_Options",
        r"str\u0065am",
        r"back\u0067round",
        "messages",
        "content",
        "city",
        "",
    ])
}

proptest! {
    #[test]
    fn what_seems_usual_passes_the_careful_reading(
        fields in prop::collection::vec((name(), value(), " {0,2}", " {0,2}"), 0..6),
    ) {
        let written = |(name, value, before, behind): &(&str, &str, String, String)| {
            format!(r#"{before}"{name}"{behind}:{before}{value}{behind}"#)
        };
        let body = format!("{{{}}}", fields.iter().map(written).collect::<Vec<_>>().join(","));
        prop_assert!(!is_usual(&body) || passes(&body), "{body}");
        // Names without an escape that stand there once are never looked at again in vain.
        let own = |name: &str| fields.iter().filter(|it| it.0.eq_ignore_ascii_case(name)).count() < 2;
        let is_plain = fields.iter().all(|it| !it.0.contains('\\')) && NAMES.iter().all(|it| own(it));
        prop_assert!(!is_plain || is_usual(&body) == passes(&body), "{body}");
    }
}
