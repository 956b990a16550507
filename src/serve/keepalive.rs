//! Comments to a client that waits for its stream, where the pool asks for them: they keep what
//! lies between from closing a connection on which nothing comes.
//!
//! Once the head has gone out nothing is refused by status any more: every failure becomes the
//! error event of the client's protocol, and where its libraries raise none, a broken transfer, too.
//! Dropping the body drops the attempts and all they hold.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::{Interval, MissedTickBehavior};

use super::{
    Front,
    admit::Held,
    answer::{self, REQUEST_ID},
    proxy,
    record::Record,
    relay::{self, Reply},
    rounds::Accepted,
};
use crate::{
    failure::Class,
    protocol::{Protocol, conversation::Delivery},
    refusal::Refusal,
    upstream::{
        answer::{Answer, Form},
        headers,
        request::Inbound,
    },
    within::within,
};

/// A stream of which only comments have been sent.
pub struct Waiting {
    body: Pin<Box<dyn Future<Output = Reply> + Send>>,
    beat: Interval,
}

/// What a waiting client gets next.
pub enum Next {
    /// That it still waits.
    Comment(Bytes),
    /// The rest of the body.
    Rest(Reply),
}

/// What the attempts led to, and what the answer needs of what they held.
struct End {
    accepted: Result<Accepted, Refusal>,
    held: Held,
    inbound: Inbound,
    record: Record,
}

/// How often this client hears a comment while it waits; `None` where no comment may be sent.
pub fn asked(held: &Held, inbound: &Inbound) -> Option<Duration> {
    let every = held.table.pool(held.pool).keepalive?;
    let endpoint = inbound.endpoint.as_ref();
    if !inbound.speaks().profile().stream.has_comments {
        return None;
    }
    let delivery = endpoint.and_then(|endpoint| endpoint.delivery);
    let events = delivery.map_or(inbound.stream, |delivery| delivery == Delivery::Events);
    events.then_some(every)
}

/// Serves a request whose client may hear comments first.
pub async fn serve(
    front: &Arc<Front>,
    held: Held,
    mut inbound: Inbound,
    record: Record,
    every: Duration,
) -> Response<Reply> {
    // The head may have to go out before it is known how an answer would be packed.
    inbound.headers.remove(header::ACCEPT_ENCODING);
    let head = head(&held, inbound.request_id.clone());
    let (meters, speaks) = (Arc::clone(&front.meters), inbound.speaks());
    let mut attempts = Box::pin(attempts(Arc::clone(front), held, inbound, record));
    if let Ok(end) = tokio::time::timeout(every, &mut attempts).await {
        let End { accepted, held, mut inbound, record } = end;
        return proxy::respond(accepted, held, &mut inbound, record);
    }
    let sent = Instant::now();
    let rest = AssertUnwindSafe(async move { attempts.await.into_rest(sent).await });
    let body = Box::pin(rest.catch_unwind().map(move |rest| {
        rest.unwrap_or_else(|_| {
            meters.panics.inc();
            Reply::failed(answer::failed_stream(&Refusal::Internal, speaks), speaks)
        })
    }));
    let mut beat = tokio::time::interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    head.map(|()| Reply::Waiting(Box::new(Waiting { body, beat })))
}

async fn attempts(front: Arc<Front>, held: Held, inbound: Inbound, mut record: Record) -> End {
    let accepted = proxy::accept(&front, &held, &inbound, &mut record).await;
    End { accepted, held, inbound, record }
}

/// What can be said before anybody has answered.
fn head(held: &Held, request_id: HeaderValue) -> Response<()> {
    let mut response = Response::new(());
    let map = response.headers_mut();
    headers::set(map, &held.table.pool(held.pool).response_headers);
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    map.insert(REQUEST_ID, request_id);
    response
}

impl Waiting {
    /// Goes on with the attempts, and tells the client now and then that it does.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Poll::Ready(rest) = self.body.as_mut().poll(cx) {
            return Poll::Ready(Next::Rest(rest));
        }
        self.beat.poll_tick(cx).map(|_| Next::Comment(Bytes::from_static(COMMENT)))
    }
}

impl End {
    /// What follows the comments: the stream, or the error event that stands for anything else.
    async fn into_rest(self, sent: Instant) -> Reply {
        let Self { accepted, held, mut inbound, mut record } = self;
        record.answered_at(StatusCode::OK, sent);
        let speaks = inbound.speaks();
        let refusal = match accepted {
            Ok(accepted) if accepted.answer.is_stream_of_success() => {
                let request_id = inbound.take_request_id();
                return relay::respond(accepted, held, request_id, record, &inbound).into_body();
            }
            Ok(Accepted { mut answer, .. }) => {
                if let Some(event) = as_event(&mut answer, speaks).await {
                    record.broke_off(Class::of_status(answer.status.as_u16()).name());
                    return Reply::failed(event, speaks);
                }
                Refusal::UpstreamMalformed
            }
            Err(refusal) => refusal,
        };
        record.broke_off(refusal.row().code);
        Reply::failed(answer::failed_stream(&refusal, speaks), speaks)
    }
}

/// A provider's refusal, which would have been passed on as it came, as an event.
async fn as_event(answer: &mut Answer, speaks: Protocol) -> Option<Bytes> {
    if !answer.status.is_client_error() && !answer.status.is_server_error() {
        return None;
    }
    // JSON has had its second while the error was judged.
    let limit = if answer.form() == Form::Json { Duration::ZERO } else { ERROR_BODY };
    let read = async {
        while !answer.body.source_is_end() && answer.body.held_bytes() < MOST_READ {
            if !matches!(answer.body.look().await, Ok(true)) {
                break;
            }
        }
    };
    within(limit, std::pin::pin!(read)).await;
    let body = answer.body.whole().unwrap_or_default();
    let said = speaks.codec().read_error(answer.status.as_u16(), &answer.headers, &body);
    Some(Bytes::from(speaks.codec().write_failed(said)))
}

impl Answer {
    fn is_stream_of_success(&self) -> bool {
        self.status.is_success() && self.form() == Form::Events
    }
}

const COMMENT: &[u8] = b": keep-alive\n\n";
/// How long an error may take to say more than its status.
const ERROR_BODY: Duration = Duration::from_secs(1);
/// The most that is read of an error.
const MOST_READ: usize = 64 * 1024;
