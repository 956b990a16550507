//! What a provider was sent: the requests in order, and who left early.
//!
//! Never: nothing is normalised; header names keep their case and their order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Instant;

use serde_json::Value;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query, as on the request line.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Which connection, counted from 0.
    pub(crate) connection: usize,
    pub(crate) at: Instant,
}

impl Seen {
    /// The first header of that name, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the provider was sent JSON")
    }

    /// Whether `needle` stands anywhere in the request.
    pub(crate) fn mentions(&self, needle: &str) -> bool {
        self.target.contains(needle)
            || self.headers.iter().any(|(n, v)| n.contains(needle) || v.contains(needle))
            || String::from_utf8_lossy(&self.body).contains(needle)
    }
}

/// Shared between a provider and its connections.
#[derive(Default)]
pub(super) struct Journal {
    pub(super) seen: Mutex<Vec<Seen>>,
    pub(super) gone: Mutex<Vec<Instant>>,
    pub(super) received: Mutex<Vec<u8>>,
    pub(super) connections: AtomicUsize,
    pub(super) written: AtomicU64,
}

impl Journal {
    /// Keeps what came in, up to a megabyte.
    pub(super) fn note_received(&self, bytes: &[u8]) {
        let mut received = self.received.lock().unwrap();
        let room = RECEIVED_CAP.saturating_sub(received.len());
        received.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(super) fn note_gone(&self) {
        self.gone.lock().unwrap().push(Instant::now());
    }
}

const RECEIVED_CAP: usize = 1 << 20;
