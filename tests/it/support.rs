//! The laboratory of the integration tests: the real binary on real sockets, between providers that misbehave by
//! script and clients that speak raw bytes.
//!
//! Never: no type of the router is imported here; what a test learns, it learns from outside.

pub(crate) mod client;
pub(crate) mod expect;
pub(crate) mod gate;
pub(crate) mod proxy;
pub(crate) mod redis;
pub(crate) mod router;
pub(crate) mod targets;
pub(crate) mod upstream;

pub(crate) use client::{Call, Conn, End, Response, chat, chat_stream};
pub(crate) use expect::{assert_envelope, assert_error, assert_ok, assert_stream_error};
pub(crate) use router::{Launch, Router, Write, run_cli, run_cli_with};
pub(crate) use targets::{open, pair, pool, provider};
pub(crate) use upstream::{Accept, Fault, Place, Reply, Script, Seen, Upstream};

use std::time::{Duration, Instant};

/// Asks again and again until the answer is yes; false when the time is over.
pub(crate) async fn eventually(within: Duration, mut ask: impl AsyncFnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if ask().await {
            return true;
        }
        if start.elapsed() > within {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Milliseconds, as tests write them.
pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A second or more, as tests write them.
pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}
