//! A stream that is read to its end before any of it is passed on, because a webhook inspects all
//! of it.

use std::future::poll_fn;

use bytes::Bytes;

use super::Unbegun;
use crate::{
    failure::Brief,
    guard::stream::Stop,
    live::Share,
    models::tokens::Tokenizer,
    protocol::{Protocol, conversation::Usage, guarded::StreamGuard, spoken::Spoken, usage::Watch},
    table::Provider,
    upstream::{
        answer::{Answer, Form},
        awaited::{Awaited, Tells, tokenizer},
        given_up::Noted,
        inbound::{Inbound, UNCOUNTED},
    },
};

/// A stream that was read to its end.
pub(crate) struct Gathered {
    /// The bytes that the guard passes on.
    pub(crate) bytes: Bytes,
    /// What it has reported and said.
    pub(crate) noted: Noted,
    /// Its share of the memory budget.
    #[expect(dead_code, reason = "given back when it drops")]
    share: Share,
}

/// A stream while it comes.
struct Coming<'a> {
    answer: &'a mut Answer,
    is_framed: bool,
    told: Watch,
    said: Spoken,
}

impl Tells for Coming<'_> {
    fn told(&self, speaks: Protocol) -> Option<Usage> {
        self.answer.body.usage().or_else(|| self.told.usage(speaks, self.is_framed))
    }

    fn said(&self, _speaks: Protocol, tokenizer: &Tokenizer) -> u64 {
        self.said.tokens(tokenizer)
    }
}

/// Reads a stream of this provider to its end, through `guard`.
///
/// # Errors
/// It was stopped, broke, or is too long to buffer.
pub(crate) async fn held(
    answer: &mut Answer,
    guard: &mut dyn StreamGuard,
    asked: (&Inbound, &Provider),
) -> Result<Gathered, Unbegun> {
    let (inbound, provider) = asked;
    let (speaks, is_framed) = (inbound.speaks(), answer.form() == Form::Frames);
    let (told, said) = (Watch::default(), Spoken::of_stream(speaks));
    let mut coming = Coming { answer, is_framed, told, said };
    let read = async |coming: &mut Coming<'_>| gather(coming, guard, inbound).await;
    let gathered = Awaited::while_it(&mut coming, asked, read).await;
    let said = coming.said(speaks, tokenizer(inbound, provider));
    let noted = Noted { told: coming.told(speaks), said };
    match gathered {
        Ok((bytes, share)) => Ok(Gathered { bytes, noted, share }),
        Err(Ok(stop)) => Err(Unbegun::Stopped(stop, noted)),
        Err(Err(broken)) => Err(Unbegun::Broken(broken)),
    }
}

/// The bytes that the guard passes on, and their share of the memory budget.
async fn gather(
    coming: &mut Coming<'_>,
    guard: &mut dyn StreamGuard,
    inbound: &Inbound,
) -> Result<(Bytes, Share), Result<Stop, Brief>> {
    let (mut out, mut share) = (Vec::new(), inbound.budget.share());
    loop {
        match poll_fn(|cx| coming.answer.body.poll_piece(cx)).await {
            Some(Ok(piece)) => {
                coming.told.observe_cut(&piece);
                coming.said.observe(&piece);
                guard.feed(piece, &mut out).map_err(Ok)?;
            }
            Some(Err(broken)) => return Err(Err(broken)),
            None => {
                guard.end(&mut out).map_err(Ok)?;
                return Ok((out.into(), share));
            }
        }
        let is_counted = out.len() as u64 <= UNCOUNTED || share.grow_to(out.len() as u64);
        if out.len() > MOST_HELD || !is_counted {
            return Err(Ok(Stop::Unreadable));
        }
    }
}

impl Gathered {
    /// Puts these bytes into the answer.
    pub(crate) fn put(self, answer: &mut Answer, bytes: Bytes) {
        let observer = answer.observer.take();
        answer.hold(bytes);
        answer.observer = observer;
    }
}

/// The longest stream that is buffered, in bytes.
const MOST_HELD: usize = 16 << 20;
