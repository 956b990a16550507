//! A random marker, planted in each place that a provider controls, one place after the other: any client
//! at any provider, whole, streamed, refused and cut.
//!
//! Never: what a model has said, ids, and what the client itself has sent are no such places. They are
//! the names of `places::FREE`, the same ones that `docs/strict.md` tells.

mod asked;
mod errors;
mod heads;
mod places;
mod streams;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::{Reply, Router, Script, Upstream};
use crate::translation::{PROTOCOLS, call, targets};
use asked::asked;

/// One place where a marker is planted, and the answer that has it there.
struct Planted {
    place: String,
    reply: Reply,
    /// Whether it is an answer all the same.
    is_answer: bool,
    /// Asked for by two clients, one of the provider's own protocol, and not by all of them.
    of_two: bool,
}

/// A provider whose answer changes from request to request, behind a strict router.
struct Bed {
    provider: &'static str,
    reply: Arc<Mutex<Reply>>,
    router: Router,
    upstream: Upstream,
    marker: String,
    /// What is wrong, all of it: places of one kind come together.
    wrong: Mutex<Vec<String>>,
}

impl Bed {
    async fn of(provider: &'static str, marker: String) -> Self {
        let reply = Arc::new(Mutex::new(Reply::new(200)));
        let next = Arc::clone(&reply);
        let upstream = Upstream::start(Script::by(move |_| next.lock().unwrap().clone())).await;
        let mut targets = targets(provider, &upstream);
        targets["strict_mode"] = true.into();
        let router = Router::start(&targets).await;
        Self { provider, reply, router, upstream, marker, wrong: Mutex::default() }
    }

    /// Asks as every client; no answer holds the marker.
    async fn holds(&self, planted: Planted, streams: &[bool]) {
        *self.reply.lock().unwrap() = planted.reply;
        let other = PROTOCOLS[self.upstream.hits() % PROTOCOLS.len()];
        let asks = |client: &str| !planted.of_two || client == self.provider || client == other;
        for client in PROTOCOLS.into_iter().filter(|client| asks(client)) {
            for stream in streams {
                let before = self.upstream.hits();
                let seen = asked(&call(client, *stream), self.router.addr()).await;
                let wrong = match seen.to_ascii_lowercase().contains(&self.marker) {
                    true => "is told",
                    false if self.upstream.hits() == before => "is not asked",
                    false if planted.is_answer && !seen.starts_with("HTTP/1.1 200") => "is refused",
                    false => continue,
                };
                let place = format!("{client} at {} {stream} {}", self.provider, planted.place);
                self.wrong.lock().unwrap().push(format!("{place} {wrong}: {seen}"));
            }
        }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let wrong = self.wrong.lock().unwrap();
        assert!(
            wrong.is_empty() || std::thread::panicking(),
            "{}: {}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}

/// What nothing else of an answer can read like.
fn marker() -> String {
    let number = std::hash::RandomState::new().build_hasher().finish();
    format!("zq{number:016x}zq")
}

async fn whole_answers_hold_no_marker(provider: &'static str) {
    let bed = Bed::of(provider, marker()).await;
    let mut known = HashSet::new();
    for (case, text) in places::goldens(provider, "response.json") {
        let answer: Value = serde_json::from_slice(&text).unwrap();
        for (place, json, is_unknown_field) in places::planted(&answer, &bed.marker, &mut known) {
            let reply = Reply::json(200, &json);
            let is_answer = is_unknown_field && case != "malformed_call";
            let of_two = !place.ends_with("unknown") && !place.contains("line ");
            let place = format!("{case} {place}");
            let streams: &[bool] = if of_two { &[false] } else { &[false, true] };
            bed.holds(Planted { place, reply, is_answer, of_two }, streams).await;
        }
    }
    assert!(known.len() > 30, "{provider}: {}", known.len());
}

async fn streams_hold_no_marker(provider: &'static str) {
    let bed = Bed::of(provider, marker()).await;
    let mut known = HashSet::new();
    for stream in streams::goldens(provider) {
        for (place, whole, cut) in stream.planted(&bed.marker, &mut known) {
            for (body, how) in [(Some(whole), ""), (cut, ", cut")] {
                let Some(body) = body else { continue };
                let of_two = !place.ends_with("unknown") && !place.contains("line ");
                let place = format!("{} {place}{how}", stream.case);
                let reply = stream.reply(body);
                bed.holds(Planted { place, reply, is_answer: false, of_two }, &[true]).await;
            }
        }
    }
    assert!(known.len() > 30, "{provider}: {}", known.len());
}

macro_rules! of_each_provider {
    ($($module:ident $provider:literal),*) => {$(
        mod $module {
            #[tokio::test]
            async fn no_place_of_a_whole_answer_lets_a_marker_pass() {
                super::whole_answers_hold_no_marker($provider).await;
            }

            #[tokio::test]
            async fn no_place_of_a_stream_lets_a_marker_pass() {
                super::streams_hold_no_marker($provider).await;
            }

            #[tokio::test]
            async fn no_place_of_an_error_lets_a_marker_pass() {
                super::errors::hold_no_marker($provider).await;
            }

            #[tokio::test]
            async fn no_head_and_no_frame_of_an_answer_lets_a_marker_pass() {
                super::heads::hold_no_marker($provider).await;
            }
        }
    )*};
}

of_each_provider!(
    openai "openai",
    responses "openai_responses",
    anthropic "anthropic",
    gemini "gemini",
    bedrock "bedrock",
    cohere "cohere"
);
