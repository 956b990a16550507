//! Judges an answer that is passed on unchanged, up to the commit point.
//!
//! Nothing is sent to the client from here. An accepted answer may be passed on; a failure may be
//! passed on only if no other provider is tried.

use http::StatusCode;

use super::{
    answer::{Answer, Form},
    awaited,
    failed::Failed,
    foreign,
    inbound::Inbound,
    peek::{self, MOST_HELD},
    strict, usage,
};
use crate::{
    protocol::{
        Observer, Protocol,
        codec::Reading,
        conversation::{Event, Usage},
        observer::{Opening, Report},
        told, usage as told_usage,
    },
    table::Provider,
};

/// How closely an answer is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inspection {
    /// Whether errors inside a 200 count: if another provider may be tried.
    pub(crate) reads_errors: bool,
    /// Whether an answer must have a body.
    pub(crate) needs_body: bool,
    /// Whether a stream is accepted only at its first event with content.
    pub(crate) waits_for_content: bool,
    /// How many bytes of an answer are buffered until it is complete; 0 means that it is passed on
    /// when it is accepted.
    pub(crate) holds: usize,
}

/// The answer, once it is certain that it is one.
///
/// # Errors
/// The answer is an error, by its status or inside a success, or it is empty or breaks off.
pub(super) async fn judge(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    inspection: Inspection,
) -> Result<Box<Answer>, Failed> {
    let form = answer.form();
    answer.observer = observer(form, inbound);
    if let Some(observer) = &mut answer.observer
        && usage::to_ask(inbound, provider).is_some()
    {
        observer.hide_usage();
    }
    answer.tells_usage = form == Form::Json;
    let answer = judge_head(answer, provider, inbound, inspection).await?;
    judge_body(answer, form, provider, inbound, inspection).await
}

/// The observer of a stream to its end.
fn observer(form: Form, inbound: &Inbound) -> Option<Box<Observer>> {
    let endpoint = inbound.endpoint.as_ref();
    match form {
        Form::Events => Some(Box::new(Observer::of_events(&inbound.path, endpoint))),
        Form::Frames => Some(Box::new(Observer::of_frames(endpoint))),
        Form::Json | Form::Other => None,
    }
}

async fn judge_head(
    answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    inspection: Inspection,
) -> Result<Box<Answer>, Failed> {
    let status = answer.status;
    if status.is_client_error() || status.is_server_error() {
        return Err(refused(answer).await.read(inbound.speaks(), &provider.own_classes));
    }
    if inspection.needs_body && matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    {
        return Err(Failed::empty(status));
    }
    Ok(answer)
}

/// An error by its status. Its body is read for its code, unless the body is slow. Its media type
/// does not matter: many servers send their JSON errors as text.
async fn refused(mut answer: Box<Answer>) -> Failed {
    let small = answer.body.remaining().is_none_or(|bytes| bytes <= peek::MOST_OF_ERROR as u64);
    if small && answer.is_plain() {
        peek::hold_error(&mut answer).await;
    }
    Failed::by_status(answer)
}

/// Reads the beginning of a success before a head is sent, so that an error inside it can still
/// fall back.
async fn judge_body(
    mut answer: Box<Answer>,
    form: Form,
    provider: &Provider,
    inbound: &Inbound,
    inspection: Inspection,
) -> Result<Box<Answer>, Failed> {
    if !peek::look(&mut answer).await? {
        let empty = inspection.needs_body && answer.body.held().is_empty();
        return if empty { Err(Failed::empty(answer.status)) } else { Ok(answer) };
    }
    let reads = inspection.reads_errors || inspection.waits_for_content;
    match form {
        Form::Events => judge_stream(answer, provider, inbound, inspection).await,
        Form::Json if inspection.reads_errors => judge_json(answer, provider, inbound).await,
        Form::Frames if reads => judge_frames(answer, provider, inbound, inspection).await,
        Form::Other if inspection.reads_errors && !foreign::may_be(&answer, inbound) => {
            Err(Failed::malformed(answer.status, "answered neither JSON nor events"))
        }
        Form::Other if inspection.reads_errors && foreign::may_be_error(&answer, inbound) => {
            judge_untyped(answer, provider, inbound).await
        }
        _ => Ok(answer),
    }
}

async fn judge_stream(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    inspection: Inspection,
) -> Result<Box<Answer>, Failed> {
    let mut opening = Opening::new(inspection.reads_errors || inspection.waits_for_content);
    let mut read = 0;
    loop {
        while let Some(piece) = answer.body.held().get(read) {
            read += 1;
            match opening.observe(piece.clone()) {
                Report::Nothing => {}
                Report::Content => return Ok(answer.read_to_its_end(inbound, inspection)),
                Report::Malformed if inspection.reads_errors && inbound.needs_body => {
                    let cause = "an event of the stream is not JSON";
                    let failed = Failed::malformed(answer.status, cause);
                    return Err(failed.after(answer.told_so_far(inbound.speaks())));
                }
                Report::Malformed => return Ok(answer),
                Report::End | Report::Error(_) if !inspection.reads_errors => {
                    return Ok(answer);
                }
                Report::End => return Err(empty(&answer, inbound)),
                Report::Error(json) => {
                    let classes = &provider.own_classes;
                    return Err(Failed::inside(answer, json, inbound.speaks(), classes));
                }
            }
        }
        if answer.body.held_bytes() > MOST_HELD {
            return Ok(answer);
        }
        let looked = awaited::look(&mut answer, inbound, provider).await;
        if !looked.map_err(|failed| failed.after(answer.told_so_far(inbound.speaks())))? {
            return match opening.end() {
                Report::Error(json) if inspection.reads_errors => {
                    let classes = &provider.own_classes;
                    Err(Failed::inside(answer, json, inbound.speaks(), classes))
                }
                _ => Err(empty(&answer, inbound)),
            };
        }
    }
}

/// A small answer is buffered until it is complete: it is useless to a client before that, and can
/// still fall back if it breaks off.
async fn judge_json(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
) -> Result<Box<Answer>, Failed> {
    if strict::reads(&answer, provider, inbound) {
        // Cleaning reads it whole, and judges it by the same rules.
        return Ok(answer);
    }
    hold_small(&mut answer).await?;
    let Some(envelope) = answer.body.whole() else { return Ok(answer) };
    if told::is_error_alone(&envelope) {
        let classes = &provider.own_classes;
        return Err(Failed::inside(answer, envelope, inbound.speaks(), classes));
    }
    if inbound.needs_body && !foreign::is_json(&envelope) {
        return Err(Failed::malformed(answer.status, "the answer is not JSON"));
    }
    Ok(answer)
}

/// An answer that may be JSON although its headers do not say so: only an error is recognized.
async fn judge_untyped(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
) -> Result<Box<Answer>, Failed> {
    hold_small(&mut answer).await?;
    match answer.body.whole() {
        Some(envelope) if told::is_error_alone(&envelope) => {
            let classes = &provider.own_classes;
            Err(Failed::inside(answer, envelope, inbound.speaks(), classes))
        }
        _ => Ok(answer),
    }
}

/// Buffers an answer until it is complete, unless it is long.
async fn hold_small(answer: &mut Answer) -> Result<(), Failed> {
    let small = answer.body.remaining().is_none_or(|bytes| bytes <= MOST_HELD as u64);
    while small && answer.body.held_bytes() <= MOST_HELD && peek::look(answer).await? {}
    Ok(())
}

/// A stream of frames is also buffered to its first content, which its protocol's reader finds.
async fn judge_frames(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    inspection: Inspection,
) -> Result<Box<Answer>, Failed> {
    let mut reader = inbound.speaks().codec().stream_reader(Reading::default());
    let (mut read, mut events) = (0, Vec::new());
    loop {
        while let Some(piece) = answer.body.held().get(read) {
            read += 1;
            reader.feed(piece.clone(), &mut events);
        }
        let failed = events.iter().find_map(|event| match event {
            Event::Failure(failure) => Some(failure),
            _ => None,
        });
        if let Some(said) = failed.filter(|_| inspection.reads_errors) {
            return Err(Failed::told(answer, said, inbound.speaks(), &provider.own_classes));
        }
        let is_enough = answer.body.held_bytes() > MOST_HELD || failed.is_some();
        if is_enough || events.iter().any(Event::is_content) {
            return Ok(answer);
        }
        events.clear();
        let looked = awaited::look(&mut answer, inbound, provider).await;
        if !looked.map_err(|failed| failed.after(answer.told_so_far(inbound.speaks())))? {
            return Err(empty(&answer, inbound));
        }
    }
}

/// An empty stream, which may still have reported tokens.
fn empty(answer: &Answer, inbound: &Inbound) -> Failed {
    Failed::empty(answer.status).after(answer.told_so_far(inbound.speaks()))
}

impl Answer {
    /// The tokens reported in what was read ahead.
    pub(super) fn told_so_far(&self, protocol: Protocol) -> Option<Usage> {
        let (held, form) = (self.body.held(), self.form());
        if !self.status.is_success() || form == Form::Other {
            return None;
        }
        if form == Form::Json {
            return told_usage::of_answer(protocol, &self.body.held_as_one());
        }
        // A translated stream has no observer; its bytes may hold the router's own estimate.
        self.observer.as_ref()?;
        let mut watch = told_usage::Watch::default();
        held.iter().for_each(|piece| watch.observe_cut(piece));
        watch.usage(protocol, form == Form::Frames)
    }

    /// Where another provider might have been asked, a stream with unreadable events ends like a
    /// broken one.
    fn read_to_its_end(
        mut self: Box<Self>,
        inbound: &Inbound,
        inspection: Inspection,
    ) -> Box<Self> {
        if inspection.reads_errors
            && inbound.needs_body
            && let Some(observer) = &mut self.observer
        {
            observer.read_all();
        }
        self
    }
}
