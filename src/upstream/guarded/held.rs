//! A stream that is read to its end before any of it is passed on, because a webhook inspects all
//! of it.

use std::future::poll_fn;

use bytes::Bytes;

use super::Unbegun;
use crate::{
    guard::stream::Stop,
    live::Share,
    protocol::{conversation::Usage, guarded::StreamGuard, usage::Watch},
    upstream::{
        answer::{Answer, Form},
        inbound::{Inbound, UNCOUNTED},
    },
};

/// A stream that was read to its end.
pub(crate) struct Gathered {
    /// The bytes that the guard passes on.
    pub(crate) bytes: Bytes,
    /// The reported tokens.
    pub(crate) usage: Option<Usage>,
    /// Its share of the memory budget.
    #[expect(dead_code, reason = "given back when it drops")]
    share: Share,
}

/// Reads a stream to its end, through `guard`.
///
/// # Errors
/// It was stopped, broke, or is too long to buffer.
pub(crate) async fn held(
    answer: &mut Answer,
    guard: &mut dyn StreamGuard,
    inbound: &Inbound,
) -> Result<Gathered, Unbegun> {
    let (speaks, is_framed) = (inbound.speaks(), answer.form() == Form::Frames);
    let (mut out, mut share, mut told) = (Vec::new(), inbound.budget.share(), Watch::default());
    let passed = loop {
        let passed = match poll_fn(|cx| answer.body.poll_piece(cx)).await {
            Some(Ok(piece)) => {
                told.observe_cut(&piece);
                guard.feed(piece, &mut out)
            }
            Some(Err(broken)) => return Err(Unbegun::Broken(broken)),
            None => break guard.end(&mut out),
        };
        let has_room = out.len() <= MOST_HELD
            && (out.len() as u64 <= UNCOUNTED || share.grow_to(out.len() as u64));
        match passed {
            Ok(()) if has_room => {}
            Ok(()) => break Err(Stop::Unreadable),
            stopped => break stopped,
        }
    };
    let usage = answer.body.usage().or_else(|| told.usage(speaks, is_framed));
    match passed {
        Ok(()) => Ok(Gathered { bytes: out.into(), usage, share }),
        Err(stop) => Err(Unbegun::Stopped(stop, usage)),
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
