//! What every reader promises about the order of its events, and every writer keeps.

use onwards::protocol::Protocol;
use onwards::protocol::conversation::Event;

use super::corpus::{cases, read_stream, write_stream};

#[test]
fn readers_keep_the_order() {
    for &protocol in Protocol::ALL {
        for case in cases(protocol) {
            if let Some(events) = case.events() {
                check(&events, &format!("{protocol}/{}", case.name));
            }
        }
    }
}

/// What a writer writes, its own protocol's reader reads: the same order, the same end, and no
/// [`Event::Done`] where there was a failure.
#[test]
fn writers_keep_the_order() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(events) = case.events() else { continue };
            for &to in Protocol::ALL {
                let place = format!("{from}/{} as {to}", case.name);
                let again = read_stream(to, &[&write_stream(to, &events)]);
                check(&again, &place);
                let failed = |events: &[Event]| matches!(events.last(), Some(Event::Failure(_)));
                assert_eq!(failed(&again), failed(&events), "{place}");
            }
        }
    }
}

#[test]
fn a_finished_stream_takes_no_more() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(mut events) = case.events() else { continue };
            for &to in Protocol::ALL {
                let once = write_stream(to, &events);
                let more = [Event::Text("late".into()), Event::PartEnd, Event::Done];
                events.extend(more);
                assert_eq!(write_stream(to, &events), once, "{from}/{} as {to}", case.name);
                events.truncate(events.len() - 3);
            }
        }
    }
}

pub(crate) fn check(events: &[Event], place: &str) {
    let (last, before) = events.split_last().unwrap_or_else(|| panic!("{place}: no event"));
    assert!(last.is_last(), "{place}: {last:?} ends it");
    assert!(!before.iter().any(Event::is_last), "{place}: something follows the end");
    let failed = matches!(last, Event::Failure(_));
    if !(failed && before.is_empty()) {
        assert!(matches!(before.first(), Some(Event::Start { .. })), "{place}: no start");
    }
    let count = |is: fn(&Event) -> bool| before.iter().filter(|event| is(event)).count();
    assert!(count(|event| matches!(event, Event::Start { .. })) <= 1, "{place}: two starts");
    let finishes = count(|event| matches!(event, Event::Finish { .. }));
    assert!(finishes == 1 || (failed && finishes == 0), "{place}: {finishes} finishes");

    let (mut open, mut calls, mut json) = (None, 0, String::new());
    for event in before {
        let kind = match event {
            Event::Text(text) | Event::Reasoning(text) | Event::Refusal(text) => {
                assert!(!text.is_empty(), "{place}: an empty delta");
                std::mem::discriminant(event)
            }
            Event::ReasoningSignature(_) => {
                std::mem::discriminant(&Event::Reasoning(String::new()))
            }
            Event::Redacted(_) => std::mem::discriminant(event),
            Event::ToolCallStart { index, id, name, .. } => {
                assert_eq!(*index, calls, "{place}: the index counts");
                assert!(!id.is_empty() && !name.is_empty(), "{place}: {event:?}");
                calls += 1;
                json.clear();
                std::mem::discriminant(event)
            }
            Event::ToolCallDelta { index, json: more } => {
                assert_eq!(index + 1, calls, "{place}: a delta of another call");
                json.push_str(more);
                assert!(open.is_some(), "{place}: a delta outside of a part");
                continue;
            }
            Event::PartEnd => {
                let ended = open.take();
                assert!(ended.is_some(), "{place}: an end without a part");
                if !json.is_empty() {
                    let parsed = serde_json::from_str::<serde_json::Value>(&json);
                    assert!(failed || parsed.is_ok(), "{place}: {json}");
                    json.clear();
                }
                continue;
            }
            _ => continue,
        };
        assert!(open.is_none() || open == Some(kind), "{place}: parts interleave at {event:?}");
        open = Some(kind);
    }
    assert!(failed || open.is_none(), "{place}: a part is open at the end");
}
