//! A line as text: time, status, alias, provider with earlier failures, caller, and times.

use std::io::Write as _;

use super::line::{Attempt, Line};
use crate::refusal::{Word, drives_terminals};

/// Appends the line, without its line feed.
pub(super) fn write(line: &Line<'_>, out: &mut Vec<u8>) {
    let mut text = Text(out);
    text.word(line.time.time_of_day());
    text.word(line.status);
    match &line.alias {
        Some(alias) => text.word(Word(alias)),
        None => text.word(format_args!("{} {}", line.method, line.path)),
    }
    if let Some(alias) = &line.served_alias {
        text.word(format_args!("→ {}", Word(alias)));
    }
    if let Some(provider) = &line.provider {
        text.word(format_args!("via {}", Word(provider)));
    }
    let others = line.attempts.iter().filter(|it| !is_served(it, line));
    let shown = |it: Attempt<'_>| format!("{}={}", Word(&it.provider), it.outcome);
    let others: Vec<String> = others.map(shown).collect();
    if !others.is_empty() {
        text.word(format_args!("({})", others.join(" ")));
    }
    if line.end != "complete" {
        let between = if line.code.is_some() { ": " } else { "" };
        text.word(format_args!("{}{between}{}", line.end, line.code.unwrap_or_default()));
    }
    // That it said all is the usual case.
    if let Some(reason) = line.finish_reason.filter(|it| !it.is_whole()) {
        text.word(format_args!("stopped: {}", reason.word()));
    }
    for it in line.guarded {
        text.word(format_args!("{}={}", Word(&it.rule.name), it.did));
    }
    if let Some(key) = &line.key {
        text.word(Word(key));
    }
    text.word(line.ms);
    if let Some(first) = line.ttfb_ms.as_ref().filter(|_| line.stream) {
        text.word(format_args!("ttfb {first}"));
    }
    if let Some(waited) = &line.waited_ms {
        text.word(format_args!("waited {waited}"));
    }
    if let Some(usage) = &line.usage {
        let about = if line.estimated { "~" } else { "" };
        text.word(format_args!("{about}{}→{} tokens", usage.input, usage.output));
    }
    if let Some(cost) = line.cost {
        text.word(cost);
    }
    text.word(line.id.text());
}

/// Whether this attempt is the one that `via` names.
fn is_served(attempt: &Attempt<'_>, line: &Line<'_>) -> bool {
    Some(&attempt.provider) == line.provider.as_ref()
        && attempt.outcome.to_string() == line.status.to_string()
}

/// Words with a space between two, in which a control character is shown and not obeyed.
struct Text<'a>(&'a mut Vec<u8>);

impl Text<'_> {
    fn word(&mut self, word: impl std::fmt::Display) {
        if !self.0.is_empty() {
            self.0.push(b' ');
        }
        let from = self.0.len();
        let _ = write!(self.0, "{word}");
        let written = String::from_utf8_lossy(&self.0[from..]);
        if written.chars().any(drives_terminals) {
            let escaped: String = written.chars().map(shown).collect();
            self.0.truncate(from);
            self.0.extend_from_slice(escaped.as_bytes());
        }
    }
}

fn shown(c: char) -> String {
    if drives_terminals(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
}
