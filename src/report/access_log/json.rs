//! A line as one JSON object.

mod object;

use self::object::{Object, key};
use super::line::{Attempt, Dollars, Line};
use crate::{protocol::conversation::Usage, record::Outcome};

/// Appends the line, without its line feed.
pub(super) fn write(line: &Line<'_>, out: &mut Vec<u8>) {
    // Long enough for most lines.
    out.reserve(1024);
    let mut object = Object::begin(out);
    object.stamp(key!("time"), line.time);
    object.id(key!("id"), line.id);
    if let Some(trace) = line.trace {
        object.hex(key!("trace"), trace);
    }
    object.text_if(key!("upstream_id"), line.upstream_id.as_deref());
    if let Some(client) = line.client {
        object.address(key!("client"), client);
    }
    object.text(key!("method"), line.method);
    object.text(key!("path"), &line.path);
    object.text_if(key!("key"), line.key.as_deref());
    object.word(key!("protocol"), line.protocol.name());
    object.word(key!("op"), line.op);
    object.raw(key!("stream"), if line.stream { "true" } else { "false" });
    object.text_if(key!("alias"), line.alias.as_deref());
    object.text_if(key!("served_alias"), line.served_alias.as_deref());
    object.text_if(key!("provider"), line.provider.as_deref());
    object.text_if(key!("model"), line.model.as_deref());
    object.number(key!("status"), line.status.into());
    if let Some(code) = line.code {
        object.word(key!("code"), code);
    }
    object.word(key!("end"), line.end);
    if let Some(reason) = line.finish_reason {
        object.word(key!("finish_reason"), reason.word());
    }
    if !line.attempts.is_empty() {
        object.key(key!("attempts"));
        let mut before = b'[';
        for attempt in line.attempts.iter() {
            object.out.push(std::mem::replace(&mut before, b','));
            self::attempt(&attempt, object.out);
        }
        object.out.push(b']');
    }
    if !line.guarded.is_empty() {
        object.guarded(key!("guardrails"), line.guarded);
    }
    if let Some(usage) = line.usage {
        object.key(key!("usage"));
        self::usage(usage, object.out);
    }
    if line.estimated {
        object.raw(key!("estimated"), "true");
    }
    if let Some(Dollars(cost)) = line.cost {
        object.decimal(key!("cost"), cost, 12);
    }
    object.number(key!("bytes_in"), line.bytes_in);
    object.number(key!("bytes_out"), line.bytes_out);
    object.millis(key!("ttfb_ms"), line.ttfb_ms);
    object.millis(key!("own_ms"), line.own_ms);
    object.millis(key!("waited_ms"), line.waited_ms);
    object.millis(key!("ms"), Some(line.ms));
    object.end();
}

fn attempt(attempt: &Attempt<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text_if(key!("alias"), attempt.alias.as_deref());
    object.text(key!("provider"), &attempt.provider);
    object.text(key!("model"), &attempt.model);
    object.word(key!("protocol"), attempt.protocol.name());
    match attempt.outcome {
        Outcome::Status(OK) => object.word(key!("outcome"), "200"),
        outcome => object.text(key!("outcome"), &outcome.to_string()),
    }
    if let Some(class) = attempt.class {
        object.word(key!("class"), class);
    }
    object.millis(key!("ms"), attempt.ms);
    if let Some(usage) = attempt.usage {
        object.key(key!("usage"));
        self::usage(usage, object.out);
    }
    if let Some(Dollars(cost)) = attempt.cost {
        object.decimal(key!("cost"), cost, 12);
    }
    object.end();
}

/// Input and output always; the others where there are any.
fn usage(usage: Usage, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    for (nth, (kind, count)) in usage.by_kind().into_iter().enumerate() {
        if nth < 2 || count > 0 {
            object.name(kind);
            object.digits(count);
        }
    }
    object.end();
}

const OK: u16 = 200;
