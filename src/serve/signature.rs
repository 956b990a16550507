//! Clients that sign their requests instead of sending a token, as AWS SDKs do: whose signature it
//! is, verified against the whole request as it came.
//!
//! It believes nothing that is not signed, nor a hash of the body that it has not made itself; and
//! it takes as long for an access key that nobody has as for a wrong signature.

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, Uri, header};

use crate::{
    sigv4::{self, BEDROCK, Claim, Incoming, Pair},
    table::{Caller, Keyring},
    upstream::request::Inbound,
};

/// Who signed a request that bears no token.
pub fn caller(keyring: &Keyring, inbound: &Inbound) -> Caller {
    let Some(authorization) = authorization(&inbound.headers) else { return Caller::Anonymous };
    let found = Claim::parse(authorization).ok().filter(|_| keyring.has_signers());
    let Some(claim) = found else { return Caller::Unknown };
    let signer = keyring.signer(claim.access_key_id);
    let verified = match signer {
        Some((_, pair)) => verified(&claim, inbound, pair.pair()),
        None => verified(&claim, inbound, decoy(&claim)),
    };
    match signer {
        Some((id, _)) if verified => Caller::Known(id),
        _ => Caller::Unknown,
    }
}

/// The public half of the pair that a request claims to be signed with.
pub fn access_key_id(headers: &HeaderMap) -> Option<&str> {
    Some(Claim::parse(authorization(headers)?).ok()?.access_key_id)
}

/// HTTP/2 says the host, which is signed, outside the headers.
pub fn keep_host(uri: &Uri, headers: &mut HeaderMap) {
    if let Some(authority) = uri.authority()
        && !headers.contains_key(header::HOST)
        && authorization(headers).is_some()
        && let Ok(host) = HeaderValue::try_from(authority.as_str())
    {
        headers.insert(header::HOST, host);
    }
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Claim::is_meant(value).then_some(value)
}

fn verified(claim: &Claim<'_>, inbound: &Inbound, pair: Pair<'_>) -> bool {
    let host = inbound.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let request = Incoming {
        method: inbound.method.as_str(),
        host: host.unwrap_or_default(),
        path_and_query: &inbound.path,
        headers: &inbound.headers,
        payload_hash: &sigv4::payload_hash(&inbound.body),
    };
    let verified = claim.verify(&request, pair, BEDROCK, SystemTime::now());
    // Never told to the client, who may be guessing; an operator needs it to help one with a clock
    // that is wrong, or a proxy between them that changes the host.
    if let Err(why) = verified {
        tracing::debug!(access_key_id = end_of(claim.access_key_id), %why, "a signature is not believed");
    }
    verified.is_ok()
}

/// Enough of an access key's public half to know it by. A client may have put anything there.
fn end_of(access_key_id: &str) -> &str {
    let start = access_key_id.len().saturating_sub(LAST_SHOWN);
    if start < LAST_SHOWN { "" } else { access_key_id.get(start..).unwrap_or_default() }
}

/// A pair that nobody has.
fn decoy<'a>(claim: &Claim<'a>) -> Pair<'a> {
    Pair { access_key_id: claim.access_key_id, secret_access_key: "decoy", session_token: None }
}

const LAST_SHOWN: usize = 4;
