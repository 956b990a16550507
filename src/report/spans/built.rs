//! The spans of one request, with names and attributes of OpenTelemetry's conventions for HTTP and
//! generative AI (`semantic-conventions-genai`), and Onwards' own under `onwards.`.
//!
//! They contain what the access log contains: no prompt, answer, query or credential. Each is
//! written as the bytes that a collector is sent.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use super::proto::{self, Attributes};
use crate::{
    protocol::{Endpoint, Operation, codec::Platform, conversation::Usage},
    record::{
        End, Finished, Guarded, Outcome,
        trail::{Asked, Step},
    },
    report::access_log::line::{Attempt, Dollars, Line},
    table::{Place, Pool, Provider},
    trace::Trace,
};

/// Writes the span of the request as the client made it. Providers that were passed over are its
/// events.
pub(super) fn server(request: &Finished<'_>, trace: &Trace, out: &mut Vec<u8>) {
    let line = Line::of(request);
    let target = request.asks.target.as_ref().map(|(_, target)| target);
    let route = target.and_then(|it| Endpoint::route(it.path(), it.query()));
    begin(out, trace, trace.span, trace.parent);
    match &route {
        Some(route) => name(out, [line.method, " ", route]),
        None => name(out, [line.method, "", ""]),
    }
    let ended = request.ended;
    kind_and_times(out, SERVER, (before(ended, request.times.total), ended));
    let fault = fault(request);
    let mut attributes = Attributes::of(out, ATTRIBUTES);
    attributes.text("http.request.method", line.method);
    attributes.text("url.scheme", "http");
    attributes.text("url.path", &line.path);
    attributes.number("http.response.status_code", line.status.into());
    attributes.text("onwards.request.id", &line.id.text());
    attributes.text("onwards.end", line.end);
    if let Some(route) = &route {
        attributes.text("http.route", route);
    }
    for (name, text) in [
        ("onwards.alias", &line.alias),
        ("onwards.served_alias", &line.served_alias),
        ("onwards.provider", &line.provider),
        ("onwards.key", &line.key),
    ] {
        if let Some(text) = text {
            attributes.text(name, text);
        }
    }
    if let Some(client) = line.client {
        address(&mut attributes, "client.address", client);
    }
    if let Some(cost) = request.cost {
        attributes.fraction("onwards.cost.usd", cost as f64 / 1e12);
    }
    if !line.guarded.is_empty() {
        guarded(&mut attributes, line.guarded);
    }
    if request.estimated {
        attributes.is("onwards.usage.estimated", true);
    }
    match fault {
        Some(Fault::Word(word)) => attributes.text("error.type", word),
        Some(Fault::Status(status)) => {
            attributes.text("error.type", itoa::Buffer::new().format(status));
        }
        None => {}
    }
    passed_over(request, out);
    end(out, fault.is_some(), trace.parent.is_some());
}

/// Writes the span of an attempt.
pub(super) fn attempt(
    request: &Finished<'_>,
    trace: &Trace,
    (place, pool, provider, step): (usize, &Pool, &Provider, &Step),
    (asked, told): (Asked, &Attempt<'_>),
    out: &mut Vec<u8>,
) {
    let since = asked.started.into_std().saturating_duration_since(request.started);
    let started = before(request.ended, request.times.total) + since;
    let is_served = request.served.is_some_and(|(_, _, served)| std::ptr::eq(served, step));
    // The answer that the client got has taken until its end.
    let ended = if is_served { request.ended } else { started + asked.took };
    begin(out, trace, trace.attempt(nth(request.steps, step)), Some(trace.span));
    let method = || request.asks.target.as_ref().map_or("POST", |(method, _)| method.as_str());
    match operation(request) {
        Some(operation) => name(out, [operation, " ", &told.model]),
        None => name(out, [method(), "", ""]),
    }
    kind_and_times(out, CLIENT, (started, ended));
    let mut attributes = Attributes::of(out, ATTRIBUTES);
    facts(request, pool, provider, told, &mut attributes);
    if is_served {
        answered(request, asked.took, &mut attributes);
    }
    let spent = request.spent.iter().find(|(at, _)| *at == place).map(|(_, usage)| *usage);
    if let Some(usage) = spent.or(request.usage.filter(|_| is_served)) {
        used(usage, &mut attributes);
    }
    if let Some(Dollars(cost)) = told.cost {
        attributes.fraction("onwards.cost.usd", cost as f64 / 1e12);
    }
    let is_fault = told.class.is_some() || (is_served && matches!(request.end, End::BrokeOff(_)));
    end(out, is_fault, false);
}

/// The attributes of every attempt.
fn facts(
    request: &Finished<'_>,
    pool: &Pool,
    provider: &Provider,
    told: &Attempt<'_>,
    attributes: &mut Attributes<'_>,
) {
    let vendor = match provider.platform {
        Platform::Vertex => "gcp.vertex_ai",
        _ => provider.protocol.profile().telemetry,
    };
    attributes.text("gen_ai.provider.name", vendor);
    attributes.text("gen_ai.request.model", &told.model);
    if let Some(operation) = operation(request) {
        attributes.text("gen_ai.operation.name", operation);
        attributes.is("gen_ai.request.stream", request.stream);
    }
    if let Place::Wire { origin, .. } = &provider.place {
        let port = if origin.tls { 443 } else { 80 };
        attributes.text("server.address", origin.uri.host().unwrap_or_default());
        attributes.number("server.port", origin.uri.port_u16().unwrap_or(port).into());
    }
    attributes.text("onwards.alias", pool.shown());
    attributes.text("onwards.provider", &told.provider);
    match told.outcome {
        Outcome::Status(status) => {
            attributes.number("http.response.status_code", status.into());
            attributes.text("onwards.outcome", itoa::Buffer::new().format(status));
        }
        outcome => {
            let outcome = outcome.to_string();
            if let Ok(status) = outcome.parse() {
                attributes.number("http.response.status_code", status);
            }
            attributes.text("onwards.outcome", &outcome);
        }
    }
    if let Some(class) = told.class {
        attributes.text("error.type", class);
    }
}

/// The attributes of the answer that the client got.
fn answered(request: &Finished<'_>, first_byte: Duration, attributes: &mut Attributes<'_>) {
    if request.stream && operation(request).is_some() {
        attributes.fraction("gen_ai.response.time_to_first_chunk", first_byte.as_secs_f64());
    }
    if let Some(reason) = request.finish {
        attributes.texts("gen_ai.response.finish_reasons", [reason.word()].into_iter());
    }
    if let End::BrokeOff(reason) = request.end {
        attributes.text("error.type", reason);
    }
}

/// The tokens that an attempt took.
fn used(usage: Usage, attributes: &mut Attributes<'_>) {
    for (kind, tokens) in usage.by_kind() {
        let name = match kind {
            "input" => "gen_ai.usage.input_tokens",
            "output" => "gen_ai.usage.output_tokens",
            "cache_read" => "gen_ai.usage.cache_read.input_tokens",
            "cache_write" => "gen_ai.usage.cache_write.input_tokens",
            "reasoning" => "gen_ai.usage.reasoning.output_tokens",
            _ => continue,
        };
        // Input and output are always present, their parts only if any.
        if tokens > 0 || matches!(kind, "input" | "output") {
            attributes.number(name, tokens);
        }
    }
}

fn address(attributes: &mut Attributes<'_>, name: &str, address: IpAddr) {
    let IpAddr::V4(address) = address else {
        return attributes.text(name, &address.to_string());
    };
    let ([a, b, c, d], mut digits) = (address.octets(), [itoa::Buffer::new(); 4]);
    let [one, two, three, four] = &mut digits;
    let four = [one.format(a), two.format(b), three.format(c), four.format(d)];
    attributes.parts(name, [four[0], ".", four[1], ".", four[2], ".", four[3]]);
}

#[cold]
fn guarded(attributes: &mut Attributes<'_>, all: &[Guarded]) {
    let told: Vec<_> = all.iter().map(|it| format!("{}={}", it.rule.name, it.did)).collect();
    attributes.texts("onwards.guardrails", told.iter().map(|it| &**it));
}

/// The convention's name of the operation; `None` for other operations.
fn operation(request: &Finished<'_>) -> Option<&'static str> {
    match request.asks.operation? {
        Operation::Generate => Some("chat"),
        Operation::Embed => Some("embeddings"),
        Operation::CountTokens | Operation::Native => None,
    }
}

/// A failure of the server; a client's mistake is none.
enum Fault {
    Word(&'static str),
    Status(u16),
}

/// Why the request failed, if the server has failed.
fn fault(request: &Finished<'_>) -> Option<Fault> {
    match request.end {
        End::BrokeOff(reason) => Some(Fault::Word(reason)),
        End::Fault => Some(Fault::Word("panicked")),
        End::Refused { code, .. } if request.status >= FIRST_FAULT => Some(Fault::Word(code)),
        _ if request.status >= FIRST_FAULT => Some(Fault::Status(request.status)),
        _ => None,
    }
}

/// The providers that were not asked, and why.
fn passed_over(request: &Finished<'_>, out: &mut Vec<u8>) {
    let skipped = request.attempts().filter(|(.., step)| step.asked.is_none());
    for (pool, provider, step) in skipped {
        let mut event = Vec::new();
        proto::fixed(&mut event, 1, nanos(request.ended));
        proto::text(&mut event, 2, "onwards.passed_over");
        let mut attributes = Attributes::of(&mut event, 3);
        attributes.text("onwards.alias", pool.shown());
        attributes.text("onwards.provider", provider.shown());
        attributes.text("onwards.outcome", &step.outcome.to_string());
        proto::bytes(out, EVENTS, &event);
    }
}

/// As which attempt it was begun. The trail has the loser of a race behind its winner.
fn nth(steps: &[Step], step: &Step) -> u32 {
    let begun = |step: &Step| step.asked.map(|asked| asked.started);
    let earlier = steps.iter().filter(|other| begun(other).is_some() && begun(other) < begun(step));
    u32::try_from(earlier.count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// The IDs of a span.
fn begin(out: &mut Vec<u8>, trace: &Trace, id: u64, parent: Option<u64>) {
    proto::bytes(out, 1, &trace.id.to_be_bytes());
    proto::bytes(out, 2, &id.to_be_bytes());
    if let Some(parent) = parent {
        proto::bytes(out, 4, &parent.to_be_bytes());
    }
}

fn name(out: &mut Vec<u8>, parts: [&str; 3]) {
    proto::message(out, 5, parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
}

fn kind_and_times(out: &mut Vec<u8>, kind: u64, (started, ended): (SystemTime, SystemTime)) {
    proto::number(out, 6, kind);
    proto::fixed(out, 7, nanos(started));
    proto::fixed(out, 8, nanos(ended));
}

/// The status of a span, and its flags.
fn end(out: &mut Vec<u8>, is_fault: bool, is_parent_remote: bool) {
    if is_fault {
        proto::bytes(out, 15, STATUS_ERROR);
    }
    let flags = SAMPLED | KNOWS_PARENT | if is_parent_remote { PARENT_IS_REMOTE } else { 0 };
    out.extend_from_slice(FLAGS);
    out.extend_from_slice(&flags.to_le_bytes());
}

fn before(moment: SystemTime, time: Duration) -> SystemTime {
    moment.checked_sub(time).unwrap_or(moment)
}

fn nanos(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

const FIRST_FAULT: u16 = 500;
const SERVER: u64 = 2;
const CLIENT: u64 = 3;
const ATTRIBUTES: u8 = 9;
const EVENTS: u8 = 11;
/// The message of a status that holds the code of an error.
const STATUS_ERROR: &[u8] = &[3 << 3, 2];
/// Field 16 of four bytes.
const FLAGS: &[u8] = &[0x85, 0x01];
const SAMPLED: u32 = 1;
const KNOWS_PARENT: u32 = 0x100;
const PARENT_IS_REMOTE: u32 = 0x200;
