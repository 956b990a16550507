//! `${env:…}` and `${file:…}`: what they become, and what is said when they cannot.

use super::super::load;
use super::super::raw::{Credentials, Target};
use super::{lines, provider, read, target};

fn url(written: &str) -> String {
    let loaded = read(&target(&format!(r#"{{"url":"{written}"}}"#))).unwrap();
    let url = loaded.with_target("a", |target| match target {
        Target::Single(single) => single.endpoint.url.clone(),
        _ => panic!("a single provider"),
    });
    url.unwrap()
}

#[test]
fn references_become_what_they_name() {
    for (written, expected) in [
        ("plain $ { } $x", "plain $ { } $x"),
        ("${env:KEY}", "sk-from-env"),
        ("a-${env:KEY}-${file:secrets/key}-z", "a-sk-from-env-sk-from-file-z"),
        ("${file:/run/key}", "sk-from-file"),
        ("${file:two-lines}", "one\r\n"),
        ("${env:EMPTY}", ""),
        ("$${env:KEY}", "${env:KEY}"),
        ("a$${b}$$${env:KEY}", "a${b}$${env:KEY}"),
        ("\\u0024{env:KEY}", "sk-from-env"),
        ("${env:KEY}$", "sk-from-env$"),
    ] {
        assert_eq!(url(written), expected, "{written}");
    }
}

#[test]
fn what_cannot_be_resolved_is_named_and_never_shown() {
    let at = "1:43: targets[\"a\"][0].onwards_key:";
    for (written, expected) in [
        ("${env:NOPE}", "the environment variable `NOPE` is not set"),
        (
            "${env:BROKEN}",
            "the environment variable `BROKEN` cannot be used: its value is not UTF-8",
        ),
        ("${file:nope}", "the file `conf/nope` cannot be read: entity not found"),
        ("${env:}", "`${env:}` has no name after the colon"),
        (
            "${vault:sk-x}",
            "a reference is neither `${env:NAME}` nor `${file:PATH}`; `$${` writes a literal `${`",
        ),
        ("sk-${x", "a reference begins with `${` but has no `}`; `$${` writes a literal `${`"),
        ("${env:EMPTY}", "a key must not be empty, and ${env:EMPTY} gives nothing"),
        ("${file:empty}", "a key must not be empty, and ${file:empty} gives nothing"),
    ] {
        let lines = lines(&provider(&format!(r#""onwards_key":"{written}""#)));
        assert_eq!(lines, [format!("{at} {expected}")], "{written}");
    }
    let lines = lines(&target(r#"{"providers":[],"strategy":"${env:STRATEGY}"}"#));
    assert!(lines[0].contains("unknown value; expected"), "{lines:?}");
}

#[test]
fn a_file_on_disk_is_read_and_its_neighbours_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("targets.json");
    std::fs::write(directory.path().join("key"), "sk-near\n").unwrap();
    std::fs::write(&path, provider(r#""onwards_key":"${file:key}""#)).unwrap();
    let is_near = |target: &Target| {
        let Target::List(providers) = target else { panic!("a list of providers") };
        let key = providers[0].endpoint.onwards_key.as_ref();
        matches!(key, Some(Credentials::One(key)) if key.expose() == "sk-near")
    };
    assert_eq!(load(&path).unwrap().with_target("a", is_near), Some(true));

    std::fs::write(&path, b"{\n  \"targets\": \"\xff\"}").unwrap();
    let problems = load(&path).unwrap_err();
    assert_eq!((problems.0[0].line, problems.0[0].column), (2, 15));
    assert_eq!(problems.0[0].message, "this is not UTF-8 text");

    let problems = load(&directory.path().join("absent.json")).unwrap_err();
    assert_eq!((problems.0.len(), problems.0[0].line), (1, 0));
    assert!(problems.to_string().contains("absent.json: the file cannot be read: "), "{problems}");
}
