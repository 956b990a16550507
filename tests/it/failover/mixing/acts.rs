//! What providers do to attempts, and the mark that each attempt leaves on every byte it can.
//!
//! Never: two attempts have one mark.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use crate::support::{Fault, Place, Reply, Script, Seen};

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Well,
    /// An error with this status.
    Status(u16),
    /// A 200 that is an error, with this status for its code.
    ErrorInside(u16),
    /// A stream that begins well and then tells an error.
    ErrorLater,
    /// A stream that is over before it has begun.
    Stillborn,
    /// 204.
    Empty,
    /// What is no HTTP.
    Garbage,
    /// A good answer with a fault in it.
    Faulty(Spot, Ill),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Spot {
    Start,
    Head,
    Byte(usize),
    Piece(usize),
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ill {
    Reset,
    Fin,
    Stall,
    /// Milliseconds of silence, and then it goes on.
    Pause(u64),
}

pub(super) fn any() -> impl Strategy<Value = Act> {
    let spot = prop_oneof![
        Just(Spot::Start),
        Just(Spot::Head),
        (0..1_200usize).prop_map(Spot::Byte),
        (0..8usize).prop_map(Spot::Piece),
        Just(Spot::End),
    ];
    let ill = prop_oneof![
        3 => Just(Ill::Reset),
        2 => Just(Ill::Fin),
        1 => Just(Ill::Stall),
        3 => prop::sample::select(vec![5, 20, 40, 1_100]).prop_map(Ill::Pause),
    ];
    let status = prop::sample::select(vec![400u16, 401, 404, 408, 429, 500, 503, 529]);
    prop_oneof![
        2 => Just(Act::Well),
        2 => status.clone().prop_map(Act::Status),
        2 => status.prop_map(Act::ErrorInside),
        1 => Just(Act::ErrorLater),
        1 => Just(Act::Stillborn),
        1 => Just(Act::Empty),
        1 => Just(Act::Garbage),
        8 => (spot, ill).prop_map(|(spot, ill)| Act::Faulty(spot, ill)),
    ]
}

/// What has been asked and what was answered, for all providers together.
#[derive(Clone, Default)]
pub(super) struct Stage(Arc<Mutex<Vec<Case>>>);

/// One request: what is still to become of its attempts, and what each of them said.
struct Case {
    acts: VecDeque<Act>,
    said: Vec<Vec<u8>>,
}

impl Stage {
    /// The number of a new request.
    pub(super) fn open_case(&self, acts: &[Act]) -> usize {
        let mut cases = self.0.lock().unwrap();
        cases.push(Case { acts: acts.iter().copied().collect(), said: Vec::new() });
        cases.len() - 1
    }

    /// A provider that plays its part in every request.
    pub(super) fn script(&self, name: &'static str) -> Script {
        let stage = self.clone();
        Script::by(move |seen| {
            let body = String::from_utf8_lossy(&seen.body).into_owned();
            let (case, _) = numbers(&body, "case").next().expect("a request of this test");
            let mut cases = stage.0.lock().unwrap();
            let act = cases[case].acts.pop_front().unwrap_or(Act::Well);
            let mark = format!("mark{case}x{}y", cases[case].said.len());
            let reply = play(act, &format!("{mark} {name} {mark}"), seen);
            cases[case].said.push(reply.payload());
            reply.header("x-mark", &mark)
        })
    }

    /// All that an attempt would have said.
    pub(super) fn said(&self, case: usize, attempt: usize) -> Vec<u8> {
        self.0.lock().unwrap()[case].said[attempt].clone()
    }

    /// Attempts in all.
    pub(super) fn attempts(&self) -> usize {
        self.0.lock().unwrap().iter().map(|case| case.said.len()).sum()
    }
}

/// How a request tells providers which one it is.
pub(super) fn case_word(case: usize) -> String {
    format!("case{case}x0y")
}

/// Request and attempt of every whole mark in a text.
pub(super) fn marks(text: &str) -> impl Iterator<Item = (usize, usize)> {
    numbers(text, "mark")
}

fn numbers<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    text.split(word).skip(1).filter_map(|rest| {
        let (one, rest) = rest.split_once('x')?;
        let (other, _) = rest.split_once('y')?;
        Some((one.parse().ok()?, other.parse().ok()?))
    })
}

fn play(act: Act, mark: &str, seen: &Seen) -> Reply {
    let anthropic = seen.target.starts_with("/v1/messages");
    let stream = String::from_utf8_lossy(&seen.body).contains("\"stream\":true");
    let error = |status: u16| json!({"type": "error", "error": {"message": mark, "type": "x", "code": status}});
    let event = |status| match anthropic {
        true => format!("event: error\ndata: {}\n\n", error(status)),
        false => format!("data: {}\n\n", error(status)),
    };
    match act {
        Act::Well => good(anthropic, stream, mark),
        Act::Status(status) => Reply::json(status, &error(status)),
        Act::ErrorInside(status) if stream => Reply::sse([event(status)]),
        Act::ErrorInside(status) => Reply::json(200, &error(status)),
        Act::ErrorLater if stream => {
            Reply::sse(events(anthropic, mark)[..3].iter().cloned().chain([event(503)]))
        }
        Act::ErrorLater => Reply::error(500, mark),
        Act::Stillborn if stream => Reply::sse([": warm\n\n", "data: [DONE]\n\n"]),
        Act::Stillborn => Reply::new(200).header("content-type", "application/json"),
        Act::Empty => Reply::new(204),
        Act::Garbage => Reply::raw(format!("220 {mark} ESMTP\r\n")),
        Act::Faulty(spot, ill) => {
            let place = match spot {
                Spot::Start => Place::Start,
                Spot::Head => Place::Head,
                Spot::Byte(at) => Place::BodyByte(at),
                Spot::Piece(at) => Place::Piece(at),
                Spot::End => Place::LastPiece,
            };
            let fault = match ill {
                Ill::Reset => Fault::Reset,
                Ill::Fin => Fault::Fin,
                Ill::Stall => Fault::Stall,
                Ill::Pause(millis) => Fault::Pause(Duration::from_millis(millis)),
            };
            good(anthropic, stream, mark).fault(place, fault)
        }
    }
}

fn good(anthropic: bool, stream: bool, mark: &str) -> Reply {
    match (anthropic, stream) {
        (_, true) => Reply::sse(events(anthropic, mark)),
        (false, false) => Reply::chat(mark),
        (true, false) => Reply::json(
            200,
            &json!({"id": mark, "type": "message", "role": "assistant", "model": mark,
                "content": [{"type": "text", "text": mark}], "stop_reason": "end_turn",
                "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}}),
        ),
    }
}

fn events(anthropic: bool, mark: &str) -> Vec<String> {
    if !anthropic {
        let words = std::iter::repeat_n(crate::support::upstream::chunk_event(mark), 5);
        return words.chain(["data: [DONE]\n\n".to_owned()]).collect();
    }
    let event = |name: &str, mut data: serde_json::Value| {
        data["type"] = json!(name);
        format!("event: {name}\ndata: {data}\n\n")
    };
    let message = json!({"id": mark, "type": "message", "role": "assistant", "content": [],
        "model": mark, "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 1, "output_tokens": 1}});
    let text = json!({"index": 0, "delta": {"type": "text_delta", "text": mark}});
    vec![
        event("message_start", json!({"message": message})),
        event(
            "content_block_start",
            json!({"index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        event("content_block_delta", text.clone()),
        event("content_block_delta", text),
        event("content_block_stop", json!({"index": 0})),
        event(
            "message_delta",
            json!({"delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": 2}}),
        ),
        event("message_stop", json!({})),
    ]
}
