//! An answer for guardrails: a whole one is read to its end and decompressed before any of it is
//! passed on; a stream is inspected event by event.
//!
//! The guardrails judge it, not this file.

mod held;
mod stream;

use bytes::Bytes;

pub(crate) use self::{
    held::held,
    stream::{Unbegun, streamed},
};
use super::{
    answer::Answer,
    failed::Failed,
    inbound::{Inbound, UNCOUNTED},
    peek, strict,
};
use crate::{
    live::Share,
    protocol::{
        conversation::{Finish, Usage},
        reasons, usage,
    },
};

/// The decompressed answer.
///
/// # Errors
/// Its coding is not supported.
pub(crate) fn unpacked(answer: Box<Answer>) -> Result<Box<Answer>, Failed> {
    if answer.is_plain() { Ok(answer) } else { strict::decoded(answer) }
}

/// An answer that was read to its end.
pub(crate) struct Whole {
    /// Its head; the body was taken out.
    pub(crate) answer: Box<Answer>,
    /// Its decompressed body.
    pub(crate) body: Bytes,
    /// The reported tokens.
    pub(crate) usage: Option<Usage>,
    /// Why its model stopped.
    reason: Option<Finish>,
    /// Its share of the memory budget.
    #[expect(dead_code, reason = "given back when it drops")]
    share: Share,
}

/// Reads an answer to its end.
///
/// # Errors
/// It broke off, its coding is not supported, or there is no memory for it.
pub(crate) async fn read(answer: Box<Answer>, inbound: &Inbound) -> Result<Whole, Failed> {
    let mut answer = unpacked(answer)?;
    let mut share = inbound.budget.share();
    let has_room = |held| held <= UNCOUNTED || share.grow_to(held);
    let (own, why) = (answer.body.usage(), answer.body.reason());
    let Some(body) = peek::collect(&mut answer, has_room).await? else {
        return Err(Failed::malformed(answer.status, "no memory is left for the answer"));
    };
    let speaks = inbound.speaks();
    let is_told = answer.status.is_success();
    let usage = own.or_else(|| usage::of_answer(speaks, &body).filter(|_| is_told));
    let reason = why.or_else(|| reasons::of_answer(speaks, &body).filter(|_| is_told));
    Ok(Whole { answer, body, usage, reason, share })
}

impl Whole {
    /// The answer with this body.
    pub(crate) fn with(self, body: Bytes) -> Box<Answer> {
        let Self { mut answer, usage, reason, .. } = self;
        answer.hold(body);
        if let Some(usage) = usage {
            answer.body.told_usage(usage);
        }
        answer.body.told_reason(reason);
        answer
    }
}
