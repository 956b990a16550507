//! The spans of one request, with names and attributes of OpenTelemetry's conventions for HTTP and
//! generative AI (`semantic-conventions-genai`), and Onwards' own under `onwards.`.
//!
//! They contain what the access log contains: no prompt, answer, query or credential.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    Array, InstrumentationScope, KeyValue, SpanId, StringValue, TraceFlags, TraceId, Value,
    trace::{Event, SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::{
    protocol::{Endpoint, Operation, codec::Platform, conversation::Usage},
    record::{End, Finished, Guarded, Outcome, trail::Step},
    report::access_log::line::{self, Attempt, Dollars, Line},
    table::{Place, Pool, Provider},
    trace::Trace,
};

/// The span of the request as the client made it. Providers that were passed over are its events.
pub(super) fn server(request: &Finished<'_>, trace: &Trace) -> SpanData {
    let (line, ended) = (Line::of(request), request.ended);
    let started = before(ended, request.times.total);
    // Room for all of them at once.
    let mut attributes = Vec::with_capacity(16);
    attributes.extend([
        KeyValue::new("http.request.method", line.method.to_owned()),
        KeyValue::new("url.scheme", "http"),
        KeyValue::new("url.path", line.path.into_owned()),
        KeyValue::new("http.response.status_code", i64::from(line.status)),
        KeyValue::new("onwards.request.id", line.id.text().into_owned()),
        KeyValue::new("onwards.end", line.end),
    ]);
    let mut add = |name: &'static str, value: Value| attributes.push(KeyValue::new(name, value));
    let target = request.asks.target.as_ref().map(|(_, target)| target);
    let route = target.and_then(|it| Endpoint::route(it.path(), it.query()));
    if let Some(route) = &route {
        add("http.route", route.clone().into());
    }
    for (name, text) in [
        ("onwards.alias", line.alias),
        ("onwards.served_alias", line.served_alias),
        ("onwards.provider", line.provider),
        ("onwards.key", line.key),
    ] {
        if let Some(text) = text {
            add(name, text.into_owned().into());
        }
    }
    if let Some(client) = line.client {
        add("client.address", client.to_string().into());
    }
    if let Some(cost) = request.cost {
        add("onwards.cost.usd", (cost as f64 / 1e12).into());
    }
    if !line.guarded.is_empty() {
        let told = |it: &Guarded| format!("{}={}", it.rule.name, it.did).into();
        let told: Vec<StringValue> = line.guarded.iter().map(told).collect();
        add("onwards.guardrails", Value::Array(Array::String(told)));
    }
    if request.estimated {
        add("onwards.usage.estimated", true.into());
    }
    let fault = fault(request);
    if let Some(fault) = &fault {
        add("error.type", fault.clone());
    }
    let name = match route {
        Some(route) => format!("{} {route}", line.method).into(),
        None => line.method.to_owned().into(),
    };
    SpanData {
        events: passed_over(request),
        parent_span_id: SpanId::from(trace.parent.unwrap_or_default()),
        parent_span_is_remote: trace.parent.is_some(),
        status: if fault.is_some() { Status::error("") } else { Status::Unset },
        ..span(trace, trace.span, SpanKind::Server, name, (started, ended), attributes)
    }
}

/// The span of each attempt, in the order in which the trail has them.
pub(super) fn attempts(request: &Finished<'_>, trace: &Trace, mut send: impl FnMut(SpanData)) {
    let (begins, ended) = (before(request.ended, request.times.total), request.ended);
    let served = request.served.map(|(_, _, step)| step as *const Step);
    let told = line::Attempts::of(request);
    for (place, ((pool, provider, step), told)) in request.attempts().zip(told.iter()).enumerate() {
        let Some(asked) = step.asked else { continue };
        let since = asked.started.into_std().saturating_duration_since(request.started);
        let started = begins + since;
        let is_served = served == Some(step as *const Step);
        // The answer that the client got has taken until its end.
        let end = if is_served { ended } else { started + asked.took };
        let mut attributes = facts(request, pool, provider, &told);
        if is_served {
            answered(request, asked.took, &mut attributes);
        }
        let spent = request.spent.iter().find(|(at, _)| *at == place).map(|(_, usage)| *usage);
        if let Some(usage) = spent.or(request.usage.filter(|_| is_served)) {
            used(usage, &mut attributes);
        }
        if let Some(Dollars(cost)) = told.cost {
            attributes.push(KeyValue::new("onwards.cost.usd", cost as f64 / 1e12));
        }
        let is_fault =
            told.class.is_some() || (is_served && matches!(request.end, End::BrokeOff(_)));
        let name = match operation(request) {
            Some(operation) => format!("{operation} {}", told.model).into(),
            None => request
                .asks
                .target
                .as_ref()
                .map_or("POST".into(), |(method, _)| method.as_str().to_owned().into()),
        };
        let id = trace.attempt(nth(request.steps, step));
        send(SpanData {
            parent_span_id: SpanId::from(trace.span),
            status: if is_fault { Status::error("") } else { Status::Unset },
            ..span(trace, id, SpanKind::Client, name, (started, end), attributes)
        });
    }
}

/// The attributes of every attempt.
fn facts(
    request: &Finished<'_>,
    pool: &Pool,
    provider: &Provider,
    told: &Attempt<'_>,
) -> Vec<KeyValue> {
    let vendor = match provider.platform {
        Platform::Vertex => "gcp.vertex_ai",
        _ => provider.protocol.profile().telemetry,
    };
    let mut attributes = Vec::with_capacity(20);
    let mut add = |name: &'static str, value: Value| attributes.push(KeyValue::new(name, value));
    add("gen_ai.provider.name", vendor.into());
    add("gen_ai.request.model", told.model.clone().into_owned().into());
    if let Some(operation) = operation(request) {
        add("gen_ai.operation.name", operation.into());
        add("gen_ai.request.stream", request.stream.into());
    }
    if let Place::Wire { origin, .. } = &provider.place {
        let port = if origin.tls { 443 } else { 80 };
        add("server.address", origin.uri.host().unwrap_or_default().to_owned().into());
        add("server.port", i64::from(origin.uri.port_u16().unwrap_or(port)).into());
    }
    add("onwards.alias", pool.shown().to_owned().into());
    add("onwards.provider", told.provider.clone().into_owned().into());
    let outcome = told.outcome.to_string();
    if let Ok(status) = outcome.parse::<i64>() {
        add("http.response.status_code", status.into());
    }
    add("onwards.outcome", outcome.into());
    if let Some(class) = told.class {
        add("error.type", class.into());
    }
    attributes
}

/// The attributes of the answer that the client got.
fn answered(request: &Finished<'_>, first_byte: Duration, attributes: &mut Vec<KeyValue>) {
    let mut add = |name: &'static str, value: Value| attributes.push(KeyValue::new(name, value));
    if request.stream && operation(request).is_some() {
        add("gen_ai.response.time_to_first_chunk", first_byte.as_secs_f64().into());
    }
    if let Some(reason) = request.finish {
        let reasons = Array::String(vec![reason.word().into()]);
        add("gen_ai.response.finish_reasons", Value::Array(reasons));
    }
    if let End::BrokeOff(reason) = request.end {
        add("error.type", reason.into());
    }
}

/// The tokens that an attempt took.
fn used(usage: Usage, attributes: &mut Vec<KeyValue>) {
    let mut add = |name: &'static str, value: Value| attributes.push(KeyValue::new(name, value));
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
            add(name, i64::try_from(tokens).unwrap_or(i64::MAX).into());
        }
    }
}

/// The convention's name of the operation; `None` for other operations.
fn operation(request: &Finished<'_>) -> Option<&'static str> {
    match request.asks.operation? {
        Operation::Generate => Some("chat"),
        Operation::Embed => Some("embeddings"),
        Operation::CountTokens | Operation::Native => None,
    }
}

/// Why the request failed, where that is the server's: a client's mistake is not.
fn fault(request: &Finished<'_>) -> Option<Value> {
    match request.end {
        End::BrokeOff(reason) => Some(reason.into()),
        End::Fault => Some("panicked".into()),
        End::Refused { code, .. } if request.status >= FIRST_FAULT => Some(code.into()),
        _ if request.status >= FIRST_FAULT => Some(request.status.to_string().into()),
        _ => None,
    }
}

/// The providers that were not asked, and why.
fn passed_over(request: &Finished<'_>) -> SpanEvents {
    let mut events = SpanEvents::default();
    let skipped = request.attempts().filter(|(.., step)| step.asked.is_none());
    events.events = skipped
        .map(|(pool, provider, step)| {
            let attributes = vec![
                KeyValue::new("onwards.alias", pool.shown().to_owned()),
                KeyValue::new("onwards.provider", provider.shown().to_owned()),
                KeyValue::new("onwards.outcome", Outcome::to_string(&step.outcome)),
            ];
            Event::new("onwards.passed_over", request.ended, attributes, 0)
        })
        .collect();
    events
}

/// As which attempt it was begun. The trail has the loser of a race behind its winner.
fn nth(steps: &[Step], step: &Step) -> u32 {
    let begun = |step: &Step| step.asked.map(|asked| asked.started);
    let earlier = steps.iter().filter(|other| begun(other).is_some() && begun(other) < begun(step));
    u32::try_from(earlier.count()).unwrap_or(u32::MAX).saturating_add(1)
}

fn span(
    trace: &Trace,
    id: u64,
    span_kind: SpanKind,
    name: std::borrow::Cow<'static, str>,
    (start_time, end_time): (SystemTime, SystemTime),
    attributes: Vec<KeyValue>,
) -> SpanData {
    let state = TraceState::NONE;
    let (trace, id) = (TraceId::from(trace.id), SpanId::from(id));
    SpanData {
        span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, state),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind,
        name,
        start_time,
        end_time,
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("onwards")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

fn before(moment: SystemTime, time: Duration) -> SystemTime {
    moment.checked_sub(time).unwrap_or(moment)
}

const FIRST_FAULT: u16 = 500;
