//! Cleans a stream of frames: each payload is cleaned and framed again with only the protocol's
//! headers.
//!
//! It buffers at most one frame.

use bytes::Bytes;

use super::declared::FRAMES;
use super::frames::{Frame, FrameKind, Frames, write};
use crate::protocol::strict::clean::{Cleaned, Known, clean};
use crate::protocol::strict::events::{Stop, StreamCleaner};

/// Cleans one stream.
struct FrameCleaner {
    frames: Frames,
    known: Known,
    trusted: bool,
}

/// At the beginning of a stream. `trusted`: errors pass as they came.
pub(super) fn cleaner(known: Known, trusted: bool) -> Box<dyn StreamCleaner> {
    Box::new(FrameCleaner { frames: Frames::default(), known, trusted })
}

impl StreamCleaner for FrameCleaner {
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.frames.push(&bytes);
        while let Some(frame) = self.frames.next().map_err(|_| Stop::Malformed)? {
            self.frame(frame, out)?;
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Result<(), Stop> {
        Ok(())
    }
}

impl FrameCleaner {
    fn frame(&self, frame: Frame, out: &mut Vec<u8>) -> Result<(), Stop> {
        if frame.kind != FrameKind::Event {
            if self.trusted {
                write(frame.kind, &frame.name, &frame.payload, out);
                return Ok(());
            }
            return Err(Stop::Told(named(&frame)));
        }
        let Some((name, shape)) = FRAMES.iter().find(|(name, _)| *name == frame.name) else {
            return Ok(());
        };
        match clean(&frame.payload.into(), shape, &self.known) {
            Ok(Cleaned::Kept(payload, _)) => write(FrameKind::Event, name, &payload, out),
            Ok(Cleaned::Unknown) => {}
            Ok(Cleaned::Fault) | Err(_) => return Err(Stop::Malformed),
        }
        Ok(())
    }
}

/// The payload of an exception, with its name where errors have theirs.
fn named(frame: &Frame) -> Bytes {
    let name = serde_json::Value::from(frame.name.as_str());
    let payload = frame.payload.trim_ascii();
    match payload.strip_prefix(b"{") {
        Some(rest) if rest.trim_ascii_start().first() != Some(&b'}') => {
            [format!("{{\"__type\":{name},").as_bytes(), rest].concat().into()
        }
        _ => format!("{{\"__type\":{name}}}").into(),
    }
}
