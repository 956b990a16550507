//! The fixed set of answers and errors that every protocol's writer is reviewed over.
//!
//! It never grows by an answer that shows nothing new in any protocol.

use std::time::Duration;

use onwards::protocol::Protocol;
use onwards::protocol::conversation::{
    Content, Event, Failure, Finish, Kind, Media, MediaKind, Part, Reply, Signature, ToolCall,
    Usage,
};
use onwards::protocol::replay;

/// Whole answers, by name.
pub(crate) fn replies() -> Vec<(&'static str, Reply)> {
    let text = || vec![Part::text("Hello there.")];
    let picture =
        Media::from_url(MediaKind::Image, "data:image/png;base64,iVBORw0KGgo=".to_owned());
    let stopped = Some("END".to_owned());
    let usage = Usage { input: 100, output: 50, cache_read: 60, cache_write: 10, reasoning: 20 };
    let calls =
        vec![Part::text("I look."), call("call_1", r#"{"city":"Paris"}"#), call("call_2", "{}")];
    let own = reply(Finish::Stop, text());
    let seal = Signature::new(Protocol::Anthropic, "c2VhbA==");
    let sealed = Part::new(Content::Redacted).signed(Some(seal));
    let custom = Part::new(Content::ToolCall(ToolCall {
        id: "call_1".into(),
        name: "custom:apply_patch".into(),
        arguments: r#"{"input":"a patch"}"#.into(),
    }));
    vec![
        ("text", Reply { id: Some("up_1".into()), model: Some("model-1".into()), ..own }),
        ("texts", reply(Finish::Stop, vec![Part::text("One."), Part::text("Two.")])),
        ("empty", reply(Finish::Stop, Vec::new())),
        ("usage", Reply { usage, ..reply(Finish::Stop, text()) }),
        ("calls", reply(Finish::ToolCalls, calls)),
        ("reasoning_anthropic", reasoned(Protocol::Anthropic)),
        ("reasoning_gemini", reasoned(Protocol::Gemini)),
        ("redacted", reply(Finish::Stop, vec![sealed, Part::text("Hello.")])),
        ("call_of_free_text", reply(Finish::ToolCalls, vec![custom])),
        ("refusal", reply(Finish::Stop, vec![refusal()])),
        (
            "media",
            reply(Finish::Stop, vec![Part::text("Here."), Part::new(Content::Media(picture))]),
        ),
        ("stop_sequence", Reply { stop_sequence: stopped, ..reply(Finish::StopSequence, text()) }),
        ("length", reply(Finish::Length, text())),
        ("context_window", reply(Finish::ContextWindow, text())),
        ("content_filter", reply(Finish::ContentFilter, text())),
        ("pause", reply(Finish::Pause, text())),
        ("malformed", reply(Finish::Malformed, text())),
    ]
}

/// Streams, by name: what says something else than the whole answer does.
pub(crate) fn streams() -> Vec<(String, Vec<Event>)> {
    let told = [
        "text",
        "empty",
        "usage",
        "calls",
        "reasoning_anthropic",
        "redacted",
        "call_of_free_text",
        "refusal",
        "stop_sequence",
        "length",
        "content_filter",
    ];
    let replies = replies().into_iter().filter(|(name, _)| told.contains(name));
    let whole = replies.map(|(name, reply)| (name, replay::events(reply)));
    let start = || Event::Start { id: Some("up_1".into()), model: Some("model-1".into()) };
    let failure = || Event::Failure(Failure::new(Kind::Overloaded, "too much to do"));
    let rest = [
        (
            "pings",
            vec![
                start(),
                Event::Ping,
                Event::Text("Hel".into()),
                Event::Ping,
                Event::Text("lo".into()),
                Event::PartEnd,
                Event::Finish { reason: Finish::Stop, stop_sequence: None },
                Event::Usage(Usage { input: 9, output: 2, ..Usage::default() }),
                Event::Done,
            ],
        ),
        ("fails_first", vec![failure()]),
        ("fails_after_text", vec![start(), Event::Text("Hel".into()), failure()]),
        (
            "fails_in_a_call",
            vec![
                start(),
                Event::ToolCallStart {
                    index: 0,
                    id: "call_1".into(),
                    name: "get_weather".into(),
                    signature: None,
                },
                Event::ToolCallDelta { index: 0, json: r#"{"city":"#.into() },
                failure(),
            ],
        ),
    ];
    let kinds = [
        Kind::InvalidRequest,
        Kind::ContextWindow,
        Kind::RateLimit,
        Kind::Timeout,
        Kind::Cut,
        Kind::Malformed,
    ];
    let failed = kinds.map(|kind| {
        let failure = Failure::new(kind, "so it says");
        (format!("fails_with_{kind:?}"), vec![Event::Failure(failure)])
    });
    let named = whole.chain(rest).map(|(name, events)| (name.to_owned(), events));
    named.chain(failed).collect()
}

/// An error of every kind, by the kind's name.
pub(crate) fn failures() -> Vec<(String, Failure)> {
    let plain = KINDS.map(|kind| (format!("{kind:?}"), Failure::new(kind, "so it says")));
    let told = Failure {
        param: Some("messages[0]".to_owned()),
        retry_after: Some(Duration::from_millis(1_500)),
        ..Failure::new(Kind::RateLimit, "slow down").with_code(Some("tpm".to_owned()))
    };
    plain.into_iter().chain([("with_all_it_can_say".to_owned(), told)]).collect()
}

const KINDS: [Kind; 15] = [
    Kind::InvalidRequest,
    Kind::ContextWindow,
    Kind::ContentFilter,
    Kind::Authentication,
    Kind::Permission,
    Kind::NotFound,
    Kind::TooLarge,
    Kind::RateLimit,
    Kind::Quota,
    Kind::Timeout,
    Kind::Overloaded,
    Kind::Unavailable,
    Kind::Server,
    Kind::Cut,
    Kind::Malformed,
];

fn reply(finish: Finish, parts: Vec<Part>) -> Reply {
    let usage = Usage { input: 9, output: 5, ..Usage::default() };
    Reply { parts, finish, usage, ..Reply::default() }
}

/// What a model thought before a call, with its vendor's proof.
fn reasoned(vendor: Protocol) -> Reply {
    let proof = Some(Signature::new(vendor, "cHJvb2Y="));
    let thought = Part::new(Content::Reasoning("I must look.".into())).signed(proof.clone());
    reply(Finish::ToolCalls, vec![thought, call("call_1", "{}").signed(proof)])
}

fn refusal() -> Part {
    Part::new(Content::Refusal("I cannot help with that.".into()))
}

fn call(id: &str, arguments: &str) -> Part {
    Part::new(Content::ToolCall(ToolCall {
        id: id.into(),
        name: "get_weather".into(),
        arguments: arguments.into(),
    }))
}
