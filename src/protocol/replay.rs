//! A whole answer as a stream of events, for a provider that did not stream although it was asked
//! to.
//!
//! It keeps the contract of `codec::StreamReader`.

use super::conversation::{Content, Event, Failure, Part, Reply};
use super::parts::Parts;

/// The events of a stream with this answer.
pub fn events(reply: Reply) -> Vec<Event> {
    let Reply { id, model, parts, finish, stop_sequence, usage } = reply;
    let mut events = vec![Event::Start { id, model }];
    let mut open = Parts::default();
    for part in parts {
        if let Err(failure) = say(part, &mut open, &mut events) {
            events.push(Event::Failure(failure));
            return events;
        }
        open.close(&mut events);
    }
    events.push(Event::Usage(usage));
    events.push(Event::Finish { reason: finish, stop_sequence });
    events.push(Event::Done);
    events
}

fn say(part: Part, open: &mut Parts, events: &mut Vec<Event>) -> Result<(), Failure> {
    let signature = part.signature;
    match part.content {
        // The signature of a text is never checked.
        Content::Text(text) => open.text(Some(text), events),
        Content::Refusal(text) => open.refusal(Some(text), events),
        Content::Reasoning(text) => {
            open.reasoning(Some(text), events);
            open.signature(signature, events);
        }
        Content::Redacted => {
            if let Some(seal) = signature {
                open.sealed(seal, events);
            }
        }
        Content::ToolCall(call) => {
            let make_id = |index| format!("call_{index}");
            open.call(Some(call.id), call.name, make_id, signature, events)?;
            open.arguments(Some(call.arguments), events);
        }
        // No stream has media, and no model returns a result.
        Content::Media(_) | Content::ToolResult(_) => {}
    }
    Ok(())
}
