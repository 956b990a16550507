//! Keeps the last events of a translated stream until it is accepted: an error among them is
//! classified like an error response.

use bytes::{Bytes, BytesMut};

use super::error_among;
use crate::sse::Boundary;

/// The bytes of the last events, while they may be an early error.
#[derive(Default)]
pub(crate) struct LastEvents {
    accepted: bool,
    boundary: Boundary,
    /// The last events that were complete, and the beginning of one that is not.
    heard: BytesMut,
    /// Where that beginning is.
    partial: usize,
}

impl LastEvents {
    /// One more piece has come.
    pub(crate) fn observe(&mut self, piece: &Bytes) {
        if self.accepted {
            return;
        }
        let _ = self.heard.split_to(self.partial);
        let before = self.heard.len();
        self.heard.extend_from_slice(piece);
        self.partial = self.boundary.feed(piece).map_or(0, |whole| before + whole);
        if self.heard.len() > MOST_HELD {
            self.heard.clear();
            self.partial = 0;
        }
    }

    /// The stream goes to the client, so its bytes are kept no longer.
    pub(crate) fn accepted(&mut self) {
        self.accepted = true;
        self.heard = BytesMut::new();
    }

    /// The JSON of the provider's error.
    pub(crate) fn error(&self) -> Option<Bytes> {
        error_among(Bytes::copy_from_slice(&self.heard))
    }
}

/// No error is longer.
const MOST_HELD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_last_event_however_it_was_cut() {
        let error = "data: {\"error\":{\"code\":1113}}\n\n";
        let text = "data: {\"choices\":[]}\n\n";
        let heard = |pieces: &[&str]| {
            let mut events = LastEvents::default();
            pieces
                .iter()
                .for_each(|piece| events.observe(&Bytes::copy_from_slice(piece.as_bytes())));
            events.error()
        };
        for at in 0..error.len() {
            let (one, other) = error.split_at(at);
            let json = heard(&[text, one, other]);
            assert_eq!(
                json.as_deref(),
                Some(&br#"{"error":{"code":1113}}"#[..]),
                "divided at {at}"
            );
        }
        assert_eq!(heard(&[error, text]), None, "it is not the last event");
        assert_eq!(heard(&["\0\0binary"]), None);
    }
}
