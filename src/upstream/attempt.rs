//! One try at one provider: send, and judge what comes back, up to the commit point.
//!
//! Nothing is sent to the client from here. An answer that leaves this file whole may be passed
//! on; one that failed may only be passed on when no other provider is to be tried.

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use tokio::time::Instant;

use super::{
    answer::{Answer, AnswerBody, Form, Source},
    client::{Client, SendError, WireBody},
    envelope::{Opening, Openings},
    failed::{self, Failed},
    framing,
    identity::Credential,
    mock,
    request::{self, Inbound, Prepared},
    translate::{self, Rewritten},
};
use crate::{
    body::A_FEW,
    failure::{Brief, Class, What},
    path::BasePath,
    protocol::told,
    table::{Origin, Place, Provider, identity::Identity},
    within::{self, within},
};

/// How closely an answer is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Scrutiny {
    /// Whether errors inside a 200 count: they do where another provider may be tried.
    pub reads_errors: bool,
    /// Whether an answer without a body is no answer.
    pub needs_body: bool,
    /// Whether a stream is only accepted at its first event with content.
    pub waits_for_content: bool,
}

/// How long one attempt may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// When it must have been accepted, and what it is if it has not: the provider's fault, or
    /// only the end of the request's own time.
    pub accepted_by: Option<(Instant, Class)>,
    /// When the last byte must have come.
    pub ended_by: Option<Instant>,
}

/// Tries one provider, with the request as it came or as it was `rewritten` for it.
pub async fn run(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    rewritten: Option<Box<Rewritten<'_>>>,
    scrutiny: Scrutiny,
    allowance: Allowance,
) -> Result<Box<Answer>, Failed> {
    let tried = pin!(ask_and_judge(client, provider, inbound, rewritten, scrutiny));
    let mut answer = match allowance.accepted_by {
        None => tried.await?,
        Some((end, class)) => {
            within::by(end, tried).await.unwrap_or_else(|| Err(Failed::late(class)))?
        }
    };
    if allowance.ended_by.is_some() {
        answer.body.end_by(allowance.ended_by);
    }
    Ok(answer)
}

async fn ask_and_judge(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    rewritten: Option<Box<Rewritten<'_>>>,
    scrutiny: Scrutiny,
) -> Result<Box<Answer>, Failed> {
    if let Some(rewritten) = rewritten {
        // Boxed, as the mock is: every request would carry the room that these few need.
        return Box::pin(translate::run(client, *rewritten)).await.map(Box::new);
    }
    let answer = match &provider.place {
        Place::Mock(script) => {
            let Inbound { path, stream, body, .. } = inbound;
            Box::new(Box::pin(mock::answer(script, &provider.model, path, *stream, body)).await)
        }
        Place::Wire { origin, base } => ask(client, provider, origin, base, inbound, None).await?,
    };
    let answer = judge_head(answer, provider, inbound, scrutiny).await?;
    judge_body(answer, provider, inbound, scrutiny).await
}

/// Sends the request as it came or as it was `prepared`, once more if the first connection turned
/// out to be stale.
pub(super) async fn ask(
    client: &Client,
    provider: &Provider,
    origin: &Origin,
    base: &BasePath,
    inbound: &Inbound,
    prepared: Option<&Prepared>,
) -> Result<Box<Answer>, Failed> {
    let credential = match &provider.identity {
        None => None,
        // Boxed: few providers have their credential fetched.
        Some(whose) => Some(Box::pin(credential(client, whose, origin.connect_timeout)).await?),
    };
    let credential = credential.as_deref();
    let mut fresh = false;
    loop {
        let lease = client.lease(origin, fresh).await.map_err(Failed::from_dial)?;
        let http2 = lease.is_http2();
        let request = request::build(inbound, provider, origin, base, prepared, credential, http2)
            .map_err(|error| Failed::new(What::Malformed(None), error.to_string()))?;
        let sent = pin!(lease.send(request));
        let answered = match provider.timeouts.response {
            None => sent.await,
            Some(limit) => within(limit, sent).await.ok_or_else(Failed::silent)?,
        };
        match answered {
            Ok(response) => {
                framing::check(response.status(), response.headers())?;
                doubt(client, provider, response.status());
                return Ok(Answer::from_wire(response, provider.timeouts.idle));
            }
            Err(SendError::Stale) if !fresh => fresh = true,
            Err(error) => return Err(Failed::from_send(error)),
        }
    }
}

/// A credential that has to be fetched. Waiting for one is part of connecting; what is not there in
/// time goes on being fetched for whoever asks next.
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

/// What was refused may have been withdrawn.
fn doubt(client: &Client, provider: &Provider, status: StatusCode) {
    if let Some(whose) = &provider.identity
        && matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    {
        client.doubt(whose);
    }
}

/// Redirects are not followed: the key must not travel.
pub(super) fn judge_redirect(answer: Box<Answer>) -> Result<Box<Answer>, Failed> {
    let status = answer.status;
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return Ok(answer);
    }
    let cause = format!("answered {status}; redirects are not followed");
    Err(Failed::new(What::Malformed(Some(status.as_u16())), cause))
}

async fn judge_head(
    answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    scrutiny: Scrutiny,
) -> Result<Box<Answer>, Failed> {
    let answer = judge_redirect(answer)?;
    let status = answer.status;
    if status.is_client_error() || status.is_server_error() {
        return Err(refused(answer).await.read(inbound.speaks(), &provider.own_classes));
    }
    if scrutiny.needs_body && matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Err(Failed::empty(status));
    }
    Ok(answer)
}

/// An error by its status. Its body is held, so that its code can be read; what is slow to say
/// more than its status is judged by that.
async fn refused(mut answer: Box<Answer>) -> Failed {
    let small = answer.body.remaining().is_none_or(|bytes| bytes <= MOST_HELD as u64);
    if small && answer.form() == Form::Json {
        hold_error(&mut answer).await;
    }
    let status = answer.status;
    Failed {
        failure: What::Status(status.as_u16()).into(),
        retry_after: failed::retry_after(&answer.headers),
        cause: format!("answered {status}"),
        answer: Some(answer),
    }
}

/// Holds what an error says beyond its status, as far as it says it soon.
pub(super) async fn hold_error(answer: &mut Answer) {
    let read = async {
        while answer.body.held_bytes() <= MOST_HELD && !answer.body.source_is_end() {
            if !matches!(answer.body.look().await, Ok(true)) {
                break;
            }
        }
    };
    within(ERROR_BODY, pin!(read)).await;
}

/// Looks at the beginning of a success before a header goes out, so that one that turns out to be
/// an error can still fall back.
async fn judge_body(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    scrutiny: Scrutiny,
) -> Result<Box<Answer>, Failed> {
    if !look(&mut answer).await? {
        let empty = scrutiny.needs_body && answer.body.held().is_empty();
        return if empty { Err(Failed::empty(answer.status)) } else { Ok(answer) };
    }
    match answer.form() {
        Form::Events => judge_stream(answer, provider, inbound, scrutiny).await,
        Form::Json if scrutiny.reads_errors => judge_json(answer, provider, inbound).await,
        _ => Ok(answer),
    }
}

async fn judge_stream(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    scrutiny: Scrutiny,
) -> Result<Box<Answer>, Failed> {
    let mut openings = Openings::new(scrutiny.reads_errors || scrutiny.waits_for_content);
    let mut read = 0;
    loop {
        while let Some(piece) = answer.body.held().get(read) {
            read += 1;
            match openings.read(piece.clone()) {
                Opening::Nothing => {}
                Opening::Content => return Ok(answer),
                Opening::Empty | Opening::Error(..) if !scrutiny.reads_errors => return Ok(answer),
                Opening::Empty => return Err(Failed::empty(answer.status)),
                Opening::Error(json) => {
                    let classes = &provider.own_classes;
                    return Err(Failed::inside(answer, json, inbound.speaks(), classes));
                }
            }
        }
        if answer.body.held_bytes() > MOST_HELD {
            return Ok(answer);
        }
        if !look(&mut answer).await? {
            return Err(Failed::empty(answer.status));
        }
    }
}

/// A small answer is held until it is whole: it is of no use to a client before that, and one that
/// breaks off can still fall back.
async fn judge_json(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
) -> Result<Box<Answer>, Failed> {
    let small = answer.body.remaining().is_none_or(|bytes| bytes <= MOST_HELD as u64);
    while small && answer.body.held_bytes() <= MOST_HELD {
        if !look(&mut answer).await? {
            break;
        }
    }
    let Some(envelope) = answer.body.whole() else { return Ok(answer) };
    if told::is_error_alone(&envelope) {
        let classes = &provider.own_classes;
        return Err(Failed::inside(answer, envelope, inbound.speaks(), classes));
    }
    Ok(answer)
}

/// Whether the answer is one JSON object, where events were asked for: a provider that cannot stream,
/// or an error. Gemini's list of chunks is none.
pub(super) async fn is_object(answer: &mut Answer) -> Result<bool, Failed> {
    if answer.form() != Form::Json {
        return Ok(false);
    }
    loop {
        // The first piece alone may be longer than what is held.
        let mut bytes = answer.body.held().iter().flatten();
        if let Some(first) = bytes.find(|byte| !byte.is_ascii_whitespace()) {
            return Ok(*first == b'{');
        }
        if answer.body.held_bytes() > MOST_HELD || !look(answer).await? {
            return Ok(false);
        }
    }
}

/// The whole body, which has to be read before anything can be said of it. It is taken out of the
/// answer; `None` where there is no room for it.
pub(super) async fn collect(
    answer: &mut Answer,
    mut has_room: impl FnMut(u64) -> bool,
) -> Result<Option<Bytes>, Failed> {
    let mut loose = 0;
    while look(answer).await? {
        if !has_room(answer.body.held_bytes() as u64) {
            return Ok(None);
        }
        if answer.body.held_bytes() > MOST_READ {
            let cause = format!("an answer of more than {MOST_READ} bytes");
            return Err(Failed::new(What::Malformed(None), cause));
        }
        loose += 1;
        if loose == A_FEW {
            answer.body.join_crumbs(A_FEW);
            loose = 0;
        }
    }
    let whole = answer.body.whole().unwrap_or_default();
    answer.body = AnswerBody::new(Source::Ended, Duration::ZERO);
    Ok(Some(whole))
}

async fn look(answer: &mut Answer) -> Result<bool, Failed> {
    if answer.body.source_is_end() {
        return Ok(false);
    }
    answer.body.look().await.map_err(|broken| match broken {
        Brief::RESET => Failed::new(What::Reset, "broke off before the commit point".into()),
        _ => Failed::new(What::Timeout, "fell silent before the commit point".into()),
    })
}

impl Answer {
    /// Boxed, once and for all: it goes through many hands.
    fn from_wire(response: Response<WireBody>, idle: Duration) -> Box<Self> {
        let (head, body) = response.into_parts();
        let body = AnswerBody::new(Source::Wire(body), idle);
        Box::new(Self { status: head.status, headers: head.headers, body, watched: true })
    }
}

const MOST_HELD: usize = 64 * 1024;
/// The largest answer that is translated.
const MOST_READ: usize = 64 * 1024 * 1024;
/// How long the body of an error may take to say what its status does not.
const ERROR_BODY: Duration = Duration::from_secs(1);
