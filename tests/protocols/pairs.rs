//! Every pair of protocols over the corpus and the fixed answers: what one reads, the other writes
//! without loss beyond what it names, whole or cut anywhere.

use http::{HeaderMap, HeaderName};
use serde_json::Value;

use onwards::protocol::Protocol;
use onwards::protocol::codec::Target;
use onwards::protocol::conversation::{
    Content, Conversation, Delivery, Event, Failure, Finish, Kind, Lossy, Part, Reply,
};
use onwards::protocol::replay;

use super::answers;
use super::corpus::{cases, client, read_stream, reading, target, write_stream};
use super::essence::{collect, pass};
use super::order;

/// A provider reads in its request what a client of another protocol said: the texts, the tools, the
/// calls and what they gave.
#[test]
fn requests_written_for_every_protocol_say_the_same() {
    let mut compared = 0;
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(conversation) = case.conversation() else { continue };
            let texts = texts_of(&conversation);
            for &to in Protocol::ALL {
                let (read, dropped) = pass(to, &conversation);
                let place = format!("{from}/{} to {to}, which drops {dropped:?}", case.name);
                let again = texts_of(&read).join("\n");
                for text in &texts {
                    assert!(again.contains(text), "{place}: {text:?} is not in {again}");
                }
                compared += texts.len();
            }
        }
    }
    assert!(compared > 1_000, "only {compared} texts");
}

/// A client reads in its answer what a provider of another protocol said.
#[test]
fn responses_written_for_every_protocol_say_the_same() {
    let mut compared = 0;
    for (name, reply) in all_replies() {
        for &to in Protocol::ALL {
            let body = to.codec().write_response(&reply, &client(Delivery::Whole));
            let again = to.codec().read_response(&body, &reading()).unwrap();
            assert_eq!(said(&again), said(&reply), "{name} for {to}");
            compared += 1;
        }
    }
    assert!(compared > 300, "only {compared} answers");
}

/// A client reads in its stream what a provider of another protocol said, and how it ended.
#[test]
fn streams_written_for_every_protocol_say_the_same() {
    let mut compared = 0;
    for (name, events) in all_streams() {
        for &to in Protocol::ALL {
            let place = format!("{name} for {to}");
            let again = read_stream(to, &[&write_stream(to, &events)]);
            order::check(&again, &place);
            let failed = |events: &[Event]| matches!(events.last(), Some(Event::Failure(_)));
            assert_eq!(failed(&again), failed(&events), "{place}");
            if !failed(&events) {
                let (again, was) = (collect(again), collect(events.clone()));
                assert_eq!(said(&again), said(&was), "{place}");
            }
            compared += 1;
        }
    }
    assert!(compared > 300, "only {compared} streams");
}

/// A client reads in its error the kind that another protocol's provider gave, or a coarser one that
/// asks the same of it.
#[test]
fn errors_written_for_every_protocol_ask_the_same() {
    let mut compared = 0;
    let read = Protocol::ALL.iter().flat_map(|&from| cases(from));
    let read = read.filter_map(|case| Some((case.name.clone(), case.failure()?)));
    for (name, failure) in read.chain(answers::failures()) {
        for &to in Protocol::ALL {
            let written = to.codec().write_error(&failure, "req_1");
            let headers: HeaderMap = written
                .headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            let again = to.codec().read_error(written.status, &headers, &written.body);
            let place = format!("{name} for {to}: {failure:?}, then {again:?}");
            assert!(again.message.contains(&failure.message), "{place}");
            assert!(failure.kind == Kind::Quota || asks(&again) == asks(&failure), "{place}");
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared} errors");
}
/// Under `refuse`, what `warn` drops is refused, by the name that `warn` gives first.
#[test]
fn loss_is_refused_where_losing_is() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(conversation) = case.conversation() else { continue };
            for &to in Protocol::ALL {
                let warned = to.codec().write_request(&conversation, &target(to)).unwrap();
                let strict = Target { lossy: Lossy::Refuse, ..target(to) };
                let refused = to.codec().write_request(&conversation, &strict).err();
                let refused = refused.map(|refused| refused.field);
                assert_eq!(refused.as_ref(), warned.dropped.first(), "{from}/{} {to}", case.name);
            }
        }
    }
}

#[test]
fn every_split_gives_the_same_stream() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(stream) = case.stream() else { continue };
            let whole = case.events().unwrap();
            for at in 0..=stream.len() {
                let (before, after) = stream.split_at(at);
                assert_eq!(read_stream(from, &[before, after]), whole, "{} at {at}", case.name);
            }
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(read_stream(from, &bytes), whole, "{} byte by byte", case.name);
        }
    }
}

/// What is written for a client is read the same, wherever it is cut: every pair, every offset.
#[test]
fn every_split_of_what_is_written_gives_the_same_stream() {
    let mut splits = 0;
    for &from in Protocol::ALL {
        for case in cases(from).into_iter().filter(|case| case.name == "tools") {
            let Some(events) = case.events() else { continue };
            for &to in Protocol::ALL {
                let stream = write_stream(to, &events);
                let whole = read_stream(to, &[&stream]);
                for at in 0..=stream.len() {
                    let (before, after) = stream.split_at(at);
                    let place = format!("{from}/{} as {to} at {at}", case.name);
                    assert_eq!(read_stream(to, &[before, after]), whole, "{place}");
                    splits += 1;
                }
            }
        }
    }
    assert!(splits > 36 * 1_000, "only {splits} splits");
}

/// A stream cut at any byte is a failure, or the whole answer: never less than it that looks whole.
#[test]
fn no_cut_looks_complete() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(stream) = case.stream() else { continue };
            let said = |events: &[Event]| -> String {
                let parts = events.iter().filter(|event| !matches!(event, Event::Usage(_)));
                parts.map(|event| format!("{event:?}")).collect()
            };
            let whole = said(&case.events().unwrap());
            for at in 0..stream.len() {
                let events = read_stream(from, &[&stream[..at]]);
                match events.last() {
                    Some(Event::Failure(_)) => {}
                    _ => assert_eq!(said(&events), whole, "{from}/{} cut at {at}", case.name),
                }
            }
        }
    }
}

/// A whole answer that is given out as a stream says the same to every client.
#[test]
fn replayed_answers_are_streams() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(body) = case.file("response.json") else { continue };
            let reply = from.codec().read_response(&body, &reading()).unwrap();
            let (text, finish) = (reply.text(), reply.finish);
            let events = replay::events(reply);
            order::check(&events, &case.name);
            let reason =
                |event: &Event| matches!(event, Event::Finish { reason, .. } if *reason == finish);
            assert!(events.iter().any(reason), "{from}/{}", case.name);
            for &to in Protocol::ALL {
                let again = read_stream(to, &[&write_stream(to, &events)]);
                let texts = again.iter().filter_map(|event| match event {
                    Event::Text(text) => Some(&**text),
                    _ => None,
                });
                let said: String = texts.collect();
                assert!(said.contains(&text), "{from}/{} as {to}: {said}", case.name);
            }
        }
    }
}

fn all_replies() -> Vec<(String, Reply)> {
    let read = Protocol::ALL.iter().flat_map(|&from| cases(from));
    let read = read.filter_map(|case| {
        let read = case.protocol.codec().read_response(&case.file("response.json")?, &reading());
        Some((format!("{}/{}", case.protocol, case.name), read.unwrap()))
    });
    let fixed = answers::replies().into_iter().map(|(name, reply)| (name.to_owned(), reply));
    read.chain(fixed).collect()
}

fn all_streams() -> Vec<(String, Vec<Event>)> {
    let read = Protocol::ALL.iter().flat_map(|&from| cases(from));
    let read =
        read.filter_map(|case| Some((format!("{}/{}", case.protocol, case.name), case.events()?)));
    read.chain(answers::streams()).collect()
}

/// Everything that is said in a request: instructions, texts, arguments of calls and what they gave.
fn texts_of(conversation: &Conversation) -> Vec<String> {
    fn text(part: &Part) -> Vec<String> {
        match &part.content {
            Content::Text(text) => vec![text.trim().to_owned()],
            Content::ToolCall(call) => {
                let arguments: Value = serde_json::from_str(call.object().get()).unwrap();
                vec![arguments.to_string()]
            }
            Content::ToolResult(result) => result.content.iter().flat_map(text).collect(),
            _ => Vec::new(),
        }
    }
    let turns = conversation.turns.iter().flat_map(|turn| &turn.parts);
    conversation.system.iter().chain(turns).flat_map(text).collect()
}

/// What no protocol may lose of an answer: texts, refusals in words, calls, how it ends, the tokens.
fn said(reply: &Reply) -> String {
    let texts = reply.parts.iter().filter_map(|part| match &part.content {
        Content::Text(text) | Content::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    let calls = reply.parts.iter().filter_map(|part| match &part.content {
        Content::ToolCall(call) => {
            let arguments: Value = serde_json::from_str(call.object().get()).unwrap();
            Some(format!("{} {arguments}", call.name))
        }
        _ => None,
    });
    let (texts, calls): (String, Vec<_>) = (texts.collect(), calls.collect());
    // What no protocol tells apart from the others, each in its way.
    let finish = match reply.finish {
        Finish::StopSequence => Finish::Stop,
        Finish::ContextWindow | Finish::Pause | Finish::Malformed => Finish::Length,
        // The words of a refusal are there; not every protocol calls it an end of its own.
        Finish::ContentFilter | Finish::Stop if !texts.is_empty() => Finish::Stop,
        finish => finish,
    };
    format!("{texts:?} {calls:?} {finish:?} {} {}", reply.usage.input, reply.usage.output)
}

/// Whether the client is to change something, or to come again. Of a quota that is spent protocols say
/// one or the other.
fn asks(failure: &Failure) -> &'static str {
    match failure.kind {
        Kind::InvalidRequest
        | Kind::ContextWindow
        | Kind::ContentFilter
        | Kind::Authentication
        | Kind::Permission
        | Kind::NotFound
        | Kind::Quota
        | Kind::TooLarge => "change",
        Kind::RateLimit
        | Kind::Timeout
        | Kind::Overloaded
        | Kind::Unavailable
        | Kind::Server
        | Kind::Cut
        | Kind::Malformed => "come again",
    }
}
