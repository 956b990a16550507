//! Reads the next turn of a conversation, or a token count, in the provider's protocol and writes
//! it in the client's: whole or as a stream.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{
    Exchange, OwnClient,
    errors::{relayed, whole},
    held, spoken,
    stream::{TranslatedBody, Unopened},
};
use crate::{
    body::Weight,
    failure::What,
    live::Share,
    protocol::{
        Operation,
        codec::{self, Codec, Reading},
        conversation::{Conversation, Finish, Reply, Usage, event::named},
        replay, told, usage,
    },
    upstream::{
        answer::{Answer, AnswerBody},
        awaited::Awaited,
        failed::Failed,
        off_core, peek,
        source::Source as _,
    },
};

impl Exchange<'_> {
    /// Reads the answer in the provider's protocol and writes it in the client's. Fields without an
    /// equivalent are `dropped`: the answer is paid for, so no other provider is asked.
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
            let bytes = body.clone();
            let read = move || (!told::is_error_alone(&bytes)).then(|| codec.read_count(&bytes));
            let read =
                if body.len() > off_core::LARGE { off_core::run(read).await } else { read() };
            return match read.ok_or_else(|| self.judge_error(&answer.headers, &body))? {
                Ok(tokens) => Ok(self.counted(tokens, relayed(&answer.headers))),
                Err(said) => Err(self.failed_in(&answer.headers, said, &body)),
            };
        }
        if asked.is_stream() {
            return self.stream(answer, reading, &client).await;
        }
        let (((usage, reason), (body, lost)), share) =
            self.answered(&mut answer, reading, &client, written).await?;
        let body = held::counted(body, share);
        for name in lost {
            if !dropped.iter().any(|dropped| dropped == name) {
                dropped.push(name.to_owned());
            }
        }
        let mut translated = whole(StatusCode::OK, body, relayed(&answer.headers));
        translated.body.told_usage(usage);
        translated.body.told_reason(Some(reason));
        translated.body.take_service(&mut answer.body);
        Ok(translated)
    }

    /// Reads and writes a whole answer, a large one on another thread; returns its tokens and why
    /// its model stopped.
    async fn answered<T: Send + 'static>(
        &self,
        answer: &mut Answer,
        reading: Reading,
        client: &codec::Client<'_>,
        write: fn(Reply, &Codec, &codec::Client<'_>) -> T,
    ) -> Result<(((Usage, Finish), T), Share), Failed> {
        let (body, share) = held::collected(self.inbound, answer).await?;
        let (codec, to) = (self.codec(), self.client_codec());
        let read = if body.len() > off_core::LARGE {
            let (bytes, client) = (body.clone(), OwnClient::of(client));
            let read = off_core::run(move || {
                if told::is_error_alone(&bytes) {
                    return None;
                }
                let read = || codec.read_response(&bytes, &reading);
                let read =
                    || read().map(|it| ((it.usage, it.finish), write(it, to, &client.client())));
                Some(held::read(Weight::of_answer(&bytes), share, read))
            });
            read.await.ok_or_else(|| self.judge_error(&answer.headers, &body))?
        } else {
            let judged = self.judge_envelope(&answer.headers, &body);
            judged.map_err(|failed| failed.after(self.told_in(&body)))?;
            let read = || codec.read_response(&body, &reading);
            let read = || read().map(|it| ((it.usage, it.finish), write(it, to, client)));
            held::read(Weight::of_answer(&body), share, read)
        };
        match read? {
            (Ok(written), share) => Ok((written, share)),
            (Err(said), _) => {
                Err(self.failed_in(&answer.headers, said, &body).after(self.told_in(&body)))
            }
        }
    }

    /// The tokens of a whole answer that cannot be passed on.
    fn told_in(&self, body: &[u8]) -> Option<Usage> {
        usage::of_answer(spoken(self.endpoint, self.provider), body)
    }

    /// Buffers the stream until its first content, as for a stream that is not translated.
    async fn stream(
        &self,
        mut answer: Box<Answer>,
        reading: Reading,
        client: &codec::Client<'_>,
    ) -> Result<Answer, Failed> {
        let mut streamed = self.stream_head(&answer.headers, client);
        if peek::is_object(&mut answer).await? {
            let (((usage, reason), out), share) =
                self.answered(&mut answer, reading, client, streamed_at_once).await?;
            let out = held::counted(out, share);
            streamed.replace_body(self.client_codec().content_type(client.delivery), out);
            streamed.body.told_usage(usage);
            streamed.body.told_reason(Some(reason));
            streamed.body.take_service(&mut answer.body);
            return Ok(streamed);
        }
        let reader = self.codec().stream_reader(reading);
        let writer = self.client_codec().stream_writer(client);
        let classes = Arc::clone(&self.provider.own_classes);
        let share = self.inbound.budget.share();
        let mut body = TranslatedBody::new(answer.body, reader, writer, classes, share);
        let asked = (self.inbound, self.provider);
        match Awaited::while_it(&mut body, asked, async |body| body.open().await).await {
            Ok(()) => {}
            Err(Unopened::Told(error)) => {
                return Err(self.judge_error(&answer.headers, &error).after(body.usage()));
            }
            Err(Unopened::Broken(said, failure)) => {
                let failed = self.failed(&answer.headers, &said).after(body.usage());
                // A break is the router's to tell, as without translation.
                let answer = failed.answer.filter(|_| matches!(failure.what, What::Status(_)));
                return Err(Failed { failure, answer, ..failed });
            }
        }
        streamed.body = AnswerBody::from_source(Box::new(body));
        Ok(streamed)
    }

    fn stream_head(&self, headers: &HeaderMap, client: &codec::Client<'_>) -> Answer {
        let mut answer = Answer::bare(StatusCode::OK);
        answer.headers.extend(relayed(headers));
        let media_type = self.client_codec().content_type(client.delivery);
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        answer.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer
    }

    pub(super) fn counted(&self, tokens: u64, headers: Vec<(HeaderName, HeaderValue)>) -> Answer {
        whole(StatusCode::OK, self.client_codec().write_counted(tokens), headers)
    }
}

/// A whole answer for a client, and the fields that its protocol cannot express.
fn written(reply: Reply, to: &Codec, client: &codec::Client<'_>) -> (Vec<u8>, Vec<&'static str>) {
    let mut lost = Vec::new();
    for medium in reply.media().filter(|it| !to.has_place_for(it)) {
        let name = medium.kind.name();
        // There are few kinds, but there may be many media parts.
        if !lost.contains(&name) {
            lost.push(name);
        }
    }
    let model = named(reply.model.as_deref()).unwrap_or(client.model);
    (to.write_response(&reply, &codec::Client { model, ..*client }), lost)
}

/// A whole answer as the stream that the client asked for.
fn streamed_at_once(reply: Reply, to: &Codec, client: &codec::Client<'_>) -> Vec<u8> {
    let (mut writer, mut out) = (to.stream_writer(client), Vec::new());
    replay::events(reply).into_iter().for_each(|event| writer.write(event, &mut out));
    out
}
