//! Guardrails on an answer: a whole answer is inspected before any of it is sent, a stream event by
//! event.
//!
//! When a rule refuses, no other provider is asked, since the request would be the same.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use http::header;
use tokio::time::Instant;

use super::{
    arriving::{arriving, charge},
    judged::{denied, judge, unread, unreadable},
    webhooks::{self, Asking},
};
use crate::{
    failure::Brief,
    guard::{
        Action, Guardrails,
        body::{Verdict, look, look_at_plain},
        stream::{Stop, Watch},
        texts::Texts,
    },
    live::Entry,
    protocol::{
        Operation,
        conversation::{Delivery, Usage},
        guarded::{Events, StreamGuard, hold, texts},
    },
    record::Record,
    refusal::Refusal,
    serve::{
        answer::error_event,
        rounds::{Accepted, tell},
    },
    table::{Provider, ProviderRef, classes::is_completions},
    upstream::{
        answer::{Answer, Form},
        guarded::{self, Unbegun, Whole},
        inbound::Inbound,
        off_core,
    },
};

/// Whether the rules can inspect the answer to this request.
///
/// # Errors
/// It asks for a stream in which the places of texts are unknown.
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

/// How the request asks for its answer.
fn delivery(inbound: &Inbound) -> Delivery {
    let asked = inbound.endpoint.as_ref().and_then(|endpoint| endpoint.delivery);
    asked.unwrap_or(match inbound.may_stream() {
        true => Delivery::Events,
        false => Delivery::Whole,
    })
}

/// Inspects an answer and redacts it.
///
/// # Errors
/// A rule refuses it, or would have to inspect what cannot be read.
pub(in crate::serve) async fn output(
    accepted: Accepted,
    rules: &Guardrails,
    asking: Asking<'_>,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Accepted, Refusal> {
    let Accepted { answer, provider, permits, entry } = accepted;
    let asked = (inbound, provider.of(asking.table));
    let answer = match guarded::unpacked(answer) {
        Ok(answer) => answer,
        Err(failed) => return Err(broke(failed.failure, entry, provider, record)),
    };
    if matches!(answer.form(), Form::Events | Form::Frames) {
        let passed = match webhooks::any(rules) {
            false => streamed(answer, rules, asked, record).await,
            true => held(answer, rules, asking, asked, record).await,
        };
        return match passed {
            Ok(answer) => Ok(Accepted { answer, provider, permits, entry }),
            Err(Ok(refusal)) => {
                if let Some(entry) = entry {
                    entry.succeeded(Instant::now());
                }
                took(provider, inbound, record);
                Err(refusal)
            }
            Err(Err(broken)) => Err(broke(broken, entry, provider, record)),
        };
    }
    // Events with another media type: fragments that must not be read as one text.
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
    let whole = match arriving(record, asked, guarded::read(answer, asked)).await {
        Ok(whole) => whole,
        Err(failed) => return Err(broke(failed.failure, entry, provider, record)),
    };
    // Recorded now, since the answer is paid for even if it is refused or its client leaves.
    match webhooks::any(rules) {
        true => charge(record, asked, whole.noted(inbound, asked.1), true),
        false => record.used(whole.usage),
    }
    match passed(rules, asking, &whole, inbound, record).await {
        Ok(body) => Ok(Accepted { answer: whole.with(body), provider, permits, entry }),
        Err(refusal) => {
            // The provider answered correctly.
            if let Some(entry) = entry {
                entry.succeeded(Instant::now());
            }
            Err(refusal)
        }
    }
}

/// A whole answer after redaction.
async fn passed(
    rules: &Guardrails,
    asking: Asking<'_>,
    whole: &Whole,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Bytes, Refusal> {
    let body = looked_at(whole.body.clone(), rules, &whole.answer, record).await?;
    if !webhooks::any(rules) || body.is_empty() || has_no_text(&whole.answer) {
        return Ok(body);
    }
    let _share = webhooks::room(inbound.budget, body.len())?;
    let texts = texts_of(&body, is_json(&whole.answer)).await;
    let all = texts.all().to_vec();
    let asked = webhooks::ask(asking, rules, &all, (ANSWER, &inbound.alias), record).await?;
    let Some(instead) = asked else { return Ok(body) };
    let body = edited(&body, texts.edits(&instead));
    // Text from a webhook is inspected by the other rules too.
    looked_at(body, rules, &whole.answer, record).await
}

/// Redacts a body.
async fn looked_at(
    body: Bytes,
    rules: &Guardrails,
    answer: &Answer,
    record: &mut Record,
) -> Result<Bytes, Refusal> {
    let verdict = verdict(body.clone(), rules, answer).await;
    judge(rules, &verdict, ANSWER, record)?;
    Ok(match verdict.edits.is_empty() {
        true => body,
        false => edited(&body, verdict.edits),
    })
}

/// The texts of a whole answer.
async fn texts_of(body: &Bytes, is_json: bool) -> Texts {
    let read = move |body: &[u8]| match (Texts::read(body, &[]), std::str::from_utf8(body)) {
        (Ok(texts), _) => texts,
        (Err(_), Ok(text)) if !is_json => Texts::of_plain(text),
        _ => Texts::default(),
    };
    if body.len() > off_core::LARGE {
        let body = body.clone();
        return off_core::run(move || read(&body)).await;
    }
    read(body)
}

/// The stream through the rules, or why it does not start: a rule refuses, or it broke.
async fn streamed(
    answer: Box<Answer>,
    rules: &Guardrails,
    asked: (&Inbound, &Provider),
    record: &mut Record,
) -> Result<Box<Answer>, Result<Refusal, Brief>> {
    let (inbound, _) = asked;
    let (speaks, watch) = (inbound.speaks(), Arc::new(Watch::new(Arc::clone(rules))));
    let guard = guard(&answer, &watch, inbound).map_err(|stop| Ok(stopped(rules, &stop)))?;
    record.guarded.watches(watch);
    let all = Arc::clone(rules);
    let told = Box::new(move |stop: &Stop| error_event(&stopped(&all, stop), speaks));
    let read = guarded::streamed(answer, (guard, told), asked);
    let read = arriving(record, asked, read).await;
    read.map_err(|unbegun| refused(unbegun, rules, asked, record))
}

/// The inspector of an answer's stream.
fn guard(
    answer: &Answer,
    watch: &Arc<Watch>,
    inbound: &Inbound,
) -> Result<Box<dyn StreamGuard>, Stop> {
    match (answer.form(), inbound.speaks().profile().frame_guard) {
        (Form::Frames, Some(frames)) => Ok((frames.guard)(texts(), Arc::clone(watch))),
        (Form::Frames, None) => Err(Stop::Unreadable),
        _ => Ok(Box::new(Events::new(Arc::clone(watch)))),
    }
}

fn refused(
    unbegun: Unbegun,
    rules: &Guardrails,
    asked: (&Inbound, &Provider),
    record: &mut Record,
) -> Result<Refusal, Brief> {
    match unbegun {
        Unbegun::Stopped(stop, noted) => {
            charge(record, asked, noted, false);
            Ok(stopped(rules, &stop))
        }
        Unbegun::Broken(broken) => Err(broken),
    }
}

/// A stream that a webhook inspects: it is read to its end before any of it is sent.
async fn held(
    mut answer: Box<Answer>,
    rules: &Guardrails,
    asking: Asking<'_>,
    asked: (&Inbound, &Provider),
    record: &mut Record,
) -> Result<Box<Answer>, Result<Refusal, Brief>> {
    let (inbound, _) = asked;
    let stop = |stop: Stop| Ok(stopped(rules, &stop));
    let watch = Arc::new(Watch::new(Arc::clone(rules)));
    record.guarded.watches(Arc::clone(&watch));
    let mut first = guard(&answer, &watch, inbound).map_err(stop)?;
    let read = guarded::held(&mut answer, &mut *first, asked);
    let read = arriving(record, asked, read).await;
    let read = read.map_err(|unbegun| refused(unbegun, rules, asked, record))?;
    charge(record, asked, read.noted, true);
    let frames = inbound.speaks().profile().frame_guard.filter(|_| answer.form() == Form::Frames);
    let room = webhooks::room(inbound.budget, read.bytes.len());
    let _share = room.map_err(Ok)?;
    let mut held = match frames {
        Some(frames) => (frames.hold)(texts(), &read.bytes),
        None => hold(read.bytes.clone()),
    }
    .map_err(stop)?;
    let all = held.texts().to_vec();
    let asked = webhooks::ask(asking, rules, &all, (ANSWER, &inbound.alias), record).await;
    let instead = asked.map_err(Ok)?;
    let mut bytes = read.bytes.clone();
    if let Some(instead) = instead {
        let (mut put, mut out) = (Vec::new(), Vec::new());
        held.put(&instead, &mut put);
        // Text from a webhook is inspected by the other rules too.
        let mut again = guard(&answer, &watch, inbound).map_err(stop)?;
        let passed = again.feed(put.into(), &mut out).and_then(|()| again.end(&mut out));
        passed.map_err(stop)?;
        bytes = out.into();
    }
    read.put(&mut answer, bytes);
    Ok(answer)
}

/// The tokens of a stream that was stopped before it could report them: at least those of the
/// request.
fn took(provider: ProviderRef, inbound: &Inbound, record: &mut Record) {
    if record.usage().is_some_and(|told| told.if_any().is_some()) {
        return;
    }
    let Some((_, provider)) = record.named(provider) else { return };
    let tokenizer = provider.tokenizer_for(record.asked_name().unwrap_or_default());
    let input = inbound.input().tokens(tokenizer);
    record.used_about(Usage { input, ..Usage::default() });
}

/// The refusal for a stream that was stopped.
fn stopped(rules: &Guardrails, stop: &Stop) -> Refusal {
    let first = rules.iter().find(|rule| rule.action != Action::Flag);
    match stop {
        Stop::Denied(nth) => rules.get(*nth).map(|rule| denied(rule, ANSWER)),
        Stop::Unreadable => first.map(|rule| unread(rule, ANSWER)),
    }
    .unwrap_or(Refusal::UpstreamMalformed)
}

/// The answer broke before it could be inspected.
fn broke(broken: Brief, entry: Option<Entry>, provider: ProviderRef, record: &Record) -> Refusal {
    if let Some(entry) = entry
        && let Some(reason) = tell::broke_off(entry, broken)
        && let Some((alias, provider)) = record.named(provider)
    {
        tell::rests(alias, provider, reason);
    }
    Refusal::UpstreamBrokeOff
}

async fn verdict(body: Bytes, rules: &Guardrails, answer: &Answer) -> Verdict {
    let is_json = is_json(answer);
    if body.is_empty() || has_no_text(answer) {
        return Verdict::default();
    }
    if body.len() > off_core::LARGE {
        let rules = Arc::clone(rules);
        return off_core::run(move || looked(&body, is_json, &rules)).await;
    }
    looked(&body, is_json, rules)
}

/// Inspects JSON by its strings, and anything else as one text, if it is text.
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

/// Whether an answer is an image.
fn has_no_text(answer: &Answer) -> bool {
    let media_type = answer.headers.get(header::CONTENT_TYPE);
    media_type.is_some_and(|it| it.as_bytes().starts_with(b"image/") && it != "image/svg+xml")
}

fn edited(body: &[u8], edits: Vec<(Range<u64>, Vec<u8>)>) -> Bytes {
    let (mut out, mut from) = (Vec::with_capacity(body.len()), 0);
    for (place, with) in edits {
        out.extend_from_slice(body.get(from..place.start as usize).unwrap_or_default());
        out.extend_from_slice(&with);
        from = place.end as usize;
    }
    out.extend_from_slice(body.get(from..).unwrap_or_default());
    out.into()
}

const ANSWER: &str = "answer";
