//! A client of one protocol at a provider of another. The request is read once and written anew for
//! each attempt; the answer is read and written in the client's protocol.
//!
//! It knows no protocol: it joins one's reader with another's writer. The commit point is the same
//! as without translation.

mod held;
mod errors;
mod stream;
mod answer;
pub(super) mod vectors;
pub(super) mod reader;

use std::{borrow::Cow, future::Future, pin::Pin};

use super::{
    answer::Answer,
    failed::Failed,
    gated,
    inbound::{Inbound, Read},
    request::Call,
};
use crate::{
    models::tokens,
    protocol::{
        Endpoint, Operation, Protocol,
        cache::Cache,
        codec::{self, Codec, Platform, Target},
        conversation::{Delivery, Lossy},
        service::Service,
    },
    table::Provider,
};

/// The protocol for a provider. OpenAI providers serve both of its endpoints, unless the file says
/// otherwise.
pub(super) fn spoken(endpoint: &Endpoint, provider: &Provider) -> Protocol {
    match (endpoint.protocol, provider.protocol) {
        (Protocol::OpenAiResponses, Protocol::OpenAi) if !provider.adapts_responses => {
            Protocol::OpenAiResponses
        }
        (_, its) => its,
    }
}

/// One request between two protocols.
pub(super) struct Exchange<'a> {
    provider: &'a Provider,
    inbound: &'a Inbound,
    endpoint: &'a Endpoint,
    /// The provider's model, if it depends on the requested name.
    model: Cow<'a, str>,
    /// The betas that the client asks for in headers.
    betas: Vec<&'static str>,
}

impl<'a> Exchange<'a> {
    /// For a request and a provider.
    pub(super) fn new(
        provider: &'a Provider,
        inbound: &'a Inbound,
        endpoint: &'a Endpoint,
    ) -> Self {
        let model = provider.model_for(inbound.asked_name());
        let tells = spoken(endpoint, provider).profile().tells_betas;
        let tells = tells.filter(|_| endpoint.protocol.profile().has_betas);
        let betas = tells.map_or_else(Vec::new, |at| gated::of_client(inbound, provider, at));
        Self { provider, inbound, endpoint, model, betas }
    }

    pub(super) fn provider(&self) -> &'a Provider {
        self.provider
    }

    pub(super) fn inbound(&self) -> &'a Inbound {
        self.inbound
    }

    pub(super) fn operation(&self) -> Operation {
        self.endpoint.operation
    }

    /// The target of the written request.
    pub(super) fn target(&self) -> Target<'_> {
        let lossy = self.provider.lossy;
        Target {
            model: &self.model,
            known_as: self.provider.model_family.as_deref(),
            platform: self.provider.platform,
            betas: &self.betas,
            lossy,
            seed: &self.inbound.read().id,
            service: self.provider.service,
            cache: self.provider.cache,
        }
    }

    /// The estimated tokens of the request, if the provider cannot count them.
    fn estimate(&self) -> u64 {
        let body = &self.inbound.body;
        let model = self.target().known_as();
        tokens::of_request(model, body.iter().map(|piece| &piece[..]), body.len())
    }

    /// The target, owned for another thread.
    pub(super) fn own_target(&self) -> OwnTarget {
        let Target { model, known_as, platform, betas, lossy, seed, service, cache } =
            self.target();
        OwnTarget {
            model: model.to_owned(),
            known_as: known_as.map(str::to_owned),
            platform,
            betas: betas.to_vec(),
            lossy,
            seed: seed.to_owned(),
            service,
            cache,
        }
    }

    /// The client of the answer. It names the provider's model, like an unchanged answer.
    fn client(&self, delivery: Delivery, include_usage: bool) -> codec::Client<'_> {
        let Read { id, at, .. } = self.inbound.read();
        let is_told =
            delivery == Delivery::Events && self.endpoint.protocol.profile().tells_prompt_first;
        let prompt_tokens = if is_told { self.estimate() } else { 0 };
        let (model, created) = (&*self.model, *at);
        codec::Client { model, id, created, delivery, include_usage, prompt_tokens }
    }

    /// The provider's protocol.
    pub(super) fn codec(&self) -> &'static Codec {
        spoken(self.endpoint, self.provider).codec()
    }

    /// The client's protocol.
    pub(super) fn client_codec(&self) -> &'static Codec {
        self.endpoint.protocol.codec()
    }
}

/// Makes one call.
pub(super) type Make<'c> = dyn Fn(&'c Call) -> Answering<'c> + Sync + 'c;
/// A call in progress, until the head of its answer.
pub(super) type Answering<'c> =
    Pin<Box<dyn Future<Output = Result<Box<Answer>, Failed>> + Send + 'c>>;

/// A target that can be sent to another thread.
pub(super) struct OwnTarget {
    model: String,
    known_as: Option<String>,
    platform: Platform,
    betas: Vec<&'static str>,
    lossy: Lossy,
    seed: String,
    service: Service,
    cache: Cache,
}

impl OwnTarget {
    pub(super) fn target(&self) -> Target<'_> {
        let Self { platform, lossy, service, cache, .. } = *self;
        let known_as = self.known_as.as_deref();
        let (model, betas, seed) = (&*self.model, &*self.betas, &*self.seed);
        Target { model, known_as, platform, betas, lossy, seed, service, cache }
    }
}

/// A client that can be sent to another thread.
struct OwnClient {
    model: String,
    id: String,
    created: u64,
    delivery: Delivery,
    include_usage: bool,
}

impl OwnClient {
    fn of(client: &codec::Client<'_>) -> Self {
        let codec::Client { model, id, created, delivery, include_usage, .. } = *client;
        Self { model: model.to_owned(), id: id.to_owned(), created, delivery, include_usage }
    }

    fn client(&self) -> codec::Client<'_> {
        let Self { created, delivery, include_usage, .. } = *self;
        let (model, id, prompt_tokens) = (&*self.model, &*self.id, 0);
        codec::Client { model, id, created, delivery, include_usage, prompt_tokens }
    }
}
