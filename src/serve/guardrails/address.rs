//! A client's texts outside of the body: ids in the path, the query, a name that only a pattern matches, and headers
//! that reach a provider.
//!
//! Nothing can be redacted in an address, so a rule that redacts refuses there. A header in which it finds something
//! is not sent.

use http::{HeaderName, HeaderValue};

use super::judged::{REQUEST, denied};
use crate::{
    guard::{Action, Guardrails, body::look_at_text, texts::is_word},
    path::{decoded, query},
    protocol::{Operation, family},
    record::Record,
    refusal::Refusal,
    table::Table,
    trace::{TRACEPARENT, TRACESTATE},
    upstream::{headers, inbound::Inbound},
};

/// Inspects the address and the headers.
///
/// # Errors
/// A rule refuses them.
pub(super) fn look(
    rules: &Guardrails,
    table: &Table,
    inbound: &mut Inbound,
    record: &mut Record,
) -> Result<(), Refusal> {
    let query = inbound.path.split_once('?').map(|(_, query)| decoded(&query.replace('+', " ")));
    for text in in_path(table, inbound).into_iter().chain(query) {
        for nth in look_at_text(text.as_bytes(), rules) {
            let rule = &rules[nth];
            if rule.action != Action::Flag {
                record.guarded.found(rule, Action::Deny.name());
                return Err(denied(rule, REQUEST));
            }
            record.guarded.found(rule, Action::Flag.name());
        }
    }
    in_headers(rules, inbound, record)
}

/// The texts of the address for a webhook: those that are longer than a word.
pub(super) fn texts(table: &Table, inbound: &Inbound) -> Vec<String> {
    let query = inbound.path.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let parts = query::pairs(query).flat_map(|pair| pair.splitn(2, '='));
    let parts = parts.map(|part| decoded(&part.replace('+', " ")));
    let all = in_path(table, inbound).into_iter().chain(parts);
    all.filter(|part| !is_word(part.as_bytes())).collect()
}

/// The names and ids in the path, and a name that is not the file's own. The protocol's own words are left out.
fn in_path(table: &Table, inbound: &Inbound) -> Vec<String> {
    let is_own = table.names(&inbound.alias);
    let mut texts: Vec<String> = (!is_own).then(|| decoded(&inbound.alias)).into_iter().collect();
    let is_whole = |it: &crate::protocol::Endpoint| it.operation != Operation::Native && !it.is_odd;
    if inbound.endpoint.as_ref().is_some_and(is_whole) {
        return texts;
    }
    let path = decoded(inbound.path.split('?').next().unwrap_or_default());
    let path = if is_own { path.replacen(&*inbound.alias, "", 1) } else { path };
    let names = path.split('/').filter(|segment| !segment.is_empty() && !family::is_word(segment));
    let names: Vec<&str> = names.collect();
    if !names.is_empty() {
        texts.push(names.join("/"));
    }
    texts
}

/// The rules that find something in a header's value, as it stands there or decoded: the values of `baggage` are
/// percent-encoded.
fn look_at_header(value: &HeaderValue, rules: &Guardrails) -> Vec<usize> {
    let mut found = look_at_text(value.as_bytes(), rules);
    if let Ok(text) = std::str::from_utf8(value.as_bytes())
        && text.contains('%')
    {
        let more = look_at_text(decoded(text).as_bytes(), rules);
        found.extend(more);
        found.sort_unstable();
        found.dedup();
    }
    found
}

/// Inspects the headers that may be sent to a provider.
fn in_headers(
    rules: &Guardrails,
    inbound: &mut Inbound,
    record: &mut Record,
) -> Result<(), Refusal> {
    let mut hidden: Vec<HeaderName> = Vec::new();
    for (name, value) in &inbound.headers {
        if headers::stays_with_client(name) || [TRACEPARENT, TRACESTATE].contains(name) {
            continue;
        }
        for nth in look_at_header(value, rules) {
            let rule = &rules[nth];
            record.guarded.found(rule, rule.action.name());
            match rule.action {
                Action::Flag => {}
                // The record has the request's id already.
                Action::Redact if *name != headers::REQUEST_ID => hidden.push(name.clone()),
                Action::Redact | Action::Deny => return Err(denied(rule, REQUEST)),
            }
        }
    }
    for name in hidden {
        inbound.headers.remove(name);
    }
    Ok(())
}
