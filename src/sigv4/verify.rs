//! Verifies a client's signature: signs the received request again with the known key pair and
//! compares.
//!
//! The client's body hash is not trusted; the body's own hash is used.

use std::time::{Duration, SystemTime};

use aws_smithy_types::{DateTime, date_time::Format};
use http::HeaderMap;
use subtle::ConstantTimeEq;

use super::{Outgoing, Pair, Scope, sign_with};

/// The claim in the `authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim<'a> {
    /// The public half of the key pair that it signed with: it tells which pair to verify against.
    pub(crate) access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// Its method.
    pub(crate) method: &'a str,
    /// Its `host` header, or the authority of HTTP/2.
    pub(crate) host: &'a str,
    /// Its path and query as they came on the wire.
    pub(crate) path_and_query: &'a str,
    /// Its headers.
    pub(crate) headers: &'a HeaderMap,
    /// The hash of its body, by [`super::payload_hash`].
    pub(crate) payload_hash: &'a str,
}

/// Why a request is not believed. The client is told no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unverified {
    /// The header is not of Signature Version 4.
    #[error("the authorization header is no AWS4-HMAC-SHA256 signature")]
    Malformed,
    /// It is signed for another service.
    #[error("the request is signed for another service")]
    Service,
    /// It is signed with another key.
    #[error("the request is signed with another access key")]
    Key,
    /// It bears no date, or one of another day than its scope.
    #[error("the date of the signature is missing or contradicts its scope")]
    Date,
    /// It is older or newer than five minutes.
    #[error("the signature is older or newer than five minutes")]
    Skew,
    /// A header that must be signed is not, or one that is signed is missing.
    #[error("a header that must be signed is not")]
    Header,
    /// The signature is another.
    #[error("the signature does not match")]
    Signature,
}

impl<'a> Claim<'a> {
    /// Whether an `authorization` header is meant to be a signature of this kind.
    pub(crate) fn is_meant(authorization: &str) -> bool {
        authorization.starts_with(ALGORITHM)
    }

    /// Reads an `authorization` header.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn parse(authorization: &'a str) -> Result<Self, Unverified> {
        Self::fields(authorization).ok_or(Unverified::Malformed)
    }

    fn fields(authorization: &'a str) -> Option<Self> {
        let rest = authorization.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in rest.split(',') {
            let (name, value) = field.trim().split_once('=')?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        // An access key's id holds no slash, and a scope has four parts.
        let mut scope = credential?.split('/');
        let (access_key_id, date) = (scope.next()?, scope.next()?);
        let (region, service, end) = (scope.next()?, scope.next()?, scope.next()?);
        let whole = end == "aws4_request" && scope.next().is_none() && !access_key_id.is_empty();
        let (signed_headers, signature) = (signed_headers?, signature?);
        whole.then_some(Self { access_key_id, date, region, service, signed_headers, signature })
    }

    /// Whether a header is signed.
    pub(crate) fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }

    /// Verifies the request that bears this claim against a key pair.
    ///
    /// # Errors
    /// Why it is not believed.
    pub(crate) fn verify(
        &self,
        request: &Incoming<'a>,
        pair: Pair<'_>,
        service: &str,
        now: SystemTime,
    ) -> Result<(), Unverified> {
        if self.access_key_id != pair.access_key_id {
            return Err(Unverified::Key);
        }
        if self.service != service {
            return Err(Unverified::Service);
        }
        let time = self.time(request.headers)?;
        let skew = now.duration_since(time).unwrap_or_else(|ahead| ahead.duration());
        if skew > LONGEST_SKEW {
            return Err(Unverified::Skew);
        }
        let headers = self.headers(request.headers)?;
        let again = Outgoing {
            method: request.method,
            host: request.host,
            path_and_query: request.path_and_query,
            headers: &headers,
            payload_hash: request.payload_hash,
        };
        let scope = Scope { region: self.region, service };
        // A token that the client signed is among its headers; ours is not asked for.
        let pair = Pair { session_token: None, ..pair };
        let (_, signature) =
            sign_with(&again, pair, scope, time).map_err(|_| Unverified::Signature)?;
        let same = signature.as_bytes().ct_eq(self.signature.as_bytes());
        if bool::from(same) { Ok(()) } else { Err(Unverified::Signature) }
    }

    /// When it was signed.
    fn time(&self, headers: &HeaderMap) -> Result<SystemTime, Unverified> {
        let text = headers.get(DATE).and_then(|value| value.to_str().ok());
        let text = text.filter(|text| text.starts_with(self.date)).ok_or(Unverified::Date)?;
        if self.date.len() != 8 {
            return Err(Unverified::Date);
        }
        parse_time(text).ok_or(Unverified::Date)
    }

    /// The headers that must be signed besides host and date, which a signature always covers. As
    /// Amazon requires, none of its own may be omitted.
    fn headers(&self, headers: &'a HeaderMap) -> Result<Vec<(&'a str, &'a str)>, Unverified> {
        let own = headers.keys().map(http::HeaderName::as_str).filter(|n| n.starts_with("x-amz-"));
        let must = ["host", DATE].into_iter().chain(own);
        if must.into_iter().any(|name| !self.signs(name)) {
            return Err(Unverified::Header);
        }
        let mut found = Vec::with_capacity(headers.len());
        let signed = self.signed_headers.split(';');
        for name in signed.filter(|name| !["host", DATE].contains(name)) {
            let before = found.len();
            for value in headers.get_all(name) {
                found.push((name, value.to_str().map_err(|_| Unverified::Header)?));
            }
            if found.len() == before {
                return Err(Unverified::Header);
            }
        }
        Ok(found)
    }
}

/// `20150830T123600Z` as a time.
fn parse_time(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let are_digits = date.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit());
    if !(are_digits && date.len() == 8 && time.len() == 6) {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, second) = (&time[..2], &time[2..4], &time[4..]);
    let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    DateTime::from_str(&text, Format::DateTime).ok()?.try_into().ok()
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";
const LONGEST_SKEW: Duration = Duration::from_secs(300);
