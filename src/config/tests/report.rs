//! One file with ten different mistakes, and the whole report of it.

use super::{lines, read};

#[test]
fn ten_mistakes_are_one_report() {
    let problems = read(include_str!("ten_mistakes.json")).unwrap_err();
    assert_eq!(problems.0.len(), 10);
    let rendered = problems.rendered();
    assert_eq!(rendered, include_str!("ten_mistakes.txt"));
    for secret in ["sk-one", "sk-two", "sk-three", "sk-four"] {
        assert!(!rendered.contains(secret));
        assert!(!format!("{problems:?}").contains(secret));
    }
}

#[test]
fn a_broken_file_shows_its_line_without_its_secrets() {
    let text =
        "{\n  \"targets\": {\"a\": {\"url\": \"u\", \"onwards_key\": \"sk-one\" \"sk-two\": 1}}}";
    let rendered = read(text).unwrap_err().rendered();
    assert!(!rendered.contains("sk-"), "{rendered}");
    assert!(rendered.contains("\"onwards_key\": \"…\""), "{rendered}");
    assert!(rendered.contains("2:57:"), "{rendered}");
}

#[test]
fn problems_come_in_the_order_of_the_file() {
    let places: Vec<String> = lines("{\"b\": 1,\n\"a\": 1,\n \"targets\": 1}")
        .iter()
        .map(|line| line.chars().take(3).collect())
        .collect();
    assert_eq!(places, ["1:2", "2:1", "3:1"]);
}
