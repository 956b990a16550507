//! An answer that is looked at by guardrails: a whole one is read to its end, unpacked, before any of it goes
//! on; a stream goes on event by event.
//!
//! It judges nothing of what it reads.

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

/// The answer without its packing.
///
/// # Errors
/// It is packed in a way that is not known.
pub(crate) fn unpacked(answer: Box<Answer>) -> Result<Box<Answer>, Failed> {
    if answer.is_plain() { Ok(answer) } else { strict::decoded(answer) }
}

/// An answer that has been read.
pub(crate) struct Whole {
    /// Its head, and a body that has been taken out of it.
    pub(crate) answer: Box<Answer>,
    /// Its body, unpacked.
    pub(crate) body: Bytes,
    /// The tokens that it tells.
    pub(crate) usage: Option<Usage>,
    /// Why its model stopped.
    reason: Option<Finish>,
    /// What it takes of the budget for all bodies, while it is looked at.
    #[expect(dead_code, reason = "given back when it drops")]
    share: Share,
}

/// Reads an answer to its end.
///
/// # Errors
/// It broke off, is packed in a way that is not known, or there is no room for it.
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
