//! Masks a provider's errors and headers: errors become the router's, and only the headers in
//! `levels` pass.
//!
//! The original text is logged with the request ID, and goes nowhere else.

use http::{HeaderValue, StatusCode, header};

use super::levels::mask_headers;
use crate::{
    failure::{Class, Failure},
    protocol::token,
    table::Provider,
    upstream::{failed::Failed, headers, inbound::Inbound, peek},
};

/// The failed attempt as the client may see it.
pub(super) async fn masked(mut failed: Failed, provider: &Provider, inbound: &Inbound) -> Failed {
    let Some(answer) = &mut failed.answer else { return failed };
    peek::hold_error(answer).await;
    let body = answer.body.held_as_one();
    let codec = inbound.speaks().codec();
    let status = answer.status.as_u16();
    let said = codec.read_error(status, &answer.headers, &body);
    let original = failed.said.take().map_or_else(|| body.clone(), |said| *said);
    Logger::of(provider, inbound).masked(&original, status);
    let masked = Failure::masked_of(&said, failed.failure.class);
    let request_id = inbound.request_id.to_str().unwrap_or_default();
    let written = codec.write_error(&masked, request_id);
    answer.status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::BAD_GATEWAY);
    answer.replace_body("application/json", written.body.into());
    mask_headers(&mut answer.headers);
    answer.headers.extend(written.headers.into_iter().filter_map(headers::own));
    if let Some(wait) = failed.retry_after
        && !answer.headers.contains_key(header::RETRY_AFTER)
        && failed.failure.class == Class::RateLimit
    {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        answer.headers.insert(header::RETRY_AFTER, seconds);
    }
    failed
}

/// Logs a provider's errors without the known credentials.
pub(super) struct Logger {
    request_id: Box<str>,
    provider: Box<str>,
    secrets: Vec<Box<str>>,
}

impl Logger {
    /// For one attempt.
    pub(super) fn of(provider: &Provider, inbound: &Inbound) -> Self {
        let own = provider.credential.as_ref().and_then(|(_, value)| value.to_str().ok());
        let own = own.and_then(|value| value.rsplit(' ').next());
        let secrets = own.into_iter().chain(token::of(&inbound.headers));
        let secrets = secrets.filter(|secret| secret.len() >= SHORTEST_SECRET);
        Self {
            request_id: inbound.request_id.to_str().unwrap_or_default().into(),
            provider: provider.shown().into(),
            secrets: secrets.map(Box::from).collect(),
        }
    }

    /// The provider sent this text, which the client does not get.
    pub(super) fn masked(&self, said: &[u8], status: u16) {
        let said = said.get(..MOST_LOGGED).unwrap_or(said);
        let mut text = String::from_utf8_lossy(said).into_owned();
        for secret in &self.secrets {
            text = text.replace(&**secret, "***");
        }
        let (request_id, provider) = (&*self.request_id, &*self.provider);
        // Escaped, so that it cannot imitate a line of the router.
        tracing::warn!(request_id, provider, status, said = ?text, "masked a provider's error");
    }
}

const SHORTEST_SECRET: usize = 6;
const MOST_LOGGED: usize = 64 * 1024;
