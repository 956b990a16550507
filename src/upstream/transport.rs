//! One call to a provider: credential, connection, request, until the answer's head. A mock
//! provider answers here too.
//!
//! It judges only whether there is an answer to this request: HTTP must allow it, and it must not
//! be a redirect.

use std::{pin::pin, sync::Arc, time::Duration};

use http::{Response, StatusCode};
use tokio::time::Instant;

use super::{
    answer::{Answer, AnswerBody},
    barrier::Unreached,
    client::{Client, SendError, WireBody},
    failed::Failed,
    framing,
    identity::Credential,
    inbound::Inbound,
    mock,
    request::{self, Call, Traced, With},
};
use crate::{
    failure::What,
    path::BasePath,
    table::{Origin, Place, Provider, identity::Identity},
    within::within,
};

/// Makes one call, with the request unchanged or as the written `call`, for an attempt that `began`
/// then.
///
/// # Errors
/// The provider could not be asked, did not answer in time, or sent no answer to this request.
pub(super) async fn call(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    call: Option<&Call>,
    traced: Option<&Traced>,
    began: Instant,
) -> Result<Box<Answer>, Failed> {
    let answer = match &provider.place {
        // Boxed, since it lies in seven futures, and each is copied whole when it begins.
        Place::Wire { origin, base } => {
            let asked = over_wire(client, provider, (origin, base), inbound, call, traced, began);
            Box::pin(asked).await?
        }
        // Boxed, since few requests need the space of a mock.
        Place::Mock(script) => {
            Box::new(Box::pin(mock::answer(script, provider, inbound, call)).await?)
        }
    };
    refuse_redirect(answer)
}

/// Sends the request, once more if the first connection was stale.
async fn over_wire(
    client: &Client,
    provider: &Provider,
    (origin, base): (&Origin, &BasePath),
    inbound: &Inbound,
    call: Option<&Call>,
    traced: Option<&Traced>,
    began: Instant,
) -> Result<Box<Answer>, Failed> {
    let credential = match &provider.identity {
        None => None,
        // Boxed, since few providers have fetched credentials.
        Some(whose) => Some(Box::pin(credential(client, whose, origin.connect_timeout)).await?),
    };
    let credential = credential.as_deref();
    let hash = match &provider.aws {
        None => None,
        // Boxed, since few providers need signed requests.
        Some(_) => Box::pin(request::hash_off_core(inbound, provider, call)).await,
    };
    // Fetching and hashing took time of their own.
    let mut since = if credential.is_some() || hash.is_some() { Instant::now() } else { began };
    let mut fresh = false;
    loop {
        let lease = client.lease(origin, fresh).await.map_err(Failed::from_dial)?;
        let http2 = lease.is_http2();
        let with = With { credential, hash: hash.as_deref(), traced };
        let request = request::build(inbound, provider, (origin, base), call, with, http2)
            .map_err(|error| Failed::new(What::Malformed(None), error.to_string()))?;
        let forwards = origin.route.as_ref().filter(|route| route.forwards);
        let request = match forwards {
            None => request,
            Some(route) => request::forwarded(request, origin, route),
        };
        let sent = pin!(lease.send(request, since));
        inbound.given_up.is_sent_to(provider);
        let answered = match provider.timeouts.response {
            None => sent.await,
            Some(limit) => within(limit, sent).await.ok_or_else(Failed::silent)?,
        };
        match answered {
            Ok(response) => {
                framing::check(response.status(), response.headers())?;
                if forwards.is_some()
                    && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
                {
                    let status = response.status().as_u16();
                    return Err(Failed::unreached(Unreached::answered_by_proxy(status)));
                }
                invalidate(client, provider, response.status());
                let mut answer = Answer::from_wire(response, provider.timeouts.idle);
                if provider.pricing.has_services() {
                    answer.body.find_service();
                }
                return Ok(answer);
            }
            Err(SendError::Unsent) if !fresh => fresh = true,
            Err(SendError::Stale) if !fresh => {
                fresh = true;
                inbound.resends.note(provider, since);
                since = Instant::now();
            }
            Err(error) => return Err(Failed::from_send(error)),
        }
    }
}

/// A fetched credential. Waiting for it counts as connecting; if it comes too late, the next
/// request can use it.
async fn credential(
    client: &Client,
    whose: &Arc<Identity>,
    limit: Duration,
) -> Result<Arc<Credential>, Failed> {
    match within(limit, pin!(client.credential(whose))).await {
        Some(fetched) => fetched.map_err(|why| Failed::from_unfetched(&why)),
        None => Err(Failed::new(What::Timeout, "no credential to ask with in time".into())),
    }
}

/// A refused credential may have been revoked.
fn invalidate(client: &Client, provider: &Provider, status: StatusCode) {
    if let Some(whose) = &provider.identity
        && matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    {
        client.invalidate(whose);
    }
}

/// Redirects are not followed, since they would expose the key.
fn refuse_redirect(answer: Box<Answer>) -> Result<Box<Answer>, Failed> {
    let status = answer.status;
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return Ok(answer);
    }
    let cause = format!("answered {status}; redirects are not followed");
    Err(Failed::new(What::Malformed(Some(status.as_u16())), cause))
}

impl Answer {
    /// Boxed once, since it is moved often.
    fn from_wire(response: Response<WireBody>, idle: Duration) -> Box<Self> {
        let (head, body) = response.into_parts();
        let body = AnswerBody::from_wire(body, idle);
        Box::new(Self {
            status: head.status,
            headers: head.headers,
            dropped: None,
            body,
            observer: None,
            tells_usage: false,
        })
    }
}
