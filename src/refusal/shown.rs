//! Sentences of refusals that quote what a client sent.
//!
//! They quote only a few words, and no control characters.

use std::fmt::{self, Write as _};

use super::whose::Whose;

/// The queue is full.
pub(super) fn queue_full(whose: Whose) -> String {
    let noun = whose.noun();
    format!(
        "The queue of this {noun} is full; try again when some of its requests have been served."
    )
}

/// The alias does not exist; names similar ones.
pub(super) fn no_model(asked: &str, near: &[String]) -> String {
    let near: Vec<String> = near.iter().map(|name| format!("`{}`", shortened(name))).collect();
    let meant = match near.split_last() {
        None => String::new(),
        Some((only, [])) => format!(" Did you mean {only}?"),
        Some((last, rest)) => format!(" Did you mean {} or {last}?", rest.join(", ")),
    };
    format!("The model `{}` does not exist.{meant}", shortened(asked))
}

/// No provider has a required label.
pub(super) fn not_as_required(label: &str) -> String {
    let label = shortened(label);
    format!(
        "No provider of this model has the label `{label}` that the key, the model or the request requires."
    )
}

/// No provider has a needed capability.
pub(super) fn lacking(capability: &str) -> String {
    format!(
        "The request needs `{capability}`, which no provider that may serve it has: \
        ask for another model, or leave it out."
    )
}

/// At most [`SHOWN`] characters of a text from a client, without control characters.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).map(|c| if drives_terminals(c) { '\u{fffd}' } else { c }).collect()
}

/// A name or a value in a line for people: in quotes, with escapes, where it could be taken for more than
/// one word or for what stands beside it.
pub(crate) struct Word<'a>(pub(crate) &'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_odd = |c: char| c.is_whitespace() || ODD.contains(&c) || drives_terminals(c);
        if !self.0.is_empty() && !self.0.contains(is_odd) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if drives_terminals(c) => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// What stands between words, around them or for another character.
const ODD: [char; 6] = ['"', '\\', '=', '(', ')', '→'];

/// Line ends of any kind, escape sequences and overrides of the writing direction.
pub(crate) fn drives_terminals(c: char) -> bool {
    let direction = ['\u{61c}', '\u{200e}', '\u{200f}'].contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c);
    c.is_control() || direction || matches!(c, '\u{2028}' | '\u{2029}')
}

const SHOWN: usize = 256;

#[cfg(test)]
mod tests {
    use crate::refusal::Refusal;

    #[test]
    fn whatever_ends_a_line_or_turns_the_text_drives_terminals() {
        for c in
            ['\n', '\u{85}', '\u{2028}', '\u{2029}', '\u{61c}', '\u{200f}', '\u{2066}', '\u{1b}']
        {
            assert!(super::drives_terminals(c), "{c:?}");
        }
        assert!(!"ä 漢 –".chars().any(super::drives_terminals));
    }

    #[test]
    fn a_reflected_alias_is_cut_and_cannot_drive_a_terminal() {
        let message = Refusal::ModelNotFound {
            asked: format!("a\u{1b}[2J\n\u{202e}{}", "x".repeat(999)),
            near: Vec::new(),
        }
        .message();
        assert!(message.chars().count() < 300);
        assert!(
            !message.contains('\u{1b}') && !message.contains('\n') && !message.contains('\u{202e}')
        );
        assert!(message.contains('`'));
    }

    #[test]
    fn word_that_could_be_several_is_quoted() {
        for (name, shown) in [
            ("gpt-4o:free", "gpt-4o:free"),
            ("", r#""""#),
            ("a via b", r#""a via b""#),
            ("one=200", r#""one=200""#),
            ("(one", r#""(one""#),
            ("a\"b\\", r#""a\"b\\""#),
            ("a\n\u{202e}\u{1b}", r#""a\u000a\u202e\u001b""#),
            ("\u{a0}", "\"\u{a0}\""),
        ] {
            assert_eq!(super::Word(name).to_string(), shown);
        }
    }
}
