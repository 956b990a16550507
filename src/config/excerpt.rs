//! The source line under a problem, with a caret.
//!
//! It never shows a text value: what could be a credential is `…`, whatever key it stands at, and
//! in a line that is not JSON everything is masked but punctuation, literals and keys we know.

use super::json::Span;

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
    /// `span` is counted from the start of `line`. Nothing for a line too long to help.
    pub(super) fn new(line: &str, span: Span, shows: &dyn Fn(&str) -> bool) -> Option<Self> {
        if line.len() > LONGEST_LINE {
            return None;
        }
        let mut masked = String::with_capacity(line.len());
        let mut carets = None;
        let mut at = 0;
        while at < line.len() {
            let end = at + token(&line[at..]);
            let text = mask(&line[at..end], &line[end..], shows);
            if (at..end).contains(&span.start) {
                let into = if text == line[at..end] { &line[at..span.start] } else { "" };
                carets = Some((chars(&masked) + chars(into), chars(&text) - chars(into)));
            }
            masked.push_str(&text);
            at = end;
        }
        let (before, token_width) = carets.unwrap_or((chars(&masked), 1));
        let width = if span.end - span.start > 1 { token_width } else { 1 };
        Some(Self { line: masked.replace('\t', " "), before, width })
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

fn mask(token: &str, rest: &str, shows: &dyn Fn(&str) -> bool) -> String {
    let harmless = match token.chars().next() {
        Some('"') => {
            let is_key = rest.trim_start().starts_with(':') && token.len() > 1;
            return match is_key && shows(token.trim_matches('"')) {
                true => token.chars().flat_map(printable).collect(),
                false => "\"…\"".to_owned(),
            };
        }
        Some(c) if is_space(c) || is_punctuation(c) => true,
        _ => serde_json::from_str::<serde_json::Value>(token).is_ok() && token.len() <= 20,
    };
    if harmless { token.to_owned() } else { "…".to_owned() }
}

/// Control and direction characters would let a file draw on the terminal.
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

/// Bytes of a line that is still worth showing; a minified file is one enormous line.
const LONGEST_LINE: usize = 400;

#[cfg(test)]
mod tests {
    use super::{Excerpt, Span};

    fn lines(line: &str, start: usize, end: usize) -> String {
        let shows = |key: &str| key == "url" || key == "onwards_key";
        Excerpt::new(line, Span { start, end }, &shows).unwrap().rendered(7)
    }

    #[test]
    fn values_are_masked_and_the_caret_still_points() {
        let line = r#"  { "onwards_key": "sk-one", "url": 5 },"#;
        let at = line.find('5').unwrap();
        let expected = "  |\n7 |   { \"onwards_key\": \"…\", \"url\": 5 },\n  |                               ^\n";
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
            r#""onwards_key": "a\"sk-secret", "url": "x""#,
        ] {
            for at in 0..line.len() {
                let shown = lines(line, at, at + 1);
                assert!(!shown.contains("secret"), "{shown}");
            }
        }
    }
}
