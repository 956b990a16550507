//! A body that the router wrote itself: one chunk, after which the transfer may break. Like every
//! body, it carries the record.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::{
    break_off::BreakOff,
    reply::{BrokenOff, Reply, Source},
};
use crate::{protocol::Protocol, record::Record};

struct LastWord {
    bytes: Option<Bytes>,
    /// Set if a clean end would hide that this is not an answer.
    breaking: Option<BreakOff>,
    record: Option<Box<Record>>,
}

/// A whole body.
pub(crate) fn whole(bytes: Bytes, record: Box<Record>) -> Reply {
    Reply::of(LastWord { bytes: Some(bytes), breaking: None, record: Some(record) })
}

/// The error event of a stream that failed before it began. The transfer breaks if the protocol's
/// SDKs would take the event for an answer.
pub(crate) fn failed(event: Bytes, speaks: Protocol, record: Option<Box<Record>>) -> Reply {
    let breaking = (!speaks.profile().stream.tells_errors).then(BreakOff::default);
    Reply::of(LastWord { bytes: Some(event), breaking, record })
}

impl Source for LastWord {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if let Some(bytes) = self.bytes.take() {
            if let Some(record) = &mut self.record {
                record.sent(bytes.len());
            }
            return Poll::Ready(Some(Ok(bytes)));
        }
        match &mut self.breaking {
            Some(breaking) => breaking.poll(cx).map(|broken| Some(Err(broken))),
            None => Poll::Ready(None),
        }
    }

    fn is_end(&self) -> bool {
        self.bytes.is_none() && self.breaking.is_none()
    }

    fn remaining(&self) -> Option<u64> {
        let bytes = self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        self.breaking.is_none().then_some(bytes)
    }
}
