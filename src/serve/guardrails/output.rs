//! Guardrails on an answer: it is looked at whole, before any of it goes on to the client.
//!
//! No other provider is asked when a rule refuses: it would be asked for the same.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use tokio::time::Instant;

use super::judged::{judge, unreadable};
use crate::{
    guard::{
        Guardrails,
        body::{Verdict, look, look_at_plain},
    },
    protocol::conversation::Delivery,
    record::Record,
    refusal::Refusal,
    serve::rounds::{Accepted, tell},
    upstream::{
        answer::{Answer, Form},
        guarded::{self, Whole},
        inbound::Inbound,
        off_core,
    },
};

/// Whether the rules can hold on an answer to this request.
///
/// # Errors
/// It asks for a stream.
pub(super) fn can_hold(
    rules: &Guardrails,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<(), Refusal> {
    let delivery = inbound.endpoint.as_ref().and_then(|endpoint| endpoint.delivery);
    let streams = inbound.stream || delivery.is_some_and(|delivery| delivery != Delivery::Whole);
    if streams { unreadable(rules, ANSWER, record) } else { Ok(()) }
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
    if matches!(answer.form(), Form::Events | Form::Frames) {
        unreadable(rules, ANSWER, record)?;
        return Ok(Accepted { answer, provider, permits, entry });
    }
    let whole = match guarded::read(answer, inbound).await {
        Ok(whole) => whole,
        Err(failed) => {
            if let Some(entry) = entry
                && let Some(reason) = tell::broke_off(entry, failed.failure)
                && let Some((alias, provider)) = record.named(provider)
            {
                tell::rests(alias, provider, reason);
            }
            return Err(Refusal::UpstreamBrokeOff);
        }
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
