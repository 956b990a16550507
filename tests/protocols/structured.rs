//! Structured output from models that have no field for it: a tool that must be called stands for
//! the answer, and its arguments are all of it.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Reading, Target};
use onwards::protocol::conversation::{
    Content, Delivery, Event, Finish, Lossy, Part, Reply, ToolCall,
};

use super::corpus::{client, write_stream};

/// Protocols with models that are asked so, each with one.
const ASKED: [(Protocol, &str); 2] = [
    (Protocol::Bedrock, "amazon.nova-pro-v1:0"),
    (Protocol::Anthropic, "claude-3-5-sonnet-20241022"),
];
const PLAN: &str = "<thinking>plan</thinking>";
const ANSWER: &str = r#"{"a": 1}"#;

#[test]
fn what_is_said_beside_the_answer_is_no_part_of_it() {
    for (protocol, model) in ASKED {
        let reading = reading(protocol, model);
        for (said, kept) in [
            (vec![text(PLAN), call(&reading, ANSWER)], vec![reasoning(PLAN), text(ANSWER)]),
            (vec![text("\n"), call(&reading, ANSWER)], vec![text(ANSWER)]),
            (vec![call(&reading, ANSWER), text("Done.")], vec![text(ANSWER), reasoning("Done.")]),
            (
                vec![call(&reading, ANSWER), call(&reading, r#"{"a": 2}"#)],
                vec![text(ANSWER), reasoning(r#"{"a": 2}"#)],
            ),
            (vec![text("I will not.")], vec![text("I will not.")]),
        ] {
            let reply = Reply { parts: said, finish: Finish::ToolCalls, ..Reply::default() };
            let codec = protocol.codec();
            let body = codec.write_response(&reply, &client(Delivery::Whole));
            let read = codec.read_response(&body, &reading).unwrap();
            let shown = |parts: &[Part]| {
                format!("{:?}", parts.iter().map(|p| &p.content).collect::<Vec<_>>())
            };
            assert_eq!(shown(&read.parts), shown(&kept), "{protocol}");
            let answered = kept.len() > 1 || kept[0].as_text() == Some(ANSWER);
            assert_eq!(read.finish == Finish::Stop, answered, "{protocol}");
        }
    }
}

/// Grammars are made of schemas that come to an end.
#[test]
fn schemas_that_lead_back_into_themselves_hold_no_claude() {
    let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}});
    let circle = json!({"$ref": "#/$defs/node", "$defs": {"node": node}});
    let chain =
        json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {}}}});
    for (to, model) in [
        (Protocol::Anthropic, "claude-sonnet-4-5"),
        (Protocol::Bedrock, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ] {
        for (schema, is_held) in [(&circle, false), (&chain, true)] {
            let format =
                json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
            let (body, dropped) = asked(to, model, &json!({"response_format": format}));
            let has_field = body.contains("json_schema") || body.contains("jsonSchema");
            assert_eq!(has_field, is_held, "{to}: {body}");
            assert_eq!(body.contains("give_answer"), !is_held, "{to}: {body}");
            assert!(dropped.is_empty(), "{to}: {dropped:?}");
            let function = json!({"name": "f", "strict": true, "parameters": schema});
            let tools = json!([{"type": "function", "function": function}]);
            let (body, dropped) = asked(to, model, &json!({"tools": tools}));
            assert_eq!(body.contains(r#""strict":true"#), is_held, "{to}: {body}");
            assert_eq!(dropped.contains(&"tools.strict".to_owned()), !is_held, "{to}: {dropped:?}");
        }
    }
}

fn asked(to: Protocol, model: &str, more: &Value) -> (String, Vec<String>) {
    let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "q"}]});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let codec = Protocol::OpenAi.codec();
    let read = codec.read_request(request.to_string().as_bytes(), &Head::default()).unwrap();
    let target = Target { model, lossy: Lossy::Warn, ..Target::default() };
    let written = to.codec().write_request(&read, &target).unwrap();
    (String::from_utf8(written.body).unwrap(), written.dropped)
}

#[test]
fn a_stream_holds_what_is_said_until_it_is_known_to_be_the_answer() {
    let said = |text: &str| Event::Text(text.into());
    let begin = Event::Start { id: None, model: None };
    for (protocol, model) in ASKED {
        let reading = reading(protocol, model);
        let call = Event::ToolCallStart {
            index: 0,
            id: "t".into(),
            name: reading.answer_tool.unwrap().into(),
            signature: None,
        };
        let arguments = |json: &str| Event::ToolCallDelta { index: 0, json: json.into() };
        for (sent, heard) in [
            (
                vec![
                    said("<thinking>plan"),
                    said("</thinking>"),
                    Event::PartEnd,
                    call.clone(),
                    arguments(r#"{"a":"#),
                    arguments(" 1}"),
                    Event::PartEnd,
                ],
                vec![
                    Event::Reasoning(PLAN.into()),
                    Event::PartEnd,
                    said(r#"{"a":"#),
                    said(" 1}"),
                    Event::PartEnd,
                ],
            ),
            (vec![call.clone(), Event::PartEnd], vec![said("{}"), Event::PartEnd]),
            (
                vec![said("I will "), said("not."), Event::PartEnd],
                vec![said("I will not."), Event::PartEnd],
            ),
            (
                vec![
                    call.clone(),
                    arguments(ANSWER),
                    Event::PartEnd,
                    call.clone(),
                    arguments(r#"{"a":"#),
                    arguments(" 2}"),
                    Event::PartEnd,
                ],
                vec![
                    said(ANSWER),
                    Event::PartEnd,
                    Event::Reasoning(r#"{"a":"#.into()),
                    Event::Reasoning(" 2}".into()),
                    Event::PartEnd,
                ],
            ),
            (
                vec![call, arguments(ANSWER), Event::PartEnd, said("Done."), Event::PartEnd],
                vec![
                    said(ANSWER),
                    Event::PartEnd,
                    Event::Reasoning("Done.".into()),
                    Event::PartEnd,
                ],
            ),
        ] {
            let end = |reason| [Event::Finish { reason, stop_sequence: None }, Event::Done];
            let sent: Vec<Event> =
                [begin.clone()].into_iter().chain(sent).chain(end(Finish::ToolCalls)).collect();
            let mut events = Vec::new();
            let mut reader = protocol.codec().stream_reader(reading.clone());
            reader.feed(write_stream(protocol, &sent).into(), &mut events);
            reader.end(&mut events);
            let answered = heard != [said("I will not."), Event::PartEnd];
            let finish = if answered { Finish::Stop } else { Finish::ToolCalls };
            events.retain(|event| !matches!(event, Event::Start { .. } | Event::Usage(_)));
            let heard: Vec<Event> = heard.into_iter().chain(end(finish)).collect();
            assert_eq!(events, heard, "{protocol}");
        }
    }
}

/// Where no tool stands for the answer, nothing waits.
#[test]
fn a_stream_without_such_a_tool_is_not_held() {
    let sent = [Event::Start { id: None, model: None }, Event::Text("a".into())];
    for (protocol, _) in ASKED {
        let mut events = Vec::new();
        let mut reader = protocol.codec().stream_reader(super::corpus::reading());
        reader.feed(write_stream(protocol, &sent).into(), &mut events);
        assert_eq!(events.last(), Some(&sent[1]), "{protocol}");
    }
}

/// What the reader of an answer is told after a request for JSON.
fn reading(protocol: Protocol, model: &str) -> Reading {
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "q"}],
        "response_format": {"type": "json_object"}});
    let client = Protocol::OpenAi.codec();
    let read = client.read_request(request.to_string().as_bytes(), &Head::default()).unwrap();
    let target = Target { model, lossy: Lossy::Refuse, seed: "s", ..Target::default() };
    protocol.codec().write_request(&read, &target).unwrap().reading
}

fn text(text: &str) -> Part {
    Part::text(text)
}

fn reasoning(text: &str) -> Part {
    Part::new(Content::Reasoning(text.into()))
}

fn call(reading: &Reading, arguments: &str) -> Part {
    let name = reading.answer_tool.unwrap().to_owned();
    let (id, arguments) = ("t".to_owned(), arguments.to_owned());
    Part::new(Content::ToolCall(ToolCall { id, name, arguments }))
}
