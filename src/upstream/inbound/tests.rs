//! A request for the tests of what decides about requests.

use super::*;

impl Inbound {
    /// A chat request with these headers and this body, as tests need one.
    pub(crate) fn chat(headers: HeaderMap, body: &str) -> Self {
        Self {
            request_id: HeaderValue::from_static("req"),
            method: Method::POST,
            path: ClientPath::of(&http::uri::PathAndQuery::from_static("/v1/chat/completions")),
            rare: Rare::of(&headers),
            headers,
            body: Pieces::from(bytes::Bytes::from(body.to_owned())),
            share: None,
            budget: BodyBudget::new(u64::MAX),
            alias: "m".into(),
            meant: None,
            endpoint: None,
            reading: OnceLock::new(),
            foreign_proofs: OnceLock::new(),
            own_options: OnceLock::new(),
            demand: None,
            required: None,
            guardrails: None,
            counted: OnceLock::new(),
            stream: false,
            model: None,
            mentions: Mentions::default(),
            family: None,
            form: false,
            needs_body: true,
            resends: Resends::default(),
            given_up: Default::default(),
        }
    }
}
