//! Sentences of refusals, and what a client sent as one of them may show it.
//!
//! It never shows more than a few words, nor what drives a terminal.

use super::whose::Whose;

/// As many requests wait as may.
pub(super) fn queue_full(whose: Whose) -> String {
    let noun = whose.noun();
    format!("As many requests wait for this {noun} as may; try again when they have been served.")
}

/// That there is no such alias, and which ones are near.
pub(super) fn no_model(asked: &str, near: &[String]) -> String {
    let near: Vec<String> = near.iter().map(|name| format!("`{}`", shortened(name))).collect();
    let meant = match near.split_last() {
        None => String::new(),
        Some((only, [])) => format!(" Did you mean {only}?"),
        Some((last, rest)) => format!(" Did you mean {} or {last}?", rest.join(", ")),
    };
    format!("The model `{}` does not exist.{meant}", shortened(asked))
}

/// The sentence for a request that no provider may have.
pub(super) fn not_as_required(label: &str) -> String {
    let label = shortened(label);
    format!(
        "No provider of this model has the label `{label}` as the key, the model or the request requires."
    )
}

/// The sentence for a request that needs what no provider has.
pub(super) fn lacking(capability: &str) -> String {
    format!(
        "The request needs `{capability}`, which no provider of this model has that may be given the request: \
        ask for another model, or leave it out."
    )
}

/// At most [`SHOWN`] characters of what a client sent, none of which can drive a terminal.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).map(|c| if drives_terminals(c) { '\u{fffd}' } else { c }).collect()
}

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
}
