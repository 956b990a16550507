//! Whatever the text is, the loader answers, with places inside the text, and soon.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::references::Nothing;
use super::super::{Problems, parse};
use super::{Known, read};

/// Every problem stands in the text, and none is the one that says the loader contradicts itself.
fn holds_together(text: &str, problems: &Problems) {
    assert!(!problems.0.is_empty());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').collect();
    for problem in &problems.0 {
        let line = lines.get(problem.line - 1).unwrap_or_else(|| panic!("{problem}: no such line"));
        assert!((1..=line.chars().count() + 1).contains(&problem.column), "{problem}");
        assert!(!problem.message.contains("its own schema"), "{problem}\n{text}");
    }
    assert!(problems.rendered().lines().count() >= problems.0.len());
}

fn check(text: &str) {
    for answer in [
        parse("targets.json", text.to_owned(), &Nothing),
        parse("targets.json", text.to_owned(), &Known),
    ] {
        if let Err(problems) = answer {
            holds_together(text, &problems);
        }
    }
}

/// Values to put where another stood.
const PIECES: &[&str] = &[
    "",
    "{}",
    "[]",
    "0",
    "-1",
    "1.5",
    "1e400",
    "null",
    "true",
    "\"\"",
    "\"x\"",
    "\"${env:KEY}\"",
    "{\"url\":\"u\"}",
    "[{}]",
    ",",
    "\"",
    "\\",
    "\u{feff}",
    "\n",
    "é",
    "5.0",
    "18446744073709551615",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn anything_like_json_is_answered(text in "[\\[\\]{}:,\"\\\\0-9a-z$ .\n]{0,80}") {
        check(&text);
        check(&format!("{{\"targets\":{text}}}"));
    }

    #[test]
    fn a_good_file_with_bytes_changed_is_answered(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, 0..PIECES.len()), 1..4)
    ) {
        let mut text: Vec<char> = include_str!("good.json").chars().collect();
        for (at, length, piece) in edits {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        check(&text.into_iter().collect::<String>());
    }

    #[test]
    fn a_good_file_with_values_changed_is_answered(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len()), 1..4)
    ) {
        let mut lines: Vec<String> = include_str!("good.json").lines().map(str::to_owned).collect();
        for (at, piece) in edits {
            let line = at.get(&lines).clone();
            let at = at.index(lines.len());
            if let Some((key, value)) = line.split_once(": ") {
                let comma = if value.ends_with(',') { "," } else { "" };
                lines[at] = format!("{key}: {}{comma}", PIECES[piece]);
            }
        }
        check(&lines.join("\n"));
    }
}

/// About 13 MB: some 0.35 s in a release build, 3 to 5 s in a debug build. The bound is for a
/// debug build on a busy machine, and still catches anything quadratic.
#[test]
fn ten_thousand_aliases_and_a_hundred_thousand_keys_load_quickly() {
    let mut text = String::from("{\"auth\":{\"key_definitions\":{");
    for n in 0..100_000 {
        let comma = if n > 0 { "," } else { "" };
        write!(
            text,
            "{comma}\n\"user-{n}\":{{\"key\":\"sk-{n:032}\",\"rate_limit\":{{\"requests_per_second\":5}},\"labels\":{{\"n\":\"{n}\"}}}}"
        )
        .unwrap();
    }
    text.push_str("}},\"targets\":{");
    for n in 0..10_000 {
        let comma = if n > 0 { "," } else { "" };
        write!(
            text,
            "{comma}\n\"model-{n}\":{{\"keys\":[\"user-{n}\"],\"providers\":[{{\"url\":\"https://{n}.example.com\",\"onwards_key\":\"sk-{n}\",\"weight\":3}}]}}"
        )
        .unwrap();
    }
    text.push_str("}}");
    let megabytes = text.len() / 1_000_000;
    let start = Instant::now();
    let loaded = read(&text).unwrap();
    let took = start.elapsed();
    println!("{megabytes} MB in {took:?}");
    assert_eq!(loaded.aliases().len(), 10_000);
    for alias in loaded.aliases() {
        assert!(loaded.with_target(alias, |_| ()).is_some(), "{alias}");
    }
    // A few seconds; what grows with the square of the file would take hours.
    assert!(took < Duration::from_secs(60), "{took:?}");
}

/// Every alias of a one-line file is wrong: places must not be counted from the start each time.
#[test]
fn ten_thousand_problems_in_one_line_are_told_quickly() {
    let mut text = String::from("{\"targets\":{");
    for n in 0..10_000 {
        let comma = if n > 0 { "," } else { "" };
        write!(text, "{comma}\"ä-{n}\":{{\"url\":\"{n:0100}\",\"wieght\":3}}").unwrap();
    }
    text.push_str("}}");
    let start = Instant::now();
    let problems = read(&text).unwrap_err();
    assert_eq!(problems.0.len(), 10_000);
    let before_last = &text[..text.rfind("\"wieght").unwrap()];
    assert_eq!(problems.0[9_999].column, before_last.chars().count() + 1);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
