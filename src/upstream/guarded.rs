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
    awaited::{Awaited, tokenizer},
    failed::Failed,
    given_up::Noted,
    inbound::{Inbound, UNCOUNTED},
    peek, strict,
};
use crate::{
    live::Share,
    protocol::{
        conversation::{Finish, Usage},
        reasons,
        spoken::Spoken,
        usage,
    },
    table::Provider,
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

/// Reads an answer of this provider to its end.
///
/// # Errors
/// It broke off, its coding is not supported, or there is no memory for it.
pub(crate) async fn read(
    answer: Box<Answer>,
    (inbound, provider): (&Inbound, &Provider),
) -> Result<Whole, Failed> {
    let mut answer = unpacked(answer)?;
    let mut share = inbound.budget.share();
    let has_room = |held| held <= UNCOUNTED || share.grow_to(held);
    let (own, why) = (answer.body.usage(), answer.body.reason());
    let collect = async |answer: &mut Answer| peek::collect(answer, has_room).await;
    let read = Awaited::while_it(&mut *answer, (inbound, provider), collect).await?;
    let Some(body) = read else {
        return Err(Failed::malformed(answer.status, "no memory is left for the answer"));
    };
    let speaks = inbound.speaks();
    let is_told = answer.status.is_success();
    let usage = own.or_else(|| usage::of_answer(speaks, &body).filter(|_| is_told));
    let reason = why.or_else(|| reasons::of_answer(speaks, &body).filter(|_| is_told));
    Ok(Whole { answer, body, usage, reason, share })
}

impl Whole {
    /// What it has told, and the tokens of what it says, as they are estimated.
    pub(crate) fn noted(&self, inbound: &Inbound, provider: &Provider) -> Noted {
        let mut tail = usage::Tail::default();
        tail.observe(&self.body);
        let (speaks, tokenizer) = (inbound.speaks(), tokenizer(inbound, provider));
        let length = self.body.len() as u64;
        let said = || Spoken::in_answer(speaks, tail.kept(), length, tokenizer);
        let said = if self.answer.status.is_success() { said() } else { 0 };
        Noted { told: self.usage, said }
    }

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
