//! Embeddings that cannot be passed on unchanged: for another protocol, or for a model that needs
//! another body.
//!
//! If the provider accepts fewer inputs in a call than the client sent, one attempt is several
//! calls.

use http::{HeaderValue, header};

use crate::{
    protocol::{
        codec::Refused,
        embedding::{self, Embeddings},
    },
    table::Provider,
    upstream::{
        inbound::Inbound,
        off_core,
        request::Call,
        translate::{Exchange, spoken},
    },
};

/// Whether a provider of the client's own protocol needs another body for its model.
pub(super) fn needs_another_body(inbound: &Inbound, provider: &Provider) -> bool {
    let Some(endpoint) = inbound.endpoint.as_ref().filter(|it| it.operation.is_embed()) else {
        return false;
    };
    endpoint.model_span.is_some()
        && endpoint.protocol.codec().embeddings().is_some_and(|codec| {
            let model = provider.model_for(inbound.asked_name());
            codec.wants_another(&inbound.body.to_bytes(), &model)
        })
}

/// Whether that depends on the body.
pub(super) fn may_need_another_body(inbound: &Inbound, provider: &Provider) -> bool {
    inbound.endpoint.as_ref().is_some_and(|endpoint| {
        endpoint.operation.is_embed()
            && endpoint.model_span.is_some()
            && endpoint.protocol == spoken(endpoint, provider)
    })
}

/// The same as [`needs_another_body`], on another thread.
pub(super) async fn needs_another_body_off_core(inbound: &Inbound, provider: &Provider) -> bool {
    let codec = inbound.endpoint.as_ref().and_then(|it| it.protocol.codec().embeddings());
    let Some(codec) = codec else { return false };
    let model = provider.model_for(inbound.asked_name()).into_owned();
    let body = inbound.body.clone();
    off_core::run(move || codec.wants_another(&body.to_bytes(), &model)).await
}

/// The codecs of the provider and the client.
///
/// # Errors
/// One of the two protocols has no embeddings.
pub(super) fn codecs(exchange: &Exchange<'_>) -> Result<[&'static dyn Embeddings; 2], Refused> {
    let provider = exchange.provider().protocol.codec().embeddings();
    let both = provider.zip(exchange.client_codec().embeddings());
    both.map(<[_; 2]>::from).ok_or_else(|| Refused { field: "input".to_owned() })
}

/// The calls to send.
pub(super) fn calls(path: &str, written: Vec<embedding::Call>) -> Vec<Call> {
    let headers = || [header::CONTENT_TYPE, header::ACCEPT].map(|name| (name, JSON)).into();
    let call = |body: Vec<u8>| Call {
        path: path.to_owned(),
        headers: headers(),
        body: body.into(),
        stream: false,
    };
    written.into_iter().map(|each| call(each.body)).collect()
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
