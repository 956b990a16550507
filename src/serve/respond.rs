//! The response from the attempts: the accepted answer with the router's headers, or the refusal.
//!
//! It does not read the answer's body.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

use super::{
    admit::Held, answer, context::Context, estimate::Estimate, pacing, relay::Relay, reply::Reply,
    rounds::Accepted, telling,
};
use crate::{
    protocol::{Protocol, conversation::Usage, profile::REQUEST_IDS},
    record::Record,
    refusal::Refusal,
    upstream::{headers, inbound::Inbound},
};

/// The response after all attempts have ended.
pub(crate) fn respond(
    context: Arc<Context>,
    accepted: Result<Accepted, Refusal>,
    held: Held,
    inbound: &mut Inbound,
    record: Box<Record>,
) -> Response<Reply> {
    match accepted {
        Ok(accepted) => dressed(context, accepted, held, inbound, record),
        Err(refusal) => {
            let mut response = answer::refuse(&refusal, record);
            pacing::tell(response.headers_mut(), &held.table, held.caller);
            response
        }
    }
}

/// The accepted answer with its headers for the client.
fn dressed(
    context: Arc<Context>,
    accepted: Accepted,
    held: Held,
    inbound: &mut Inbound,
    mut record: Box<Record>,
) -> Response<Reply> {
    let Accepted { mut answer, provider: served_by, permits: own, entry } = accepted;
    let Held { table, caller, mut permits, .. } = held;
    permits.extend(own);
    record.answered(answer.status);
    // A complete body is gone with the client's next read, so compacting it gains nothing.
    if !answer.body.source_is_end() {
        record.releases_table();
    }
    let mut map = std::mem::take(&mut answer.headers);
    pacing::make_room(&mut map, &table, caller);
    headers::to_client(&mut map);
    if answer.observer.as_ref().is_some_and(|it| it.is_of_events()) {
        // An error event may come after the announced length and would be cut.
        map.remove(header::CONTENT_LENGTH);
    }
    let provider = served_by.of(&table);
    let speaks = inbound.speaks();
    let in_its_own_way = |map: &HeaderMap| match provider.protocol == Protocol::default() {
        true => None,
        false => REQUEST_IDS.iter().skip(1).find_map(|name| map.get(*name).cloned()),
    };
    // In place of the provider's own, before configured headers are set.
    let own_id = answer::name_request(&mut map, inbound.take_request_id(), speaks)
        .or_else(|| in_its_own_way(&map));
    let names_request = |name: &HeaderName| {
        *name == headers::REQUEST_ID || speaks.profile().request_id == Some(name.as_str())
    };
    let configured = provider.response_headers.iter().filter(|(name, _)| !names_request(name));
    headers::set(&mut map, configured);
    if let Some(own_id) = own_id {
        record.told_id(&own_id);
        map.insert(UPSTREAM_REQUEST_ID, own_id);
    }
    if inbound.stream && is_event_stream(&map) {
        // Proxies that buffer would delay a stream.
        map.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    }
    telling::tell(&mut map, &mut answer, provider, &record, speaks);
    pacing::tell(&mut map, &table, caller);
    if let Some(names) = &provider.protocol.profile().usage_headers {
        record.used(told_in(&map, names));
    }
    let status = answer.status;
    let estimate = Estimate::wanted(inbound, &answer, provider, &record);
    let by = (served_by, entry);
    let relay = Relay::new(context, answer, speaks, by, permits, record, estimate);
    let mut response = Response::new(Reply::of(relay));
    *response.status_mut() = status;
    *response.headers_mut() = map;
    response
}

/// The tokens that an answer tells in its headers: of the input, of the output.
fn told_in(map: &HeaderMap, [input, output]: &[&str; 2]) -> Option<Usage> {
    let count = |name: &str| map.get(name)?.to_str().ok()?.parse().ok();
    let (input, output) = (count(input).unwrap_or(0), count(output).unwrap_or(0));
    Usage { input, output, ..Usage::default() }.if_any()
}

/// Whether the headers announce a stream of events.
pub(crate) fn is_event_stream(map: &HeaderMap) -> bool {
    let start = map.get(header::CONTENT_TYPE).and_then(|it| it.as_bytes().get(..EVENTS.len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(EVENTS))
}

/// The provider's own request ID.
const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");
/// The header that turns off buffering in nginx and similar proxies.
pub(crate) const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const EVENTS: &[u8] = b"text/event-stream";
