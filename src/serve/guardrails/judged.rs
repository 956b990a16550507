//! Records the matches of guardrails, and decides by the first rule that refuses.
//!
//! Neither the record nor the refusal contains the matched text.

use crate::{
    guard::{Action, Guardrails, Rule, body::Verdict},
    record::Record,
    refusal::Refusal,
};

/// Records the matches and applies the first rule that refuses; `what` is the request or the
/// answer.
pub(super) fn judge(
    rules: &Guardrails,
    verdict: &Verdict,
    what: &str,
    record: &mut Record,
) -> Result<(), Refusal> {
    let mut refused = None;
    for rule in verdict.hits.iter().filter_map(|nth| rules.get(*nth)) {
        record.guarded.found(rule, rule.action.name());
        if rule.action == Action::Deny && refused.is_none() {
            refused = Some(denied(rule, what));
        }
    }
    if verdict.unreadable {
        let unread = unreadable(rules, what, record);
        refused = refused.or(unread.err());
    }
    refused.map_or(Ok(()), Err)
}

/// Part of a request or answer cannot be inspected.
///
/// # Errors
/// The first rule that would have to inspect it refuses; a rule that only counts does not.
pub(super) fn unreadable(
    rules: &Guardrails,
    what: &str,
    record: &mut Record,
) -> Result<(), Refusal> {
    for rule in rules.iter() {
        record.guarded.found(rule, UNREADABLE);
    }
    match rules.iter().find(|rule| rule.action != Action::Flag) {
        Some(rule) => Err(unread(rule, what)),
        None => Ok(()),
    }
}

/// The refusal by a rule that cannot inspect everything.
pub(super) fn unread(rule: &Rule, what: &str) -> Refusal {
    let name = &rule.name;
    let instead = match what {
        "answer" => "ask for an answer without streaming and with text only",
        _ => {
            "send its texts as JSON, without audio, video, documents that are not text, and references to \
            stored files"
        }
    };
    refused(format!("The guardrail `{name}` cannot inspect all of this {what}: {instead}."))
}

/// The refusal by a rule that matched.
pub(super) fn denied(rule: &Rule, what: &str) -> Refusal {
    let name = &rule.name;
    let instead = match what {
        "answer" => "ask for something else",
        _ => "remove what it guards, and send the request again",
    };
    refused(format!("The guardrail `{name}` refuses this {what}: {instead}."))
}

/// The refusal by a rule whose webhook cannot be called.
pub(super) fn unasked(rule: &Rule, what: &str) -> Refusal {
    let name = &rule.name;
    let message = format!(
        "The guardrail `{name}` cannot inspect this {what} at the moment: send the request again later."
    );
    refused(message)
}

fn refused(message: String) -> Refusal {
    Refusal::Invalid { param: String::new(), message, code: "guardrail" }
}

/// What is inspected: the request.
pub(super) const REQUEST: &str = "request";
const UNREADABLE: &str = "unreadable";
