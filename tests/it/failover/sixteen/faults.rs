//! What the providers of the sixteen scenarios do, and the conduct that they must see. S15 is a sequence and stands apart.
//!
//! Never: a healthy answer here is any other than the same sixty words.

use serde_json::{Value, json};

use super::{Got, gap, is_calm};
use crate::support::client::Event;
use crate::support::{Fault, Place, Reply, Script, Seen, ms, secs};

/// Sixty words, so that a cut answer is never taken for a whole one.
pub(super) const CANONICAL: &str = "w01 w02 w03 w04 w05 w06 w07 w08 w09 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 \
     w21 w22 w23 w24 w25 w26 w27 w28 w29 w30 w31 w32 w33 w34 w35 w36 w37 w38 w39 w40 \
     w41 w42 w43 w44 w45 w46 w47 w48 w49 w50 w51 w52 w53 w54 w55 w56 w57 w58 w59 w60";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Whole,
    Stream,
}

/// One fault.
pub(super) struct Scenario {
    pub(super) id: &'static str,
    pub(super) first: Script,
    pub(super) second: Script,
    /// Whether the right end is the provider's error.
    pub(super) is_refused: bool,
    /// Whether the answer must name the model of the second provider.
    pub(super) tells_the_model: bool,
    /// Whether the first provider was asked as it should be, and the second so many times.
    pub(super) conduct: fn(&[Seen], usize) -> bool,
}

fn usage() -> Value {
    json!({"prompt_tokens": 5, "completion_tokens": 60, "total_tokens": 65})
}

fn event(model: &str, delta: Value, finish: Value) -> String {
    let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    format!("data: {chunk}\n\n")
}

/// The events of a healthy stream: the role, sixty words, the reason, the usage, the mark of the end.
fn events(model: &str) -> Vec<String> {
    let mut all = vec![event(model, json!({"role": "assistant", "content": ""}), Value::Null)];
    for (at, word) in CANONICAL.split(' ').enumerate() {
        let text = if at == 0 { word.to_owned() } else { format!(" {word}") };
        all.push(event(model, json!({"content": text}), Value::Null));
    }
    all.push(event(model, json!({}), json!("stop")));
    let last = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": [], "usage": usage()});
    all.push(format!("data: {last}\n\n"));
    all.push("data: [DONE]\n\n".to_owned());
    all
}

impl Shape {
    pub(super) fn whole(self, model: &str) -> Reply {
        match self {
            Self::Stream => Reply::sse(events(model)),
            Self::Whole => Reply::json(
                200,
                &json!({"id": "c", "object": "chat.completion", "created": 1, "model": model,
                    "choices": [{"index": 0, "finish_reason": "stop",
                        "message": {"role": "assistant", "content": CANONICAL}}],
                    "usage": usage()}),
            ),
        }
    }

    fn healthy(self) -> Reply {
        self.whole("first-model")
    }

    /// What happens after two thirds of the answer, or a third of it.
    fn breaks(self, words: usize, fault: Fault) -> Reply {
        match self {
            Self::Stream => self.healthy().fault(Place::Piece(1 + words), fault),
            Self::Whole => self.healthy().fault(Place::BodyByte(words * 4), fault),
        }
    }

    fn malformed(self) -> Reply {
        if self == Self::Whole {
            let whole = self.healthy().payload();
            return Reply::new(200)
                .header("content-type", "application/json")
                .body(whole[..whole.len() / 2].to_vec());
        }
        let mut events = events("first-model");
        events.insert(
            11,
            "data: {\"id\": \"c\", \"choices\": [{\"delta\": {\"content\": \n\n".into(),
        );
        Reply::sse(events)
    }

    fn without_mark(self) -> Reply {
        if self == Self::Whole {
            return self.healthy();
        }
        let mut events = events("first-model");
        events.pop();
        Reply::sse(events)
    }
}

/// What a careful client makes of the events of a stream that ended cleanly.
pub(super) fn said(events: &[Event]) -> Got {
    let (mut text, mut model, mut has_usage) = (String::new(), String::new(), false);
    for event in events {
        let Ok(value) = serde_json::from_str::<Value>(event.data()) else { continue };
        if value["error"].is_object() {
            return Got::Error(event.text.clone());
        }
        text.push_str(value["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        has_usage |= value["usage"].is_object();
        if let Some(name) = value["model"].as_str() {
            name.clone_into(&mut model);
        }
    }
    Got::Answer { text, model, has_usage }
}

fn error(status: u16, code: &str) -> Reply {
    let error = json!({"message": "no", "type": "e", "param": null, "code": code});
    Reply::json(status, &json!({"error": error}))
}

/// A provider that cannot take over in the midst of an answer.
fn without_prefill(shape: Shape) -> Script {
    Script::by(move |seen| {
        let messages = seen.json()["messages"].clone();
        let last = messages.as_array().and_then(|all| all.last().cloned()).unwrap_or_default();
        if last["role"] == "assistant" {
            error(400, "invalid_prefill")
        } else {
            shape.whole("second-model")
        }
    })
}

/// All of them but S15.
pub(super) fn scenarios(shape: Shape) -> Vec<Scenario> {
    let once = |reply: Reply| Script::always(shape.healthy()).first([reply]);
    let always = |reply: Reply| Script::always(reply);
    let scenario = |id, first: Script, conduct| Scenario {
        id,
        first,
        second: shape.whole("second-model").into(),
        is_refused: false,
        tells_the_model: false,
        conduct,
    };
    let limited = error(429, "rate_limit_exceeded");
    let cut = || always(shape.breaks(40, Fault::Fin));
    let late = Place::Piece(0);
    vec![
        scenario("s01", once(limited.clone().header("retry-after", "1")), |asked, _| {
            asked.len() == 2 && gap(asked).is_some_and(|gap| gap >= ms(900))
        }),
        scenario("s02", always(limited), |asked, second| is_calm(asked, 4) && second == 1),
        scenario("s03", once(error(500, "server_error")), |asked, _| asked.len() == 2),
        scenario("s04", always(error(503, "overloaded")), |asked, second| {
            asked.len() <= 6 && second == 1
        }),
        scenario("s05", once(shape.healthy().fault(Place::Start, Fault::Reset)), |_, _| true),
        scenario(
            "s06",
            always(shape.healthy().fault(Place::Start, Fault::Stall)),
            |asked, second| asked.len() == 1 && second == 1,
        ),
        scenario(
            "s07",
            always(shape.healthy().fault(late, Fault::Pause(secs(15)))),
            |asked, second| asked.len() == 1 && second == 1,
        ),
        scenario("s08", cut(), |_, _| true),
        scenario("s09", always(shape.breaks(20, Fault::Stall)), |_, _| true),
        scenario("s10", always(shape.malformed()), |_, _| true),
        scenario("s11", always(shape.without_mark()), |asked, _| asked.len() == 1),
        scenario("s12", always(error(400, "context_length_exceeded")), |asked, _| asked.len() == 1),
        Scenario {
            is_refused: true,
            ..scenario("s13", always(error(400, "content_policy_violation")), |asked, second| {
                asked.len() == 1 && second == 0
            })
        },
        Scenario { second: without_prefill(shape), ..scenario("s14", cut(), |_, _| true) },
        Scenario {
            tells_the_model: true,
            ..scenario("s16", always(error(503, "overloaded")), |asked, second| {
                asked.len() <= 6 && second == 1
            })
        },
    ]
}
