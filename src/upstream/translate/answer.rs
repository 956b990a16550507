//! A provider's answer, read in its protocol and written in the client's: whole or as a stream, a
//! success or an error.
//!
//! It asks nobody: the answer has come.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{Exchange, TranslatedBody, held, off_core, stream::Unopened};
use crate::{
    body::Weight,
    failure::{Failure, What},
    live::Share,
    protocol::{
        LIMITS, Operation,
        codec::{self, Codec, Reading},
        conversation::{Conversation, Delivery, Reply},
        replay, told,
    },
    upstream::{
        answer::{Answer, AnswerBody, Source},
        attempt,
        failed::{self, Failed},
        headers,
    },
};

impl Exchange<'_> {
    /// Reads the answer in the provider's protocol and writes it in the client's. What that has no
    /// place for is `dropped`: it has been paid for, so nobody else is asked.
    pub(super) async fn read(
        &self,
        mut answer: Box<Answer>,
        reading: Reading,
        asked: &Conversation,
        dropped: &mut Vec<String>,
    ) -> Result<Answer, Failed> {
        let codec = self.codec();
        let client = self.client(asked.delivery, asked.include_usage);
        if self.endpoint.operation == Operation::CountTokens {
            let (body, _share) = held::collected(self.inbound, &mut answer).await?;
            self.judge_envelope(&answer.headers, &body)?;
            return match codec.read_count(&body) {
                Ok(tokens) => Ok(self.counted(tokens, relayed(&answer.headers))),
                Err(said) => Err(self.failed_in(&answer.headers, said, &body)),
            };
        }
        if asked.is_stream() {
            return self.stream(answer, reading, &client).await;
        }
        let ((body, lost), share) = self.answered(&mut answer, reading, &client, written).await?;
        let body = held::counted(body, share);
        for name in lost {
            if !dropped.iter().any(|dropped| dropped == name) {
                dropped.push(name.to_owned());
            }
        }
        Ok(self.whole(StatusCode::OK, body, relayed(&answer.headers)))
    }

    /// Reads a whole answer and writes it, a large one on a thread of its own.
    async fn answered<T: Send + 'static>(
        &self,
        answer: &mut Answer,
        reading: Reading,
        client: &codec::Client<'_>,
        write: fn(Reply, &dyn Codec, &codec::Client<'_>) -> T,
    ) -> Result<(T, Share), Failed> {
        let (body, share) = held::collected(self.inbound, answer).await?;
        let (codec, to) = (self.codec(), self.client_codec());
        let read = if body.len() > off_core::LARGE {
            let (bytes, client) = (body.clone(), OwnClient::of(client));
            let read = off_core::run(move || {
                if told::is_error_alone(&bytes) {
                    return None;
                }
                let read = || codec.read_response(&bytes, &reading);
                let read = || read().map(|reply| write(reply, to, &client.client()));
                Some(held::read(Weight::of([&bytes[..]]), share, read))
            });
            read.await.ok_or_else(|| self.judge_error(&answer.headers, &body))?
        } else {
            self.judge_envelope(&answer.headers, &body)?;
            let read = || codec.read_response(&body, &reading);
            let read = || read().map(|reply| write(reply, to, client));
            held::read(Weight::of([&body[..]]), share, read)
        };
        match read? {
            (Ok(written), share) => Ok((written, share)),
            (Err(said), _) => Err(self.failed_in(&answer.headers, said, &body)),
        }
    }

    /// An error inside a success is what the answer should have been.
    pub(super) fn judge_envelope(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Failed> {
        if told::is_error_alone(body) { Err(self.judge_error(headers, body)) } else { Ok(()) }
    }

    /// The error that a success is.
    pub(super) fn judge_error(&self, headers: &HeaderMap, body: &[u8]) -> Failed {
        // No error is so long, and its words are looked for in a tree of it.
        if body.len() > LONGEST_ERROR {
            let cause = format!("an error of more than {LONGEST_ERROR} bytes inside a 200");
            return Failed::new(What::Malformed(None), cause);
        }
        let said = self.codec().read_error_inside(headers, body);
        Failed { cause: format!("answered {}", said.status), ..self.failed(headers, &said) }
    }

    /// Holds the stream until its first content, as for a stream that is not translated.
    async fn stream(
        &self,
        mut answer: Box<Answer>,
        reading: Reading,
        client: &codec::Client<'_>,
    ) -> Result<Answer, Failed> {
        let mut streamed = self.stream_head(&answer.headers, client);
        if attempt::is_object(&mut answer).await? {
            let (out, share) =
                self.answered(&mut answer, reading, client, streamed_at_once).await?;
            let out = held::counted(out, share);
            streamed.replace_body(self.client_codec().content_type(client.delivery), out);
            return Ok(streamed);
        }
        let reader = self.codec().stream_reader(reading);
        let writer = self.client_codec().stream_writer(client);
        let classes = Arc::clone(&self.provider.own_classes);
        let share = self.inbound.room.share();
        let mut body = TranslatedBody::new(answer.body, reader, writer, classes, share);
        match body.open().await {
            Ok(()) => {}
            Err(Unopened::Told(error)) => {
                return Err(self.judge_error(&answer.headers, &error));
            }
            Err(Unopened::Broken(said, failure)) => {
                return Err(Failed { failure, ..self.failed(&answer.headers, &said) });
            }
        }
        streamed.body = AnswerBody::new(Source::Translated(Box::new(body)), FOREVER);
        Ok(streamed)
    }

    fn stream_head(&self, headers: &HeaderMap, client: &codec::Client<'_>) -> Answer {
        let mut answer = Answer::bare(StatusCode::OK);
        answer.headers.extend(relayed(headers));
        let media_type = self.client_codec().content_type(client.delivery);
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        answer.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer.watched = false;
        answer
    }

    pub(super) fn counted(&self, tokens: u64, headers: Vec<(HeaderName, HeaderValue)>) -> Answer {
        self.whole(StatusCode::OK, self.client_codec().write_counted(tokens), headers)
    }

    /// An error answer.
    pub(super) fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failed {
        let said = self.codec().read_error(status, headers, body);
        Failed { cause: format!("answered {status}"), ..self.failed(headers, &said) }
    }

    /// A success that turned out to be none. Its codes count, even where it has no readable form.
    fn failed_in(&self, headers: &HeaderMap, mut said: Failure, body: &[u8]) -> Failed {
        told::hear_codes(&mut said, body);
        self.failed(headers, &said)
    }

    /// What the provider said went wrong, as the client's protocol says it.
    pub(super) fn failed(&self, headers: &HeaderMap, said: &Failure) -> Failed {
        let request_id = self.inbound.request_id.to_str().unwrap_or_default();
        let written = self.client_codec().write_error(said, request_id);
        let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut answer = self.whole(status, written.body, relayed(headers));
        answer.headers.extend(written.headers.into_iter().filter_map(headers::own));
        let failure = said.brief(self.own());
        // A provider's own words may repeat a key or a prompt, which no log shall hold.
        let cause = match failure.what {
            What::Status(status) => format!("told an error {status}"),
            _ => said.message.clone(),
        };
        Failed {
            failure,
            retry_after: said.retry_after.or_else(|| failed::retry_after(headers)),
            cause,
            answer: Some(Box::new(answer)),
        }
    }

    pub(super) fn whole(
        &self,
        status: StatusCode,
        body: impl Into<Bytes>,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Answer {
        let mut answer = Answer::bare(status);
        answer.headers.extend(headers);
        answer.replace_body("application/json", body.into());
        answer
    }
}

/// A whole answer for a client, and what its protocol has no place for.
fn written(
    reply: Reply,
    to: &dyn Codec,
    client: &codec::Client<'_>,
) -> (Vec<u8>, Vec<&'static str>) {
    let mut lost = Vec::new();
    for medium in reply.media().filter(|it| !to.has_place_for(it)) {
        let name = medium.kind.name();
        // There are few kinds, and there may be many media.
        if !lost.contains(&name) {
            lost.push(name);
        }
    }
    (to.write_response(&reply, client), lost)
}

/// A whole answer as the stream that the client has asked for.
fn streamed_at_once(reply: Reply, to: &dyn Codec, client: &codec::Client<'_>) -> Vec<u8> {
    let (mut writer, mut out) = (to.stream_writer(client), Vec::new());
    replay::events(reply).into_iter().for_each(|event| writer.write(event, &mut out));
    out
}

/// A client that another thread can write for.
pub(super) struct OwnClient {
    model: String,
    id: String,
    created: u64,
    delivery: Delivery,
    include_usage: bool,
}

impl OwnClient {
    pub(super) fn of(client: &codec::Client<'_>) -> Self {
        let codec::Client { model, id, created, delivery, include_usage } = *client;
        Self { model: model.to_owned(), id: id.to_owned(), created, delivery, include_usage }
    }

    pub(super) fn client(&self) -> codec::Client<'_> {
        let Self { created, delivery, include_usage, .. } = *self;
        codec::Client { model: &self.model, id: &self.id, created, delivery, include_usage }
    }
}

/// Headers about limits are of use in any protocol; everything else speaks of the other one.
pub(super) fn relayed(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let about_limits = |name: &HeaderName| {
        let name = name.as_str();
        LIMITS.iter().any(|it| name.starts_with(it.start)) || name.starts_with("retry-after")
    };
    let kept = headers.iter().filter(|(name, _)| about_limits(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// In bytes, inside a success.
const LONGEST_ERROR: usize = 64 * 1024;
/// The provider's own silence is timed inside.
const FOREVER: Duration = Duration::from_secs(86_400);
