//! What the attempts led to, as the client gets it: the accepted answer under the router's headers,
//! or the refusal.
//!
//! It reads nothing of an answer's body.

use http::{Response, header};

use super::{
    admit::Held,
    answer::{self, ATTEMPTS, DROPPED, PROVIDER},
    relay::Relay,
    reply::Reply,
    rounds::Accepted,
};
use crate::{
    record::Record,
    refusal::Refusal,
    upstream::{headers, inbound::Inbound},
};

/// The response to a request of which all attempts have ended.
pub(crate) fn respond(
    accepted: Result<Accepted, Refusal>,
    held: Held,
    inbound: &mut Inbound,
    record: Record,
) -> Response<Reply> {
    match accepted {
        Ok(accepted) => dressed(accepted, held, inbound, record),
        Err(refusal) => answer::refuse(&refusal, record),
    }
}

/// The accepted answer, dressed for the client.
fn dressed(
    accepted: Accepted,
    held: Held,
    inbound: &mut Inbound,
    mut record: Record,
) -> Response<Reply> {
    let Accepted { mut answer, provider: served_by, permits: own, entry } = accepted;
    let Held { table, mut permits, .. } = held;
    permits.extend(own);
    record.answered(answer.status);
    // What has come whole is gone with the client's next read, and not worth the work.
    if !answer.body.source_is_end() {
        record.releases_table();
    }
    let mut map = std::mem::take(&mut answer.headers);
    headers::to_client(&mut map);
    if answer.observer.as_ref().is_some_and(|it| it.is_of_events()) {
        // An error event may come after what was announced, and would be cut to fit.
        map.remove(header::CONTENT_LENGTH);
    }
    let provider = served_by.of(&table);
    headers::set(&mut map, &provider.response_headers);
    let speaks = inbound.speaks();
    answer::name_request(&mut map, inbound.take_request_id(), speaks);
    map.insert(PROVIDER, provider.name_value.clone());
    if let Some(dropped) = answer.dropped.take() {
        map.insert(DROPPED, dropped);
    }
    if let Some(attempts) = record.attempts() {
        map.insert(ATTEMPTS, attempts);
    }
    let status = answer.status;
    let relay = Relay::new(answer, speaks, (served_by, entry), permits, record);
    let mut response = Response::new(Reply::of(relay));
    *response.status_mut() = status;
    *response.headers_mut() = map;
    response
}
