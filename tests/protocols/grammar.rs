//! What every reader promises about the order of its events, and every writer keeps.

use onwards::protocol::Protocol;
use onwards::protocol::conversation::Event;

use super::corpus::{cases, read_stream, write_stream};
use super::order;

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

/// The order, and that arguments are JSON where nothing failed.
pub(crate) fn check(events: &[Event], place: &str) {
    order::check(events, place);
    if matches!(events.last(), Some(Event::Failure(_))) {
        return;
    }
    let mut json = String::new();
    for event in events {
        match event {
            Event::ToolCallDelta { json: more, .. } => json.push_str(more),
            Event::PartEnd if !json.is_empty() => {
                let parsed = serde_json::from_str::<serde_json::Value>(&json);
                assert!(parsed.is_ok(), "{place}: {json}");
                json.clear();
            }
            _ => {}
        }
    }
}
