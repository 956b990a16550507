//! A whole answer as a stream that says the same: for a provider that was asked to stream and did
//! not.
//!
//! It keeps what `codec::StreamReader` promises.

use super::conversation::{Content, Event, Failure, Part, Reply};
use super::parts::Parts;

/// The events of a stream that would have given this answer.
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
        // The signature of a text proves nothing that is ever checked.
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
        // No stream has words for a medium, and no model gives a result.
        Content::Media(_) | Content::ToolResult(_) => {}
    }
    Ok(())
}
