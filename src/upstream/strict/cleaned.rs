//! Cleans an accepted answer: a whole one at once, a stream on its way. `protocol::strict` knows
//! the fields.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, header};

use super::stream;
use crate::{
    body::json_string,
    protocol::{
        Endpoint,
        codec::{self, Reading},
        conversation::Delivery,
        replay,
        strict::{
            self,
            clean::{Cleaned, Known, clean},
            events::{Events, StreamCleaner},
            shape::{Declared, Malformed},
        },
        told,
    },
    table::{Provider, strict::Strict},
    upstream::{
        answer::{Answer, AnswerBody, Form},
        failed::Failed,
        inbound::{Inbound, UNCOUNTED},
        off_core, peek,
    },
};

/// The cleaned answer.
///
/// # Errors
/// It is invalid in its protocol, or contains an error.
pub(super) async fn cleaned(
    answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    strict: Strict,
) -> Result<Box<Answer>, Failed> {
    let declared = declared(inbound).filter(|_| answer.status.is_success());
    let Some((endpoint, declared)) = declared else { return Ok(answer) };
    let known = known(inbound);
    match answer.form() {
        Form::Json => whole(answer, provider, inbound, (endpoint, declared), known).await,
        Form::Other => Err(Failed::malformed(answer.status, "answered neither JSON nor events")),
        form => {
            let closes = endpoint.protocol.profile().stream.closes;
            let frames = endpoint.protocol.profile().frame_cleaner;
            let trusted = !strict.masks;
            let events = |known| {
                let events = Events::new(declared, closes, known, trusted)?;
                Some(Box::new(events) as Box<dyn StreamCleaner>)
            };
            let cleaner = match form {
                Form::Frames => frames.map(|cleaner| cleaner(known, trusted)),
                _ => events(known),
            };
            let cleaner = cleaner
                .ok_or_else(|| Failed::malformed(answer.status, "answered with a stream"))?;
            streamed(answer, provider, inbound, cleaner).await
        }
    }
}

/// Whether an answer that is JSON will be read here as a whole.
pub(in crate::upstream) fn reads(answer: &Answer, provider: &Provider, inbound: &Inbound) -> bool {
    provider.strict.is_some() && answer.status.is_success() && declared(inbound).is_some()
}

fn declared(inbound: &Inbound) -> Option<(&Endpoint, &'static Declared)> {
    let endpoint = inbound.endpoint.as_ref()?;
    Some((endpoint, strict::declared(endpoint, &inbound.path)?))
}

/// What is written into the answer.
fn known(inbound: &Inbound) -> Known {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Known {
        model: json_string(&inbound.alias),
        id: rand::random(),
        created: since.map_or(0, |since| since.as_secs()),
    }
}

async fn streamed(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    cleaner: Box<dyn StreamCleaner>,
) -> Result<Box<Answer>, Failed> {
    let source = std::mem::replace(&mut answer.body, AnswerBody::ended());
    answer.body = stream::cleaned(source, cleaner, (provider, inbound), answer.status).await?;
    answer.headers.remove(header::CONTENT_LENGTH);
    let codec = inbound.speaks().codec();
    let media_type = HeaderValue::from_static(codec.content_type(Delivery::Events));
    answer.headers.insert(header::CONTENT_TYPE, media_type);
    Ok(answer)
}

async fn whole(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    (endpoint, declared): (&Endpoint, &'static Declared),
    known: Known,
) -> Result<Box<Answer>, Failed> {
    let (usage, reason) = (answer.body.usage(), answer.body.reason());
    let mut share = inbound.budget.share();
    let has_room = |held| held <= UNCOUNTED || share.grow_to(held);
    let Some(body) = peek::collect(&mut answer, has_room).await? else {
        return Err(Failed::malformed(answer.status, "no memory is left for the answer"));
    };
    let inside =
        |answer, body| Err(Failed::inside(answer, body, inbound.speaks(), &provider.own_classes));
    // A list without chunks is an empty answer.
    if body.first() == Some(&b'[') && is_empty_list(&body) {
        return Err(Failed::empty(answer.status));
    }
    match off_core_if_large(&body, declared, &known).await {
        Ok(Cleaned::Kept(clean, _)) => {
            let (media_type, body) = match delivered(inbound, endpoint, declared, &clean) {
                None => ("application/json", clean),
                Some(delivery) => {
                    let streamed = at_once(endpoint, &clean, delivery, inbound, &known);
                    let streamed = streamed.ok_or_else(|| {
                        Failed::malformed(answer.status, "its answer cannot be streamed")
                    })?;
                    (endpoint.protocol.codec().content_type(delivery), streamed)
                }
            };
            let tells_usage = answer.tells_usage;
            answer.replace_body(media_type, body);
            answer.tells_usage = tells_usage && media_type == "application/json";
            if let Some(usage) = usage {
                answer.body.told_usage(usage);
            }
            answer.body.told_reason(reason);
            Ok(answer)
        }
        Ok(Cleaned::Fault) => inside(answer, body),
        _ if told::is_error_alone(&body) => inside(answer, body),
        Ok(Cleaned::Unknown) | Err(Malformed) => {
            Err(Failed::malformed(answer.status, "the answer is not what its protocol says"))
        }
    }
}

fn is_empty_list(body: &[u8]) -> bool {
    body.iter().filter(|byte| !byte.is_ascii_whitespace()).eq(b"[]")
}

async fn off_core_if_large(
    body: &Bytes,
    declared: &'static Declared,
    known: &Known,
) -> Result<Cleaned, Malformed> {
    if body.len() <= off_core::LARGE {
        return clean(body, declared.answer, known);
    }
    let (body, known) = (body.clone(), known.clone());
    off_core::run(move || clean(&body, declared.answer, &known)).await
}

/// How to deliver a whole answer if a stream was requested.
fn delivered(
    inbound: &Inbound,
    endpoint: &Endpoint,
    declared: &Declared,
    body: &[u8],
) -> Option<Delivery> {
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let delivery = endpoint.delivery.unwrap_or(match inbound.stream {
        true => Delivery::Events,
        false => Delivery::Whole,
    });
    let is_wanted = delivery != Delivery::Whole && declared.event.is_some() && !is_list;
    is_wanted.then_some(delivery)
}

/// A whole answer as the stream that the client asked for.
fn at_once(
    endpoint: &Endpoint,
    body: &Bytes,
    delivery: Delivery,
    inbound: &Inbound,
    known: &Known,
) -> Option<Bytes> {
    let codec = endpoint.protocol.codec();
    let reply = codec.read_response(body, &Reading::default()).ok()?;
    let include_usage = crate::upstream::usage::is_asked(inbound);
    let client = codec::Client {
        model: &inbound.alias,
        id: &format!("{:x}", known.id),
        created: known.created,
        delivery,
        include_usage,
        prompt_tokens: 0,
    };
    let (mut writer, mut out) = (codec.stream_writer(&client), Vec::new());
    replay::events(reply).into_iter().for_each(|event| writer.write(event, &mut out));
    Some(out.into())
}
