//! The order of a stream's events that every reader promises. The fuzz targets hold readers to it, too.
//!
//! It never looks at what a call's arguments say.

use onwards::protocol::conversation::Event;

/// Panics where the events break the promise of `codec::StreamReader`.
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

    let (mut open, mut calls, mut said) = (None, 0, false);
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
                assert!(open.is_none(), "{place}: a call begins inside of a part");
                calls += 1;
                said = false;
                std::mem::discriminant(event)
            }
            Event::ToolCallDelta { index, json } => {
                assert_eq!(index + 1, calls, "{place}: a delta of another call");
                assert!(!json.is_empty(), "{place}: an empty delta");
                assert!(open.is_some(), "{place}: a delta outside of a part");
                said = true;
                continue;
            }
            Event::PartEnd => {
                let start = std::mem::discriminant(&Event::ToolCallStart {
                    index: 0,
                    id: String::new(),
                    name: String::new(),
                    signature: None,
                });
                let ended = open.take();
                assert!(ended.is_some(), "{place}: an end without a part");
                assert!(ended != Some(start) || said, "{place}: a call without arguments");
                continue;
            }
            _ => continue,
        };
        assert!(open.is_none() || open == Some(kind), "{place}: parts interleave at {event:?}");
        open = Some(kind);
    }
    assert!(failed || open.is_none(), "{place}: a part is open at the end");
}
