//! The request as the client sent it, from which attempts are built, and its neutral form, read
//! once when a provider of another protocol needs it.

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
    path::{self, ClientPath},
    protocol::{
        Endpoint, Family, Operation, Protocol,
        codec::{self, ReadError},
        conversation::Conversation,
        embedding::Embedding,
        family::counts_tokens,
        foreign::Change,
    },
    rare::Rare,
    refusal::Refusal,
    table::policy::Required,
};

/// The request as the client sent it, from which attempts are built.
pub(crate) struct Inbound {
    /// Its method.
    pub(crate) method: Method,
    /// The request ID; a static text before it is known and after it has moved to the answer.
    pub(crate) request_id: HeaderValue,
    /// Its path and query, checked, without a key.
    pub(crate) path: ClientPath,
    /// Its headers as they came.
    pub(crate) headers: HeaderMap,
    /// Which rarely used headers it has.
    pub(crate) rare: Rare,
    /// Its body as it came.
    pub(crate) body: Pieces,
    /// The body's share of the memory budget, if it is large.
    pub(crate) share: Option<Share>,
    /// The memory budget for what a translation builds.
    pub(crate) budget: &'static BodyBudget,
    /// The requested alias.
    pub(crate) alias: Box<str>,
    /// The target's name, if the alias is only another name for it.
    pub(crate) meant: Option<Box<str>>,
    /// The endpoint of the path, if a protocol defines it.
    pub(crate) endpoint: Option<Endpoint>,
    /// The neutral form, read once when a provider of another protocol needs it. Boxed, since few
    /// requests need this space.
    pub(crate) reading: OnceLock<Box<Read>>,
    /// The edits that remove other vendors' signatures, computed once when a provider needs them.
    pub(crate) foreign_proofs: OnceLock<Box<[Change]>>,
    /// What the client says about the tokens of its stream, read once when a provider needs it.
    pub(crate) own_options: OnceLock<OwnOptions>,
    /// The expected use of its answer, if a limit needs it. Boxed, since few requests need it.
    pub(crate) demand: Option<Box<Demand>>,
    /// What it requires of providers, if anything.
    pub(crate) required: Option<Box<Required>>,
    /// The guardrails for its answer, if there are any.
    pub(crate) guardrails: Option<Guardrails>,
    /// The counts of its text, computed once when a strategy needs them.
    pub(crate) counted: OnceLock<Box<Input>>,
    /// Whether the client asks for a stream.
    pub(crate) stream: bool,
    /// Where the body names its model, and the decoded name.
    pub(crate) model: Option<Model>,
    /// Other places that name a model.
    pub(crate) mentions: Mentions,
    /// The family of its path, if known.
    pub(crate) family: Option<Family>,
    /// Whether the body is a form, in which the name has no quotes.
    pub(crate) form: bool,
    /// Whether an answer must have a body.
    pub(crate) needs_body: bool,
    /// Resends on a fresh connection, until the trail takes them.
    pub(crate) resends: Resends,
    /// Reported tokens of cancelled attempts, until the trail takes them.
    pub(crate) given_up: GivenUp,
}

/// What the client says about the tokens of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnOptions {
    /// Nothing.
    Absent,
    /// Something other than asking for them.
    Others,
    /// It asks for them, or something that cannot be interpreted.
    Asks,
}

impl Inbound {
    /// The client's protocol; the default one if its path belongs to none.
    pub(crate) fn speaks(&self) -> Protocol {
        self.endpoint.as_ref().map(|endpoint| endpoint.protocol).unwrap_or_default()
    }

    /// The requested name for providers.
    pub(crate) fn asked_name(&self) -> &str {
        self.meant.as_ref().unwrap_or(&self.alias)
    }

    /// Whether its path may name a model where no protocol says so.
    pub(crate) fn may_name_in_path(&self) -> bool {
        self.endpoint.as_ref().is_none_or(|endpoint| endpoint.is_odd)
    }

    /// The content of its input, for an estimate of its tokens; computed once.
    pub(crate) fn input(&self) -> &Input {
        let pieces = self.body.iter().map(|piece| &piece[..]);
        self.counted.get_or_init(|| Box::new(Input::read(pieces, self.body.len())))
    }

    /// Computes that now, and shows each field of the body on the way; `false` if it was known, or if not all of the body
    /// is read for it.
    pub(crate) fn count_input(&self, see: impl FnMut(&[u8], &[u8])) -> bool {
        let pieces = self.body.iter().map(|piece| &piece[..]);
        let counted = || Input::read_and_see(pieces, self.body.len(), see).map(Box::new);
        self.counted.get().is_none()
            && counted().is_some_and(|counted| self.counted.set(counted).is_ok())
    }

    /// Whether a model is asked for something, so that tokens are what its answer takes. What is stored is only read
    /// again, and a count of tokens costs nothing.
    pub(crate) fn takes_tokens(&self) -> bool {
        match self.endpoint.as_ref().map(|endpoint| endpoint.operation) {
            Some(Operation::Generate | Operation::Embed) => true,
            Some(Operation::CountTokens) => false,
            Some(Operation::Native) => self.asks(),
            None => self.asks() && !counts_tokens(&self.path),
        }
    }

    fn asks(&self) -> bool {
        // What is cached is read by the model, which is paid for.
        let reads = matches!(self.family, Some(Family::Inference | Family::Caches) | None);
        self.method == Method::POST && reads
    }

    /// Whether the endpoint's answer may be a stream, also where its path alone says so.
    pub(crate) fn may_stream(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let says_so = || path::decoded(path).to_ascii_lowercase().contains("stream");
        self.stream || (self.endpoint.is_none() && says_so())
    }

    /// Moves the request ID to the answer.
    pub(crate) fn take_request_id(&mut self) -> HeaderValue {
        std::mem::replace(&mut self.request_id, HeaderValue::from_static(""))
    }

    /// The request in neutral form, read once for all providers.
    ///
    /// # Errors
    /// Why it cannot be read, for the client.
    pub(crate) fn conversation(&self) -> Result<&NeutralRequest, Refusal> {
        self.read().neutral.as_ref().map_err(Clone::clone)
    }

    /// The same, with what was generated for it.
    pub(super) fn read(&self) -> &Read {
        let read = || Box::new(read(self.endpoint.as_ref(), &self.body, self.budget, false));
        self.reading.get_or_init(read)
    }

    /// Reads a large request on another thread.
    pub(crate) async fn read_off_core(&self) {
        if self.reading.get().is_none() {
            let (endpoint, body, budget) = (self.endpoint.clone(), self.body.clone(), self.budget);
            let read = off_core::run(move || read(endpoint.as_ref(), &body, budget, true)).await;
            // A second attempt may have been faster.
            let _ = self.reading.set(Box::new(read));
        }
    }
}

/// Places other than the body's top-level `model` that name a model.
#[derive(Debug, Default)]
pub(crate) struct Mentions(Option<Box<Named>>);

/// Boxed, since few requests have any.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// The places of the alias in path and query; ascending.
    pub(crate) in_path: Vec<Range<usize>>,
    /// The places of the alias in the body, inside quotes; ascending.
    pub(crate) in_body: Vec<Range<u64>>,
    /// Names other than the alias. A provider is asked only if they are its own model.
    pub(crate) others: Vec<Box<str>>,
}

impl Mentions {
    /// The places of the alias in path and query.
    pub(crate) fn in_path(&self) -> &[Range<usize>] {
        self.0.as_ref().map_or(&[], |named| &named.in_path)
    }

    /// The places of the alias in the body.
    pub(crate) fn in_body(&self) -> &[Range<u64>] {
        self.0.as_ref().map_or(&[], |named| &named.in_body)
    }

    /// Moves the places after an edit of the body.
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
    /// Its neutral form, or why it cannot be read.
    pub(crate) neutral: Result<NeutralRequest, Refusal>,
    /// Its share of the memory budget.
    #[expect(dead_code, reason = "given back when it drops")]
    pub(crate) share: Share,
    /// The random part of generated IDs.
    pub(crate) id: String,
    /// When it was read, in seconds since 1970.
    pub(crate) at: u64,
    /// Whether it was read on another thread, and is freed on one.
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
    /// The next turn of a conversation, or a token count.
    Conversation(Arc<Conversation>),
    /// Embeddings.
    Embedding(Arc<Embedding>),
}

/// Reads a request in the client's protocol.
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

/// Takes what reading and writing a request need from the memory budget.
fn weighed(body: &Pieces, budget: &'static BodyBudget) -> Result<Share, Refusal> {
    let weight = Weight::of(body.iter().map(|piece| &piece[..]))
        .map_err(|OutOfProportion| ReadError::new("", OUT_OF_PROPORTION))?;
    let mut share = budget.share();
    let has_room = weight <= UNCOUNTED || share.grow_to(weight);
    if has_room { Ok(share) } else { Err(Refusal::NoRoom) }
}

fn neutral(endpoint: Option<&Endpoint>, body: &Pieces) -> Result<NeutralRequest, Refusal> {
    let endpoint =
        endpoint.ok_or_else(|| ReadError::new("", "The path belongs to no protocol."))?;
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

/// Less is not counted, since the number of connections limits it.
pub(crate) const UNCOUNTED: u64 = 256 * 1024;
const OUT_OF_PROPORTION: &str = "The request holds too many small values for its length to be \
    translated for this model's provider. Send fewer and longer ones, or ask for a model whose \
    provider speaks this protocol.";
