//! AWS Signature Version 4: signs requests, and verifies received ones.
//!
//! A signature covers the method, the path and query as sent, the host, the named headers and the
//! hash of the whole body. It is valid for minutes, so each attempt is signed anew. Keys, scope and
//! time are arguments, and no other module is imported.

mod verify;

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign as sign_request,
};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

pub(crate) use verify::{Claim, Incoming};

/// Where a signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    /// Such as `eu-west-1`.
    pub(crate) region: &'a str,
    /// The service's signing name; see [`BEDROCK`].
    pub(crate) service: &'a str,
}

/// An access key pair, in the clear. It has no `Debug`, so no log can show the secret half.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    /// The public half: it stands in every signature.
    pub(crate) access_key_id: &'a str,
    /// The secret half.
    pub(crate) secret_access_key: &'a str,
    /// The token of a temporary pair.
    pub(crate) session_token: Option<&'a str>,
}

/// A request as it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// Its method.
    pub(crate) method: &'a str,
    /// The value of its `host` header.
    pub(crate) host: &'a str,
    /// Its path and query, encoded as on the wire.
    pub(crate) path_and_query: &'a str,
    /// Headers to be signed beside the host, by names in small letters. Only those that no hop on
    /// the way changes; `content-type` is enough.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The hash of its body, by [`payload_hash`].
    pub(crate) payload_hash: &'a str,
}

/// The request cannot be signed: its host or path is not part of a URL, or a header is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed")]
pub(crate) struct Unsignable;

/// Signs a request: the headers to set, `authorization` and `x-amz-date` and, for temporary keys,
/// `x-amz-security-token`.
///
/// # Errors
/// The request's parts do not form a request.
pub(crate) fn sign(
    request: &Outgoing<'_>,
    pair: Pair<'_>,
    scope: Scope<'_>,
    now: SystemTime,
) -> Result<Vec<(HeaderName, HeaderValue)>, Unsignable> {
    let (headers, _) = sign_with(request, pair, scope, now)?;
    Ok(headers)
}

/// The SHA-256 of a body that comes in pieces, in hexadecimal.
pub(crate) fn payload_hash(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    format!("{:x}", hash.finalize())
}

/// The headers to set, and the bare signature.
fn sign_with(
    request: &Outgoing<'_>,
    pair: Pair<'_>,
    scope: Scope<'_>,
    now: SystemTime,
) -> Result<(Vec<(HeaderName, HeaderValue)>, String), Unsignable> {
    let Pair { access_key_id, secret_access_key: secret, session_token } = pair;
    let token = session_token.map(str::to_owned);
    let credentials = Credentials::new(access_key_id, secret, token, None, "onwards");
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(now)
        .settings(settings())
        .build()
        .map_err(|_| Unsignable)?
        .into();
    // The scheme is not signed.
    let uri = format!("https://{}{}", request.host, request.path_and_query);
    let host = std::iter::once(("host", request.host));
    let headers = host.chain(request.headers.iter().copied());
    let body = SignableBody::Precomputed(request.payload_hash.to_owned());
    let signable =
        SignableRequest::new(request.method, uri, headers, body).map_err(|_| Unsignable)?;
    let (instructions, signature) =
        sign_request(signable, &params).map_err(|_| Unsignable)?.into_parts();
    let (signed, _) = instructions.into_parts();
    let mut set = Vec::with_capacity(signed.len());
    for header in signed {
        let mut value = HeaderValue::from_str(header.value()).map_err(|_| Unsignable)?;
        value.set_sensitive(header.sensitive() || header.name() == "authorization");
        set.push((HeaderName::from_static(header.name()), value));
    }
    Ok((set, signature))
}

/// As every service but S3 wants it: the path, encoded on the wire already, is encoded once more.
fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Enabled;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    // What is to be signed is named; nothing else is left out.
    settings.excluded_headers = None;
    settings
}

/// Bedrock's signing name, whichever of its hosts is asked.
pub(crate) const BEDROCK: &str = "bedrock";

#[cfg(test)]
mod tests;
