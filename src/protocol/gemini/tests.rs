//! What users of gateways have reported of Gemini, each as a test.

use serde_json::{Value, json};

use super::CODEC;
use crate::protocol::codec::{Client, Head, Reading, Target, Written};
use crate::protocol::conversation::{
    Content, Conversation, Delivery, Event, Failure, Finish, Kind, Lossy, Part, Role, Signature,
    ToolCall, ToolResult, Turn, Usage,
};
use crate::protocol::{Endpoint, Operation, Protocol};

#[test]
fn paths_name_model_and_delivery() {
    for (path, query, operation, delivery) in [
        ("/v1beta/models/a%2Fb:generateContent", None, Operation::Generate, Delivery::Whole),
        (
            "/v1/models/a/b:streamGenerateContent",
            Some("key=k&alt=sse"),
            Operation::Generate,
            Delivery::Events,
        ),
        ("/v1beta/models/a/b:streamGenerateContent", None, Operation::Generate, Delivery::Array),
        ("/v1beta/models/a/b:countTokens", None, Operation::CountTokens, Delivery::Whole),
        ("/v1beta/models/a/b:embedContent", None, Operation::Embed, Delivery::Whole),
        ("/v1/models/a/b:batchEmbedContents", None, Operation::Embed, Delivery::Whole),
    ] {
        let found = Endpoint::find(path, query).unwrap();
        assert_eq!((found.protocol, found.operation), (Protocol::Gemini, operation));
        assert_eq!((found.model.as_deref(), found.delivery), (Some("a/b"), Some(delivery)));
    }
    assert_eq!(Endpoint::find("/v1beta/models/x:predict", None), None);
}

/// A piece that is a space would be left out by writers to vendors that refuse blank text.
#[test]
fn pieces_of_a_text_are_put_together() {
    let parts = json!([{"text": "one"}, {"text": " "}, {"text": "two"}, {"text": "", "thoughtSignature": "U2ln"}]);
    let body = json!({"contents": [{"parts": [{"text": "q"}]}, {"role": "model", "parts": parts}, {"parts": [{"text": "r"}, {"text": "s"}]}]});
    let head = Head { model: Some("m"), delivery: None };
    let read = CODEC.read_request(body.to_string().as_bytes(), &head).unwrap();
    let texts = |turn: &Turn| -> Vec<String> {
        turn.parts.iter().filter_map(Part::as_text).map(str::to_owned).collect()
    };
    assert_eq!(texts(&read.turns[1]), ["one two"]);
    assert_eq!(read.turns[1].parts[0].signature_of(Protocol::Gemini), Some("U2ln"));
    assert_eq!(texts(&read.turns[2]), ["r", "s"]);
}

#[test]
fn unreadable_requests_name_the_field() {
    for (body, said) in [
        (json!({}), "`contents` must hold at least one content"),
        (
            json!({"contents": [{"role": "robot"}]}),
            "`contents[0].role` is not a role of this protocol",
        ),
        (
            json!({"contents": [{"parts": [{"functionCall": {}}]}]}),
            "`contents[0].parts[0].functionCall.name` is missing",
        ),
        (
            json!({"contents": [{"parts": [{"inline_data": {"mime_type": "image/png"}}]}]}),
            "`contents[0].parts[0].inline_data.data` is missing",
        ),
        (
            json!({"contents": [{"parts": [{"text": "x"}]}], "generation_config": {"top_p": "high"}}),
            "`generation_config.top_p` must be a number",
        ),
        (json!({"systemInstruction": 5}), "`systemInstruction` must be an object"),
        (
            json!({"generateContentRequest": {"contents": []}}),
            "`contents` must hold at least one content",
        ),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        let head = Head { model: Some("m"), delivery: None };
        assert_eq!(CODEC.read_request(&body, &head).unwrap_err().to_string(), said);
    }
    let error = CODEC.read_request(br#"{"contents":[]}"#, &Head::default()).unwrap_err();
    assert_eq!(error.to_string(), "`model` is missing");
}

#[test]
fn newer_models_are_given_a_signature_with_the_first_call() {
    let own = Some(Signature::new(Protocol::Gemini, "own"));
    let foreign = Some(Signature::new(Protocol::Anthropic, "theirs"));
    for (model, signature, expected) in [
        ("gemini-3-pro-preview", None, json!("skip_thought_signature_validator")),
        ("gemini-3-pro-preview", foreign.clone(), json!("skip_thought_signature_validator")),
        ("gemini-3-pro-preview", own.clone(), json!("own")),
        ("gemini-flash-latest", None, json!("skip_thought_signature_validator")),
        ("gemini-2.5-pro", foreign, Value::Null),
        ("gemini-2.5-pro", own, json!("own")),
    ] {
        let body = body(&write(&calling(signature), model));
        let parts = &body["contents"][1]["parts"];
        assert_eq!(parts[0]["thoughtSignature"], expected, "{model}");
        assert_eq!(parts[1]["thoughtSignature"], Value::Null, "{model}");
    }
}

#[test]
fn results_find_their_name_and_are_objects() {
    let body = body(&write(&calling(None), "gemini-2.5-pro"));
    assert_eq!(
        body["contents"][2]["parts"],
        json!([
            {"functionResponse": {"id": "c1", "name": "g", "response": {"a": 1}}},
            {"functionResponse": {"id": "c0", "name": "f", "response": {"error": "{\"a\": 1}"}}},
            {"functionResponse": {"id": "c9", "name": "unknown", "response": {"output": "[1]"}}},
        ])
    );
}

#[test]
fn a_form_beside_tools_is_dropped_for_older_models() {
    let format = json!({"contents": [{"parts": [{"text": "q"}]}], "tools": [{"functionDeclarations": [{"name": "f"}]}], "generationConfig": {"responseMimeType": "application/json"}});
    let conversation = read(&format);
    assert_eq!(write(&conversation, "gemini-2.5-pro").dropped, ["response_format"]);
    let written = write(&conversation, "gemini-3-flash-preview");
    assert!(written.dropped.is_empty());
    assert_eq!(body(&written)["generationConfig"]["responseMimeType"], "application/json");
}

#[test]
fn models_are_resources() {
    for (model, path) in [
        ("gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:generateContent"),
        ("models/gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:generateContent"),
        ("tunedModels/a b?", "/v1beta/tunedModels/a%20b%3F:generateContent"),
    ] {
        assert_eq!(write(&calling(None), model).path_and_query, path);
    }
}

#[test]
fn tokens_are_counted() {
    let conversation = calling(None);
    let written = CODEC.write_count(&conversation, &target("gemini-2.5-pro")).unwrap().unwrap();
    assert_eq!(written.path_and_query, "/v1beta/models/gemini-2.5-pro:countTokens");
    let inner = &body(&written)["generateContentRequest"];
    assert_eq!(inner["model"], "models/gemini-2.5-pro");
    let head = Head { model: Some("alias"), delivery: Some(Delivery::Whole) };
    let again = CODEC.read_request(&written.body, &head).unwrap();
    assert_eq!((again.model.as_str(), again.turns.len()), ("alias", conversation.turns.len()));
    assert_eq!(CODEC.read_count(&CODEC.write_counted(17)), Ok(17));
    assert_eq!(CODEC.read_count(b"{}").unwrap_err().kind, Kind::Malformed);
}

#[test]
fn a_200_may_hold_an_error() {
    for (body, status, kind) in [
        (
            json!({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}),
            429,
            Kind::RateLimit,
        ),
        (json!({"error": {"message": "m"}}), 500, Kind::Server),
        (json!({"candidates": []}), 502, Kind::Malformed),
        (json!({}), 502, Kind::Malformed),
        (json!("hello"), 502, Kind::Malformed),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        let failure = CODEC.read_response(&body, &Reading::default()).unwrap_err();
        assert_eq!((failure.status, failure.kind), (status, kind));
    }
}

#[test]
fn an_array_is_whole_and_is_read_again() {
    let usage = Usage { input: 3, output: 9, reasoning: 4, ..Usage::default() };
    let events = [
        Event::Start { id: None, model: None },
        Event::Ping,
        Event::Text("Hi".into()),
        Event::PartEnd,
        Event::ToolCallStart { index: 0, id: "c".into(), name: "f".into(), signature: None },
        Event::ToolCallDelta { index: 0, json: "{\n\"a\":".into() },
        Event::ToolCallDelta { index: 0, json: " 1}".into() },
        Event::PartEnd,
        Event::Finish { reason: Finish::ToolCalls, stop_sequence: None },
        Event::Usage(usage),
        Event::Done,
    ];
    let out = stream(Delivery::Array, &events);
    let chunks: Vec<Value> = serde_json::from_slice(&out).unwrap();
    assert_eq!(chunks.len(), 3);
    assert_eq!(chunks[1]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"]["a"], 1);
    assert_eq!(chunks[2]["usageMetadata"]["thoughtsTokenCount"], 4);
    assert_eq!(chunks[2]["candidates"][0]["finishReason"], "STOP");
    for piece in [1, 7, out.len()] {
        let mut reader = CODEC.stream_reader(Reading::default());
        let mut again = Vec::new();
        out.chunks(piece).for_each(|bytes| reader.feed(bytes.to_vec().into(), &mut again));
        reader.end(&mut again);
        assert!(again.contains(&Event::ToolCallDelta { index: 0, json: "{\"a\":1}".into() }));
        assert!(again.contains(&Event::Usage(usage)));
        assert_eq!(again.last(), Some(&Event::Done));
    }
}

#[test]
fn a_broken_array_ends_with_its_error() {
    let failure = Event::Failure(Failure::new(Kind::Overloaded, "busy"));
    for before in [vec![], vec![Event::Text("Hi".into())]] {
        let count = before.len() + 1;
        let events: Vec<Event> = before.into_iter().chain([failure.clone()]).collect();
        let chunks: Vec<Value> = serde_json::from_slice(&stream(Delivery::Array, &events)).unwrap();
        assert_eq!(chunks.len(), count);
        let error = json!({"code": 503, "message": "busy", "status": "UNAVAILABLE"});
        assert_eq!(chunks[count - 1], json!({"error": error}));
    }
}

/// As Google tells an error in the midst of a stream, and as its libraries read one.
#[test]
fn error_outside_of_events_is_read_and_written() {
    let error = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    let chunk = json!({"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]});
    let stream = format!("data: {chunk}\n\n{error:#}\n");
    for piece in [1, 7, stream.len()] {
        let mut reader = CODEC.stream_reader(Reading::default());
        let mut events = Vec::new();
        let pieces = stream.as_bytes().chunks(piece);
        pieces.for_each(|bytes| reader.feed(bytes.to_vec().into(), &mut events));
        reader.end(&mut events);
        let Some(Event::Failure(failure)) = events.last() else { panic!("{events:?}") };
        assert_eq!((failure.status, failure.message.as_str()), (503, "busy"), "{piece}");
    }
    let failure = Event::Failure(Failure::new(Kind::Overloaded, "busy"));
    let out = String::from_utf8(self::stream(Delivery::Events, &[failure])).unwrap();
    let (event, outside) = out.split_once("\n\n").unwrap();
    for told in [event.strip_prefix("data: ").unwrap(), outside] {
        assert_eq!(serde_json::from_str::<Value>(told).unwrap(), error);
    }
}

/// A history that a client library collected from our stream gives every vendor its own back.
#[test]
fn foreign_thoughts_come_back_whole() {
    let signature = Signature::new(Protocol::Anthropic, "EqQB");
    let seal = Signature::new(Protocol::Anthropic, "Emw");
    let events = [
        Event::Reasoning("Step".into()),
        Event::Reasoning(" by step.".into()),
        Event::ReasoningSignature(signature.clone()),
        Event::PartEnd,
        Event::Redacted(seal.clone()),
        Event::PartEnd,
        Event::Text("Do".into()),
        Event::Text("ne.".into()),
        Event::PartEnd,
        Event::Done,
    ];
    let out = String::from_utf8(stream(Delivery::Events, &events)).unwrap();
    let chunks = out.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let contents: Vec<Value> = chunks
        .map(|chunk| {
            serde_json::from_str::<Value>(chunk).unwrap()["candidates"][0]["content"].clone()
        })
        .collect();
    let conversation = read(&json!({ "contents": contents }));
    let [turn] = conversation.turns.as_slice() else { panic!("{:?}", conversation.turns) };
    let [thought, sealed, text, ..] = turn.parts.as_slice() else { panic!("{turn:?}") };
    assert!(matches!(&thought.content, Content::Reasoning(text) if text == "Step by step."));
    assert_eq!(thought.signature, Some(signature));
    assert!(matches!(sealed.content, Content::Redacted));
    assert_eq!(sealed.signature, Some(seal));
    assert_eq!(text.as_text(), Some("Done."));
}

/// Two calls, with their results out of order and one that belongs to none.
fn calling(signature: Option<Signature>) -> Conversation {
    let call = |id: &str, name: &str| {
        let (id, name) = (id.to_owned(), name.to_owned());
        Part::new(Content::ToolCall(ToolCall { id, name, arguments: String::new() }))
    };
    let result = |id: &str, text: &str, is_error| {
        let content = vec![Part::text(text)];
        Part::new(Content::ToolResult(ToolResult {
            call_id: id.to_owned(),
            name: None,
            content,
            is_error,
        }))
    };
    Conversation {
        turns: vec![
            Turn::new(Role::User, vec![Part::text("q")]),
            Turn::new(Role::Assistant, vec![call("c0", "f").signed(signature), call("c1", "g")]),
            Turn::new(
                Role::User,
                vec![
                    result("c1", "{\"a\": 1}", false),
                    result("c0", "{\"a\": 1}", true),
                    result("c9", "[1]", false),
                ],
            ),
        ],
        ..Conversation::default()
    }
}

fn stream(delivery: Delivery, events: &[Event]) -> Vec<u8> {
    let to = Client {
        model: "m",
        id: "i",
        created: 0,
        delivery,
        include_usage: true,
        ..Client::default()
    };
    let mut writer = CODEC.stream_writer(&to);
    let mut out = Vec::new();
    for event in events {
        writer.write(event.clone(), &mut out);
    }
    out
}

fn read(body: &Value) -> Conversation {
    let head = Head { model: Some("m"), delivery: None };
    CODEC.read_request(&serde_json::to_vec(body).unwrap(), &head).unwrap()
}

fn write(conversation: &Conversation, model: &str) -> Written {
    CODEC.write_request(conversation, &target(model)).unwrap()
}

fn target(model: &str) -> Target<'_> {
    Target { model, lossy: Lossy::Warn, seed: "seed", ..Target::default() }
}

fn body(written: &Written) -> Value {
    serde_json::from_slice(&written.body).unwrap()
}
