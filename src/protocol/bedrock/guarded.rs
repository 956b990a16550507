//! A stream of frames under guardrails: each is read whole, and framed again when its texts are
//! decided.
//!
//! Kind, name and payload are kept.

use std::sync::Arc;

use bytes::Bytes;

use super::frames::{FrameKind, Frames, write};
use crate::guard::stream::{AllTexts, Held, Stop, Stream, Watch};
use crate::protocol::guarded::{HeldStream, StreamGuard};

/// Looks at one stream.
struct FrameGuard {
    frames: Frames,
    stream: Stream<(FrameKind, String)>,
}

/// At the beginning of a stream.
pub(super) fn guard(texts: &'static AllTexts, watch: Arc<Watch>) -> Box<dyn StreamGuard> {
    let stream = Stream::new(texts, watch);
    Box::new(FrameGuard { frames: Frames::default(), stream })
}

/// Holds a whole stream.
pub(super) fn hold(texts: &'static AllTexts, bytes: &[u8]) -> Result<Box<dyn HeldStream>, Stop> {
    let (mut frames, mut held) = (Frames::default(), Held::new(texts));
    frames.push(bytes);
    while let Some(frame) = frames.next().map_err(|_| Stop::Unreadable)? {
        let name = frame.name.clone();
        held.push((frame.kind, frame.name), Some(&name), frame.payload.into());
    }
    Ok(Box::new(held))
}

impl HeldStream for Held<(FrameKind, String)> {
    fn texts(&mut self) -> &[String] {
        Held::texts(self)
    }

    fn put(self: Box<Self>, instead: &[String], out: &mut Vec<u8>) {
        Held::put(*self, instead)
            .for_each(|((kind, name), payload)| write(kind, &name, &payload, out));
    }
}

impl FrameGuard {
    fn ready(&mut self, out: &mut Vec<u8>) {
        while let Some(((kind, name), payload)) = self.stream.next() {
            write(kind, &name, &payload, out);
        }
    }
}

impl StreamGuard for FrameGuard {
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.frames.push(&bytes);
        while let Some(frame) = self.frames.next().map_err(|_| Stop::Unreadable)? {
            let name = frame.name.clone();
            let passed =
                self.stream.event((frame.kind, frame.name), Some(&name), frame.payload.into());
            self.ready(out);
            passed?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.broken(out)
    }

    fn broken(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        let passed = self.stream.finish();
        self.ready(out);
        passed
    }
}
