//! What the client sent, in the form that attempts are built from, and the request in neutral form,
//! read once a provider of another protocol needs it.
//!
//! It knows no provider.

#[cfg(test)]
mod tests;

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use http::{HeaderMap, HeaderValue, Method};

use super::{demand::Demand, given_up::GivenUp, off_core, resends::Resends};
use crate::{
    body::{Model, OutOfProportion, Pieces, Weight},
    guard::Guardrails,
    live::{BodyBudget, Share},
    models::tokens::Input,
    path::ClientPath,
    protocol::{
        Endpoint, Family, Protocol,
        codec::{self, ReadError},
        conversation::Conversation,
        embedding::Embedding,
        foreign::Change,
    },
    rare::Rare,
    refusal::Refusal,
    table::policy::Required,
};

/// What the client sent, in the form that attempts are built from.
pub(crate) struct Inbound {
    /// Its method.
    pub(crate) method: Method,
    /// What the client and we call the request; a static text until it is known and after it has
    /// gone into the answer.
    pub(crate) request_id: HeaderValue,
    /// Its path and query, checked, without any key in it.
    pub(crate) path: ClientPath,
    /// Its headers as they came.
    pub(crate) headers: HeaderMap,
    /// Which of them it may have that few requests bear.
    pub(crate) rare: Rare,
    /// Its body as it came.
    pub(crate) body: Pieces,
    /// What that takes of the budget for all bodies, if it is large.
    pub(crate) share: Option<Share>,
    /// The budget for all bodies, for what a translation builds.
    pub(crate) budget: &'static BodyBudget,
    /// The alias that it asked for.
    pub(crate) alias: Box<str>,
    /// The name that is meant, where that is only a further name of a target.
    pub(crate) meant: Option<Box<str>>,
    /// What its path asks for, where a protocol says so.
    pub(crate) endpoint: Option<Endpoint>,
    /// The request as it reads, once a provider of another protocol has needed it.
    /// Boxed: every request would carry the room that few need.
    pub(crate) reading: OnceLock<Box<Read>>,
    /// What changes in its body because it gives back another vendor's proofs, once a provider has needed
    /// to know.
    pub(crate) foreign_proofs: OnceLock<Box<[Change]>>,
    /// What the client says of the tokens of its own stream, once a provider has needed to know.
    pub(crate) own_options: OnceLock<OwnOptions>,
    /// What its answer is expected to take, where a limit depends on it. Boxed: few requests need it.
    pub(crate) demand: Option<Box<Demand>>,
    /// What it requires of providers, where that is anything.
    pub(crate) required: Option<Box<Required>>,
    /// The guardrails that its answer passes, where there are any.
    pub(crate) guardrails: Option<Guardrails>,
    /// What was counted of its text, once a strategy has needed to know.
    pub(crate) counted: OnceLock<Box<Input>>,
    /// Whether the client asks for a stream.
    pub(crate) stream: bool,
    /// Where the body names its model, and how the name reads once decoded.
    pub(crate) model: Option<Model>,
    /// Where else it names a model.
    pub(crate) mentions: Mentions,
    /// What its path is for, where that is known.
    pub(crate) family: Option<Family>,
    /// Whether the body is a form, in which the name stands without quotes.
    pub(crate) form: bool,
    /// Whether an answer must have a body.
    pub(crate) needs_body: bool,
    /// Where it was sent again on a fresh connection, until the trail tells of it.
    pub(crate) resends: Resends,
    /// What attempts had told that were given up, until the trail tells of it.
    pub(crate) given_up: GivenUp,
}

/// What the client says of the tokens of its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnOptions {
    /// Nothing.
    Absent,
    /// Something else than that it wants them.
    Others,
    /// That it wants them, or what cannot be told.
    Asks,
}

impl Inbound {
    /// The client's protocol; where its path is no protocol's, the usual one.
    pub(crate) fn speaks(&self) -> Protocol {
        self.endpoint.as_ref().map(|endpoint| endpoint.protocol).unwrap_or_default()
    }

    /// The name that is asked for, as providers may be told it.
    pub(crate) fn asked_name(&self) -> &str {
        self.meant.as_ref().unwrap_or(&self.alias)
    }

    /// What its input holds, for an estimate of its tokens. It is counted once.
    pub(crate) fn input(&self) -> &Input {
        let pieces = self.body.iter().map(|piece| &piece[..]);
        self.counted.get_or_init(|| Box::new(Input::read(pieces, self.body.len())))
    }

    /// Gives the request's id to what makes its answer.
    pub(crate) fn take_request_id(&mut self) -> HeaderValue {
        std::mem::replace(&mut self.request_id, HeaderValue::from_static(""))
    }

    /// The request in neutral form. It is read once, however many providers it is written for.
    ///
    /// # Errors
    /// Why it cannot be read, for the client.
    pub(crate) fn conversation(&self) -> Result<&NeutralRequest, Refusal> {
        self.read().neutral.as_ref().map_err(Clone::clone)
    }

    /// The same, with what was drawn for it.
    pub(super) fn read(&self) -> &Read {
        let read = || Box::new(read(self.endpoint.as_ref(), &self.body, self.budget, false));
        self.reading.get_or_init(read)
    }

    /// Reads a large request on a thread of its own.
    pub(crate) async fn read_off_core(&self) {
        if self.reading.get().is_none() {
            let (endpoint, body, budget) = (self.endpoint.clone(), self.body.clone(), self.budget);
            let read = off_core::run(move || read(endpoint.as_ref(), &body, budget, true)).await;
            // A second attempt beside the first may have been quicker.
            let _ = self.reading.set(Box::new(read));
        }
    }
}

/// Where a request names a model beside its body's top-level `model`.
#[derive(Debug, Default)]
pub(crate) struct Mentions(Option<Box<Named>>);

/// Places and names; boxed, since few requests have any.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Where in path and query the alias stands, as it is written; ascending.
    pub(crate) in_path: Vec<Range<usize>>,
    /// Where in the body the alias stands in quotes, the quotes not included; ascending.
    pub(crate) in_body: Vec<Range<u64>>,
    /// Names that are not the alias: each provider is asked only if they are its own model.
    pub(crate) others: Vec<Box<str>>,
}

impl Mentions {
    /// Where in path and query the alias stands.
    pub(crate) fn in_path(&self) -> &[Range<usize>] {
        self.0.as_ref().map_or(&[], |named| &named.in_path)
    }

    /// Where in the body the alias stands.
    pub(crate) fn in_body(&self) -> &[Range<u64>] {
        self.0.as_ref().map_or(&[], |named| &named.in_body)
    }

    /// The body has been changed before some of them: each moves.
    pub(crate) fn moved(&mut self, moved: impl Fn(u64) -> u64) {
        for span in self.0.iter_mut().flat_map(|named| &mut named.in_body) {
            *span = moved(span.start)..moved(span.end);
        }
    }

    /// Names that are not the alias.
    pub(crate) fn others(&self) -> &[Box<str>] {
        self.0.as_ref().map_or(&[], |named| &named.others)
    }
}

impl From<Named> for Mentions {
    fn from(named: Named) -> Self {
        let is_any =
            !(named.in_path.is_empty() && named.in_body.is_empty() && named.others.is_empty());
        Self(is_any.then(|| Box::new(named)))
    }
}

/// A request that was read for translation.
pub(crate) struct Read {
    /// What it says, or why it cannot be read.
    pub(crate) neutral: Result<NeutralRequest, Refusal>,
    /// What it takes of the budget for all bodies.
    #[expect(dead_code, reason = "given back when it drops")]
    pub(crate) share: Share,
    /// A text to make ids from.
    pub(crate) id: String,
    /// When it was read, in seconds since 1970.
    pub(crate) at: u64,
    /// Whether it was read on a thread of its own, and is freed on one.
    pub(crate) is_large: bool,
}

impl Drop for Read {
    fn drop(&mut self) {
        if self.is_large {
            let nothing = Err(Refusal::NoRoom);
            off_core::free(std::mem::replace(&mut self.neutral, nothing));
        }
    }
}

/// What a request asks for, in neutral form.
pub(crate) enum NeutralRequest {
    /// The next turn of a conversation, or its tokens.
    Conversation(Arc<Conversation>),
    /// Vectors.
    Embedding(Arc<Embedding>),
}

/// Reads a request in its client's protocol.
fn read(
    endpoint: Option<&Endpoint>,
    body: &Pieces,
    budget: &'static BodyBudget,
    is_large: bool,
) -> Read {
    let (neutral, share) = match weighed(body, budget) {
        Ok(share) => (neutral(endpoint, body), share),
        Err(refusal) => (Err(refusal), budget.share()),
    };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Read {
        neutral,
        share,
        id: format!("{:016x}", rand::random::<u64>()),
        at: since.map_or(0, |since| since.as_secs()),
        is_large,
    }
}

/// Takes from the budget what is read and written of a request.
fn weighed(body: &Pieces, budget: &'static BodyBudget) -> Result<Share, Refusal> {
    let weight = Weight::of(body.iter().map(|piece| &piece[..]))
        .map_err(|OutOfProportion| ReadError::new("", OUT_OF_PROPORTION))?;
    let mut share = budget.share();
    let has_room = weight <= UNCOUNTED || share.grow_to(weight);
    if has_room { Ok(share) } else { Err(Refusal::NoRoom) }
}

fn neutral(endpoint: Option<&Endpoint>, body: &Pieces) -> Result<NeutralRequest, Refusal> {
    let endpoint = endpoint.ok_or_else(|| ReadError::new("", "The path is no protocol's own."))?;
    let head = codec::Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
    let body = body.to_bytes();
    let codec = endpoint.protocol.codec();
    if let Some(codec) = codec.embeddings().filter(|_| endpoint.operation.is_embed()) {
        let embedding = codec.read_request(&body, &head)?.bounded()?;
        return Ok(NeutralRequest::Embedding(Arc::new(embedding)));
    }
    let conversation = codec.read_request(&body, &head)?.bounded()?.with_distinct_calls();
    Ok(NeutralRequest::Conversation(Arc::new(conversation)))
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self::Unsupported { message: error.to_string(), field: error.field }
    }
}

/// What weighs less is not counted: the number of connections bounds it.
pub(crate) const UNCOUNTED: u64 = 256 * 1024;
const OUT_OF_PROPORTION: &str = "The request holds too many small values for its length to be \
    translated for this model's provider. Send fewer and longer ones, or ask for a model whose \
    provider speaks this protocol.";
