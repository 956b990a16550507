//! Guardrails on an answer: a whole one is looked at before any of it goes on to the client, a stream event by
//! event.
//!
//! No other provider is asked when a rule refuses: it would be asked for the same.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use tokio::time::Instant;

use super::judged::{denied, judge, unread, unreadable};
use crate::{
    failure::Brief,
    guard::{
        Action, Guardrails,
        body::{Verdict, look, look_at_plain},
        stream::{Stop, Watch},
    },
    live::Entry,
    protocol::{
        Operation,
        conversation::Delivery,
        guarded::{Events, StreamGuard, texts},
    },
    record::Record,
    refusal::Refusal,
    serve::{
        answer::error_event,
        rounds::{Accepted, tell},
    },
    table::{ProviderRef, classes::is_completions},
    upstream::{
        answer::{Answer, Form},
        guarded::{self, Unbegun, Whole},
        inbound::Inbound,
        off_core,
    },
};

/// Whether the rules can hold on an answer to this request.
///
/// # Errors
/// It asks for a stream of which it is not known where its texts stand.
pub(super) fn can_hold(
    rules: &Guardrails,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<(), Refusal> {
    let endpoint = inbound.endpoint.as_ref();
    let generates = endpoint.is_some_and(|it| it.operation == Operation::Generate)
        || is_completions(&inbound.path);
    match delivery(inbound) {
        Delivery::Whole => Ok(()),
        Delivery::Events if generates => Ok(()),
        Delivery::Events | Delivery::Array => unreadable(rules, ANSWER, record),
    }
}

/// How a request asks for its answer.
fn delivery(inbound: &Inbound) -> Delivery {
    let asked = inbound.endpoint.as_ref().and_then(|endpoint| endpoint.delivery);
    asked.unwrap_or(match inbound.stream {
        true => Delivery::Events,
        false => Delivery::Whole,
    })
}

/// Looks at an answer, and takes out of it what is to be taken out.
///
/// # Errors
/// A rule refuses it, or would have to look at what cannot be read.
pub(in crate::serve) async fn output(
    accepted: Accepted,
    rules: &Guardrails,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Accepted, Refusal> {
    let Accepted { answer, provider, permits, entry } = accepted;
    let answer = match guarded::unpacked(answer) {
        Ok(answer) => answer,
        Err(failed) => return Err(broke(failed.failure, entry, provider, record)),
    };
    if matches!(answer.form(), Form::Events | Form::Frames) {
        return match streamed(answer, rules, inbound, record).await {
            Ok(answer) => Ok(Accepted { answer, provider, permits, entry }),
            Err(Ok(refusal)) => {
                if let Some(entry) = entry {
                    entry.succeeded(Instant::now());
                }
                Err(refusal)
            }
            Err(Err(broken)) => Err(broke(broken, entry, provider, record)),
        };
    }
    // Events under another name: pieces of texts, which are no text when they are read as one.
    let is_unknown = answer.form() == Form::Other && delivery(inbound) == Delivery::Events;
    if is_unknown
        && answer.status.is_success()
        && let Err(refusal) = unreadable(rules, ANSWER, record)
    {
        if let Some(entry) = entry {
            entry.succeeded(Instant::now());
        }
        return Err(refusal);
    }
    let whole = match guarded::read(answer, inbound).await {
        Ok(whole) => whole,
        Err(failed) => return Err(broke(failed.failure, entry, provider, record)),
    };
    let verdict = verdict(rules, &whole).await;
    if let Err(refusal) = judge(rules, &verdict, ANSWER, record) {
        // It answered as it should, and has to be paid for.
        if let Some(entry) = entry {
            entry.succeeded(Instant::now());
        }
        record.used(whole.usage);
        return Err(refusal);
    }
    let body = match verdict.edits.is_empty() {
        true => whole.body.clone(),
        false => edited(&whole.body, verdict),
    };
    Ok(Accepted { answer: whole.with(body), provider, permits, entry })
}

/// A stream on its way through the rules; why it does not begin: a rule refuses, or it broke.
async fn streamed(
    answer: Box<Answer>,
    rules: &Guardrails,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Box<Answer>, Result<Refusal, Brief>> {
    let (speaks, watch) = (inbound.speaks(), Arc::new(Watch::new(Arc::clone(rules))));
    let profile = speaks.profile();
    let guard: Box<dyn StreamGuard> = match (answer.form(), profile.frame_guard) {
        (Form::Frames, Some(guard)) => guard(texts(), Arc::clone(&watch)),
        (Form::Frames, None) => return Err(Ok(stopped(rules, &Stop::Unreadable))),
        _ => Box::new(Events::new(Arc::clone(&watch))),
    };
    record.guarded.watches(watch);
    let all = Arc::clone(rules);
    let told = Box::new(move |stop: &Stop| error_event(&stopped(&all, stop), speaks));
    match guarded::streamed(answer, guard, told).await {
        Ok(answer) => Ok(answer),
        Err(Unbegun::Stopped(stop)) => Err(Ok(stopped(rules, &stop))),
        Err(Unbegun::Broken(broken)) => Err(Err(broken)),
    }
}

/// Why a stream does not go on, for its client.
fn stopped(rules: &Guardrails, stop: &Stop) -> Refusal {
    let first = rules.iter().find(|rule| rule.action != Action::Flag);
    match stop {
        Stop::Denied(nth) => rules.get(*nth).map(|rule| denied(rule, ANSWER)),
        Stop::Unreadable => first.map(|rule| unread(rule, ANSWER)),
    }
    .unwrap_or(Refusal::UpstreamMalformed)
}

/// The answer broke before it could be looked at.
fn broke(broken: Brief, entry: Option<Entry>, provider: ProviderRef, record: &Record) -> Refusal {
    if let Some(entry) = entry
        && let Some(reason) = tell::broke_off(entry, broken)
        && let Some((alias, provider)) = record.named(provider)
    {
        tell::rests(alias, provider, reason);
    }
    Refusal::UpstreamBrokeOff
}

async fn verdict(rules: &Guardrails, whole: &Whole) -> Verdict {
    let (body, is_json) = (whole.body.clone(), is_json(&whole.answer));
    if body.is_empty() || has_no_text(&whole.answer) {
        return Verdict::default();
    }
    if body.len() > off_core::LARGE {
        let rules = Arc::clone(rules);
        return off_core::run(move || looked(&body, is_json, &rules)).await;
    }
    looked(&body, is_json, rules)
}

/// JSON by its strings, and anything else as one text, where it is one.
fn looked(body: &[u8], is_json: bool, rules: &Guardrails) -> Verdict {
    let verdict = look(body, rules, &[]);
    if is_json || !verdict.unreadable {
        return verdict;
    }
    match std::str::from_utf8(body) {
        Ok(_) => look_at_plain(body, rules),
        Err(_) => verdict,
    }
}

fn is_json(answer: &Answer) -> bool {
    answer.form() == Form::Json
}

/// Whether an answer is a picture.
fn has_no_text(answer: &Answer) -> bool {
    let media_type = answer.headers.get(header::CONTENT_TYPE);
    media_type.is_some_and(|it| it.as_bytes().starts_with(b"image/") && it != "image/svg+xml")
}

fn edited(body: &[u8], verdict: Verdict) -> Bytes {
    let (mut out, mut from) = (Vec::with_capacity(body.len()), 0);
    for (place, with) in verdict.edits {
        out.extend_from_slice(body.get(from..place.start as usize).unwrap_or_default());
        out.extend_from_slice(&with);
        from = place.end as usize;
    }
    out.extend_from_slice(body.get(from..).unwrap_or_default());
    out.into()
}

const ANSWER: &str = "answer";
