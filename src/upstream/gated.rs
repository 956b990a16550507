//! Anthropic models on other platforms: sends only the betas known there, and removes fields that
//! only other betas allow.
//!
//! It costs every other provider one comparison.

use http::HeaderMap;

use super::inbound::Inbound;
use crate::{
    body::Pieces,
    models::betas::Elsewhere,
    protocol::{
        Operation,
        codec::Platform,
        gates::{self, Cuts},
    },
    table::Provider,
};

/// The betas for a provider; `None` if the client's are sent unchanged.
pub(super) fn betas(inbound: &Inbound, provider: &Provider) -> Option<Vec<&'static str>> {
    let at = match provider.platform {
        Platform::Own => return None,
        Platform::Vertex => Elsewhere::Vertex,
        Platform::Bedrock => Elsewhere::Bedrock,
    };
    let endpoint = inbound.endpoint.as_ref()?;
    if provider.protocol != endpoint.protocol || !endpoint.protocol.profile().has_betas {
        return None;
    }
    // Vertex AI's token counting knows no betas.
    if at == Elsewhere::Vertex && endpoint.operation == Operation::CountTokens {
        return Some(Vec::new());
    }
    Some(of_client(inbound, provider, at))
}

/// The client's betas that are known there.
pub(super) fn of_client(
    inbound: &Inbound,
    provider: &Provider,
    at: Elsewhere,
) -> Vec<&'static str> {
    let model = provider.model_for(inbound.asked_name());
    gates::known(&inbound.headers, at, provider.model_family.as_deref().unwrap_or(&model))
}

/// Sends these betas and no others.
pub(super) fn tell(betas: Option<&[&str]>, headers: &mut HeaderMap) {
    if let Some(betas) = betas {
        gates::tell(betas, headers);
    }
}

/// The body without the fields that these betas do not allow.
pub(super) fn cut(body: Pieces, betas: Option<&[&str]>) -> Pieces {
    let Some(betas) = betas else { return body };
    let bytes = body.to_bytes();
    let Cuts { spans, .. } =
        std::str::from_utf8(&bytes).map_or_else(|_| Cuts::default(), |text| Cuts::of(text, betas));
    if spans.is_empty() {
        return body;
    }
    let spans =
        spans.into_iter().map(|span| (span.start as u64..span.end as u64, Default::default()));
    Pieces::from(bytes.clone()).replace_each(spans.collect::<Vec<_>>())
}

/// The names of the removed fields.
pub(super) fn lost(inbound: &Inbound, provider: &Provider) -> Vec<String> {
    let Some(betas) = betas(inbound, provider) else { return Vec::new() };
    let bytes = inbound.body.to_bytes();
    std::str::from_utf8(&bytes).map_or_else(|_| Vec::new(), |text| Cuts::of(text, &betas).names)
}
