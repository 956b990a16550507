//! Clients that sign their requests instead of sending a token, as AWS SDKs do: verifies the
//! signature over the whole request.
//!
//! Unsigned headers and a claimed body hash are not trusted. An unknown access key takes as long as
//! a wrong signature.

use std::{borrow::Cow, time::SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use smallvec::SmallVec;

use super::token;
use crate::{
    refusal::Refusal,
    sigv4::{self, BEDROCK, Claim, Incoming, Pair},
    table::{Caller, Keyring},
    upstream::{inbound::Inbound, off_core},
};

/// The caller of a request without a token; `hash` is that of the body, if known, and `base` is the
/// signed prefix removed from its path.
pub(crate) fn caller(
    keyring: &Keyring,
    inbound: &Inbound,
    hash: Option<&str>,
    base: Option<&str>,
) -> Caller {
    let Some(authorization) = authorization(&inbound.headers) else { return Caller::Anonymous };
    let found = Claim::parse(authorization).ok().filter(|_| keyring.has_signers());
    let Some(claim) = found else { return Caller::Unknown };
    let signer = keyring.signer(claim.access_key_id);
    let verified = match signer {
        Some((_, pair)) => verified(&claim, inbound, (hash, base), pair.pair()),
        None => verified(&claim, inbound, (hash, base), decoy(&claim)),
    };
    match signer {
        Some((id, _)) if verified => Caller::Known(id),
        _ => Caller::Unknown,
    }
}

/// Whether a request is signed and so large that it is hashed on another thread.
pub(crate) fn is_large(inbound: &Inbound) -> bool {
    inbound.body.len() > off_core::LARGE as u64
        && token::of(&inbound.headers).is_none()
        && authorization(&inbound.headers).is_some()
}

/// The hash of such a request's body.
pub(crate) async fn hash_off_core(inbound: &Inbound) -> String {
    let body = inbound.body.clone();
    off_core::run(move || sigv4::payload_hash(&body)).await
}

/// The access key ID that a request claims.
pub(crate) fn access_key_id(headers: &HeaderMap) -> Option<&str> {
    Some(Claim::parse(authorization(headers)?).ok()?.access_key_id)
}

/// Of a signing client, only signed parts are trusted.
pub(crate) fn believe(uri: &Uri, headers: &mut HeaderMap) {
    keep_host(uri, headers);
    believe_signed(headers);
}

/// HTTP/2 sends the signed host outside the headers.
fn keep_host(uri: &Uri, headers: &mut HeaderMap) {
    if let Some(authority) = uri.authority()
        && !headers.contains_key(header::HOST)
        && authorization(headers).is_some()
        && let Ok(host) = HeaderValue::try_from(authority.as_str())
    {
        headers.insert(header::HOST, host);
    }
}

/// Removes headers that a signing client has not signed, since anything on the way could have added
/// them. What verification needs, what belongs to the connection, and what does not affect the
/// request stays.
fn believe_signed(headers: &mut HeaderMap) {
    let Some(claim) = authorization(headers).and_then(|text| Claim::parse(text).ok()) else {
        return;
    };
    // With a token, the signature does not count.
    if token::of(headers).is_some() {
        return;
    }
    let unsigned: SmallVec<[HeaderName; 8]> = headers
        .keys()
        .filter(|name| !claim.signs(name.as_str()) && !stands_unsigned(name.as_str()))
        .cloned()
        .collect();
    for name in unsigned {
        headers.remove(name);
    }
}

/// The signature covers the body as sent, but bodies are decompressed before the key is known.
///
/// # Errors
/// The request is signed.
pub(crate) fn check_unpacked(headers: &HeaderMap) -> Result<(), Refusal> {
    let counts = authorization(headers).is_some() && token::of(headers).is_none();
    match counts {
        true => Err(Refusal::UnsupportedType(SIGNED_AND_PACKED)),
        false => Ok(()),
    }
}

/// Whether a header may be unsigned. AWS's own may not, which verification checks.
fn stands_unsigned(name: &str) -> bool {
    name.starts_with("x-amz-") || UNSIGNED.contains(&name)
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Claim::is_meant(value).then_some(value)
}

fn verified(
    claim: &Claim<'_>,
    inbound: &Inbound,
    (hash, base): (Option<&str>, Option<&str>),
    pair: Pair<'_>,
) -> bool {
    let hash = hash.map_or_else(|| sigv4::payload_hash(&inbound.body).into(), Cow::Borrowed);
    let host = inbound.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let path: Cow<'_, str> = match base {
        None => Cow::Borrowed(&inbound.path),
        Some(base) => format!("{base}{}", &*inbound.path).into(),
    };
    let request = Incoming {
        method: inbound.method.as_str(),
        host: host.unwrap_or_default(),
        path_and_query: &path,
        headers: &inbound.headers,
        payload_hash: &hash,
    };
    let verified = claim.verify(&request, pair, BEDROCK, SystemTime::now());
    // Not sent to the client, which may be guessing. An operator needs it to find a wrong clock, or
    // a proxy that changes the host.
    if let Err(why) = verified {
        tracing::debug!(access_key_id = end_of(claim.access_key_id), %why, "a request signature is invalid");
    }
    verified.is_ok()
}

/// Enough of an access key ID to recognize it. The client may have sent any text.
fn end_of(access_key_id: &str) -> &str {
    let start = access_key_id.len().saturating_sub(LAST_SHOWN);
    if start < LAST_SHOWN { "" } else { access_key_id.get(start..).unwrap_or_default() }
}

/// A pair that no caller has.
fn decoy<'a>(claim: &Claim<'a>) -> Pair<'a> {
    Pair { access_key_id: claim.access_key_id, secret_access_key: "decoy", session_token: None }
}

const LAST_SHOWN: usize = 4;
const SIGNED_AND_PACKED: &str =
    "a signed body cannot be compressed: send it without `content-encoding`";
/// Headers that SDKs leave unsigned or that proxies add, and that decide nothing.
const UNSIGNED: [&str; 17] = [
    "authorization",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "user-agent",
    "accept",
    "accept-encoding",
    "x-amzn-trace-id",
    "x-request-id",
    "traceparent",
    "tracestate",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_signed_is_left() {
        let headers = |authorization: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("authorization", authorization),
                ("host", "router"),
                ("content-type", "multipart/form-data; boundary=X"),
                ("content-encoding", "identity"),
                ("model-override", "dear"),
                ("x-onwards-timeout-ms", "1"),
                ("x-session-id", "s"),
                ("anthropic-beta", "b"),
                ("x-amz-date", "d"),
                ("x-amz-security-token", "t"),
                ("user-agent", "u"),
                ("traceparent", "00-1"),
            ] {
                headers.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            headers
        };
        let left = |mut headers: HeaderMap| {
            believe_signed(&mut headers);
            let mut left: Vec<_> = headers.keys().map(|name| name.as_str().to_owned()).collect();
            left.sort_unstable();
            left.join(" ")
        };
        let signature = |signed: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIA/20260101/r/bedrock/aws4_request, \
                SignedHeaders={signed}, Signature=0"
            )
        };
        let always = "authorization host traceparent user-agent x-amz-date x-amz-security-token";
        assert_eq!(left(headers(&signature("host;x-amz-date"))), always);
        assert_eq!(left(headers(&signature("Content-Type;host;x-amz-date"))), always);
        let signed = left(headers(&signature("content-type;host;model-override;x-amz-date")));
        assert!(signed.contains("content-type") && signed.contains("model-override"), "{signed}");
        assert!(!signed.contains("x-onwards") && !signed.contains("x-session"), "{signed}");
        let mut with_token = headers(&signature("host"));
        with_token.insert("x-api-key", HeaderValue::from_static("sk"));
        assert_eq!(left(with_token.clone()).split(' ').count(), with_token.len());
        assert_eq!(left(headers("Bearer sk")).split(' ').count(), headers("Bearer sk").len());
    }
}
