//! The source line under a problem, with a caret.
//!
//! Text values are masked, whatever their key. In a line that is not JSON, everything is masked
//! except punctuation, literals and known keys.

use super::json::Span;
use super::shape;

/// A masked line, and the part of it that a problem is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    line: String,
    /// Characters before the caret.
    before: usize,
    /// Characters under the caret.
    width: usize,
}

impl Excerpt {
    /// `span` is relative to `line`; `shows` decides which keys are shown.
    pub(super) fn new(line: &str, span: Span, shows: &dyn Fn(&str) -> bool) -> Self {
        let mut masked = String::with_capacity(line.len());
        let mut carets = None;
        let mut at = 0;
        let mut key = None;
        while at < line.len() {
            let end = at + token(&line[at..]);
            let token = &line[at..end];
            if is_key(token, &line[end..]) {
                key = Some(token.trim_matches('"'));
            }
            let text = mask(token, is_key(token, &line[end..]), key, shows);
            if (at..end).contains(&span.start) {
                let into = if text == token { &line[at..span.start] } else { "" };
                carets = Some((chars(&masked) + chars(into), chars(&text) - chars(into)));
            }
            masked.push_str(&text);
            at = end;
        }
        let (before, token_width) = carets.unwrap_or((chars(&masked), 1));
        let width = if span.end > span.start + 1 { token_width } else { 1 };
        Self { line: masked.replace('\t', " "), before, width }
    }

    pub(super) fn rendered(&self, line: usize) -> String {
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let caret = format!("{}{}", " ".repeat(self.before), "^".repeat(self.width));
        format!("{margin} |\n{number} | {}\n{margin} | {caret}\n", self.line)
    }
}

/// The length of the first token: white space, punctuation, a string, or a run of anything else.
fn token(text: &str) -> usize {
    let run = |stop: &dyn Fn(char) -> bool| text.find(stop).unwrap_or(text.len());
    match text.chars().next() {
        Some('"') => string(text),
        Some(c) if is_space(c) => run(&|c| !is_space(c)),
        Some(c) if is_punctuation(c) => c.len_utf8(),
        _ => run(&|c| c == '"' || is_space(c) || is_punctuation(c)),
    }
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_key(token: &str, rest: &str) -> bool {
    token.len() > 1 && token.starts_with('"') && rest.trim_start().starts_with(':')
}

/// `key` is the last key on this line. A number is shown only where a credential is impossible.
fn mask(token: &str, is_key: bool, key: Option<&str>, shows: &dyn Fn(&str) -> bool) -> String {
    let first = token.chars().next().unwrap_or(' ');
    let harmless = match first {
        '"' if is_key && shows(token.trim_matches('"')) => {
            return token.chars().flat_map(printable).collect();
        }
        '"' => return "\"…\"".to_owned(),
        c if is_space(c) || is_punctuation(c) => true,
        _ if matches!(token, "true" | "false" | "null") => true,
        _ => {
            key.is_some_and(|key| !shape::holds_secret(key))
                && serde_json::from_str::<serde_json::Number>(token).is_ok()
        }
    };
    if harmless { token.to_owned() } else { "…".to_owned() }
}

/// Replaces control and direction characters, which could manipulate the terminal.
fn printable(c: char) -> Vec<char> {
    match c {
        '"' | '\\' | '\'' => vec![c],
        _ => c.escape_debug().collect(),
    }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '{' | '}' | '[' | ']' | ':' | ',')
}

#[cfg(test)]
mod tests {
    use super::{Excerpt, Span};

    fn lines(line: &str, start: usize, end: usize) -> String {
        let shows = |key: &str| ["url", "onwards_key", "weight"].contains(&key);
        Excerpt::new(line, Span { start, end }, &shows).rendered(7)
    }

    #[test]
    fn values_are_masked_and_the_caret_still_points() {
        let line = r#"  { "onwards_key": "sk-one", "weight": 5 },"#;
        let at = line.find('5').unwrap();
        let expected = "  |\n7 |   { \"onwards_key\": \"…\", \"weight\": 5 },\n  |                                   ^\n";
        assert_eq!(lines(line, at, at + 1), expected);
    }

    #[test]
    fn nothing_of_a_secret_is_left_however_the_line_is_broken() {
        for line in [
            r#""onwards_key": "sk-secret"#,
            r#""onwards_key": sk-secret","#,
            r#""onwards_key: "sk-secret","#,
            r#""onwards_key" "sk-secret": 1"#,
            r#"'onwards_key': 'sk-secret'"#,
            r#""onwards_key": 5ecret"#,
            r#"{ "url": "sk-secret", "weight": 1 }"#,
            r#""onwards_key": "a\"sk-secret", "url": "x""#,
        ] {
            for at in 0..line.len() {
                let shown = lines(line, at, at + 1);
                assert!(!shown.contains("secret"), "{shown}");
            }
        }
    }

    #[test]
    fn a_number_is_shown_only_where_no_credential_belongs() {
        for line in [r#""onwards_key": 1234"#, r#""key_definitions": {"key": 1234}"#, "  1234, 5"] {
            assert!(!lines(line, 0, 1).contains("1234"), "{line}");
        }
        assert!(lines(r#""url": 1, "weight": 1234"#, 0, 1).contains("1234"));
    }
}
