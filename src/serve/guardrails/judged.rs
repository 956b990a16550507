//! What follows from what guardrails have found: it is recorded, and the first rule that refuses decides.
//!
//! It never says what was found.

use crate::{
    guard::{Action, Guardrails, Rule, body::Verdict},
    record::Record,
    refusal::Refusal,
};

/// What was found is recorded, and judged by the first rule that refuses. `what`: in which it was found.
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

/// Some of a request or an answer cannot be looked at.
///
/// # Errors
/// The refusal by the first rule that would have had to; a rule that only counts refuses nothing.
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

/// The refusal of what a rule would have to look at.
pub(super) fn unread(rule: &Rule, what: &str) -> Refusal {
    let name = &rule.name;
    let instead = match what {
        "answer" => "ask for a whole answer, of text alone",
        _ => {
            "send its texts as JSON, without sound, video, documents that are not text, and files that are \
            kept elsewhere"
        }
    };
    refused(format!("The guardrail `{name}` cannot look at all of this {what}: {instead}."))
}

/// The refusal by a rule.
pub(super) fn denied(rule: &Rule, what: &str) -> Refusal {
    let name = &rule.name;
    let instead = match what {
        "answer" => "ask for something else",
        _ => "take out what it guards, and send it again",
    };
    refused(format!("The guardrail `{name}` does not let this {what} pass: {instead}."))
}

/// The refusal where the service of a rule cannot be asked.
pub(super) fn unasked(rule: &Rule, what: &str) -> Refusal {
    let name = &rule.name;
    let message = format!(
        "The guardrail `{name}` cannot look at this {what} at the moment: send the request again later."
    );
    refused(message)
}

fn refused(message: String) -> Refusal {
    Refusal::Invalid { param: String::new(), message, code: "guardrail" }
}

const UNREADABLE: &str = "unreadable";
