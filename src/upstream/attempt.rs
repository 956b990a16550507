//! One attempt at one provider: makes its calls and judges their answers, within the attempt's
//! time.
//!
//! Nothing is sent to the client from here.

use std::pin::pin;

use tokio::time::Instant;

use super::{
    answer::Answer,
    client::Client,
    failed::Failed,
    gated,
    inbound::Inbound,
    judge::{self, Inspection},
    prepare::{Calls, Outgoing, Reader},
    request::Traced,
    strict,
    translate::{
        Answering,
        reader::{Translated, naming},
    },
    transport, whole,
};
use crate::{
    failure::Class,
    protocol::codec::Platform,
    table::{Provider, prices::Pricing},
    within,
};

/// The deadlines of one attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Deadlines {
    /// When it must be accepted, and the class if it is not: the provider's fault, or only the
    /// request's own deadline.
    pub(crate) accepted_by: Option<(Instant, Class)>,
    /// When its last byte must have arrived.
    pub(crate) ended_by: Option<Instant>,
    /// The request's own deadline.
    pub(crate) request_by: Option<Instant>,
}

/// Makes an attempt that `began` then, with a prepared request.
///
/// # Errors
/// How the attempt failed, with the provider's answer if there is one.
pub(crate) async fn run(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    outgoing: Outgoing<'_>,
    inspection: Inspection,
    deadlines: Deadlines,
    began: Instant,
) -> Result<Box<Answer>, Failed> {
    let tried = pin!(ask_and_judge(client, provider, inbound, outgoing, inspection, began));
    let mut answer = match deadlines.accepted_by {
        None => tried.await?,
        Some((end, class)) => {
            within::by(end, tried).await.unwrap_or_else(|| Err(Failed::late(class)))?
        }
    };
    if deadlines.ended_by.is_some() {
        answer.body.end_by(deadlines.ended_by);
    }
    if inspection.holds > 0 && answer.status.is_success() {
        // Boxed, since few pools buffer their answers.
        let (most, end) = (inspection.holds, deadlines.request_by);
        let holding = whole::held(answer, provider, inbound, most, end);
        return Box::pin(holding).await;
    }
    Ok(answer)
}

async fn ask_and_judge(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    outgoing: Outgoing<'_>,
    inspection: Inspection,
    began: Instant,
) -> Result<Box<Answer>, Failed> {
    if let Some(strict) = provider.strict {
        // Boxed, since few answers are cleaned.
        return Box::pin(async move {
            let tried = tried(client, provider, inbound, outgoing, inspection, began).await;
            strict::applied(tried, provider, inbound, strict).await
        })
        .await;
    }
    tried(client, provider, inbound, outgoing, inspection, began).await
}

async fn tried(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    outgoing: Outgoing<'_>,
    inspection: Inspection,
    began: Instant,
) -> Result<Box<Answer>, Failed> {
    let Outgoing { calls, reader, traced } = outgoing;
    let traced = traced.as_deref();
    match reader {
        Reader::Identity => {
            let answer =
                transport::call(client, provider, inbound, calls.first(), traced, began).await?;
            let answer = unpacked(answer, provider, inbound, inspection)?;
            let answer = judge::judge(answer, provider, inbound, inspection).await?;
            if provider.platform == Platform::Own {
                return Ok(answer);
            }
            Ok(Box::new(naming(*answer, &gated::lost(inbound, provider))))
        }
        Reader::Naming(lost) => {
            let answer =
                transport::call(client, provider, inbound, calls.first(), traced, began).await?;
            let answer = unpacked(answer, provider, inbound, inspection)?;
            let answer = judge::judge(answer, provider, inbound, inspection).await?;
            let mut lost = lost.into_vec();
            lost.extend(gated::lost(inbound, provider));
            Ok(Box::new(naming(*answer, &lost)))
        }
        Reader::Translated(reader) => {
            // Boxed, since few requests need this space.
            Box::pin(translated(client, provider, inbound, (&calls, traced), *reader))
                .await
                .map(Box::new)
        }
    }
}

/// Decompresses an answer that is to be read: cleaned, judged, searched or counted. Providers are not asked for
/// compressed ones, but some send them.
fn unpacked(
    answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    inspection: Inspection,
) -> Result<Box<Answer>, Failed> {
    let is_counted = inbound.demand.is_some() || !matches!(provider.pricing, Pricing::Off);
    let is_judged = inspection.reads_errors || inspection.waits_for_content;
    let is_read = provider.strict.is_some()
        || ((is_counted || is_judged || inbound.guardrails.is_some()) && inbound.takes_tokens());
    if !is_read || answer.is_plain() { Ok(answer) } else { strict::decoded(answer) }
}

async fn translated(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    (calls, traced): (&Calls, Option<&Traced>),
    reader: Translated<'_>,
) -> Result<Answer, Failed> {
    let make = |call| -> Answering<'_> {
        Box::pin(async move {
            let began = Instant::now();
            let answer =
                transport::call(client, provider, inbound, Some(call), traced, began).await?;
            if answer.is_plain() { Ok(answer) } else { strict::decoded(answer) }
        })
    };
    reader.read(calls.written(), &make).await
}
