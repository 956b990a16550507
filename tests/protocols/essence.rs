//! What must survive every way through the protocols, and how it is brought through them.
//!
//! It never compares ids, models and how texts are cut: these may change.

use serde_json::Value;

use onwards::protocol::codec::{Head, Written};
use onwards::protocol::conversation::{
    Content, Conversation, Event, Part, Reply, Role, Sampling, ToolCall, ToolChoice, Usage,
};
use onwards::protocol::{Endpoint, Protocol};

use super::corpus::target;

/// Written for a provider of that protocol and read as a client of it would be. The model is one
/// that takes sampling, where some do not.
pub(crate) fn pass(protocol: Protocol, conversation: &Conversation) -> (Conversation, Vec<String>) {
    let mut target = target(protocol);
    if matches!(protocol, Protocol::OpenAi | Protocol::OpenAiResponses) {
        target.model = "gpt-4.1";
    }
    let Written { path_and_query, body, dropped, .. } =
        protocol.codec().write_request(conversation, &target).unwrap();
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query.as_str(), None),
    };
    let endpoint =
        Endpoint::find(path, query).unwrap_or_else(|| panic!("{path} is no endpoint of ours"));
    let head = Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
    (protocol.codec().read_request(&body, &head).unwrap(), dropped)
}

/// What must survive: everything but the model, ids and how texts are cut.
pub(crate) fn essence(conversation: &Conversation) -> String {
    let ids: Vec<&str> = conversation.tool_calls().map(|call| call.id.as_str()).collect();
    let number = |id: &str| ids.iter().position(|known| *known == id);
    let system: Vec<&str> = conversation.instructions().filter_map(Part::as_text).collect();
    let turns: Vec<(Role, Vec<String>)> = conversation
        .alternating_with(&conversation.late(false))
        .iter()
        .map(|turn| {
            (turn.role, turn.parts.iter().map(|part| part_essence(part, &number)).collect())
        })
        .collect();
    // Everyone's default: a writer may leave it out.
    let top_p = conversation.sampling.top_p.filter(|top_p| *top_p != 1.0);
    let tools: Vec<_> = conversation
        .tools
        .iter()
        .map(|tool| {
            let mut schema: Value = serde_json::from_str(tool.schema_or_empty().get()).unwrap();
            // Some vendors want that an object names its properties, though it has none, and that it
            // is closed.
            if let Some(fields) = schema.as_object_mut() {
                fields.entry("properties").or_insert_with(|| serde_json::json!({}));
                fields.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            (&tool.name, &tool.description, schema)
        })
        .collect();
    format!(
        "{:?}\n{turns:#?}\n{tools:?} {:?}\n{:?} {:?} {:?} {:?}",
        system.join("\n\n"),
        choice_essence(conversation),
        Sampling { top_p, ..conversation.sampling.clone() },
        conversation.stop,
        conversation.is_stream(),
        conversation.format.is_some(),
    )
}

/// Whoever must call the only tool there is must call a tool.
fn choice_essence(conversation: &Conversation) -> Option<ToolChoice> {
    match (&conversation.tool_choice, conversation.tools.as_slice()) {
        (Some(ToolChoice::Auto), _) => None,
        (Some(ToolChoice::Tool(name)), [only]) if only.name == *name => Some(ToolChoice::Required),
        (choice, _) => choice.clone(),
    }
}

fn part_essence(part: &Part, number: &impl Fn(&str) -> Option<usize>) -> String {
    match &part.content {
        Content::ToolCall(call) => {
            let arguments: Value = serde_json::from_str(call.object().get()).unwrap();
            format!("call {} {arguments}", call.name)
        }
        Content::ToolResult(result) => {
            // What failed says so, in a field or in its text.
            format!("result {:?} {:?}", number(&result.call_id), result.text_or_error())
        }
        content => format!("{content:?}"),
    }
}

pub(crate) fn reply_essence(reply: &Reply) -> String {
    let parts: Vec<String> = reply.parts.iter().map(|part| part_essence(part, &|_| None)).collect();
    let Usage { input, output, .. } = reply.usage;
    format!("{parts:?} {:?} {input} {output}", reply.finish)
}

/// A stream's answer as a whole.
pub(crate) fn collect(events: Vec<Event>) -> Reply {
    let mut reply = Reply::default();
    let mut fresh = true;
    for event in events {
        match event {
            Event::Text(text) => match reply.parts.last_mut().map(|part| &mut part.content) {
                Some(Content::Text(before)) if !fresh => before.push_str(&text),
                _ => reply.parts.push(Part::text(text)),
            },
            Event::Refusal(text) => reply.parts.push(Part::new(Content::Refusal(text))),
            Event::ToolCallStart { id, name, .. } => {
                let call = ToolCall { id, name, arguments: String::new() };
                reply.parts.push(Part::new(Content::ToolCall(call)));
            }
            Event::ToolCallDelta { json, .. } => {
                if let Some(Content::ToolCall(call)) =
                    reply.parts.last_mut().map(|part| &mut part.content)
                {
                    call.arguments.push_str(&json);
                }
            }
            Event::Finish { reason, .. } => reply.finish = reason,
            Event::Usage(usage) => reply.usage = usage,
            _ => {}
        }
        fresh = reply.parts.is_empty();
    }
    reply
}
