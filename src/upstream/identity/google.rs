//! Google OAuth tokens: for a service account with a known key, and from the metadata server.
//!
//! The key itself is never sent; it signs an assertion that is exchanged for a token.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Client;
use rustls::SignatureScheme;
use serde::Deserialize;
use serde_json::json;

use super::{
    ask,
    credential::{Credential, since_epoch},
    renewed::{Fetched, Unfetched},
};
use crate::table::identity::ServiceAccount;

/// For a service account (RFC 7523).
pub(super) async fn service_account(
    client: &Client,
    account: &ServiceAccount,
) -> Result<Fetched<Credential>, Unfetched> {
    let now = seconds(SystemTime::now());
    let assertion = signed(account, now)?;
    let request = client
        .post(&account.token_uri)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("grant_type={GRANT}&assertion={assertion}"));
    read(&ask::text(request).await?, now)
}

/// From the metadata server, for the machine's account.
pub(super) async fn metadata(
    client: &Client,
    endpoint: &str,
    scope: &str,
) -> Result<Fetched<Credential>, Unfetched> {
    let now = seconds(SystemTime::now());
    let scope = utf8_percent_encode(scope, NON_ALPHANUMERIC);
    let url = format!("{endpoint}/computeMetadata/v1/instance/service-accounts/default/token");
    let request = client.get(format!("{url}?scopes={scope}")).header("metadata-flavor", "Google");
    read(&ask::text(request).await?, now)
}

/// The signed assertion: a JSON Web Token with RS256.
fn signed(account: &ServiceAccount, now: u64) -> Result<String, Unfetched> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(key_id) = &account.key_id {
        header["kid"] = json!(key_id);
    }
    let claims = json!({
        "iss": account.email,
        "scope": account.scope,
        "aud": account.token_uri,
        "iat": now,
        "exp": now + WORD_SECS,
    });
    let encoded = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = account
        .key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
        .and_then(|signer| signer.sign(message.as_bytes()).ok())
        .ok_or_else(|| Unfetched::refused("the service account's key does not sign"))?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

fn read(json: &str, now: u64) -> Result<Fetched<Credential>, Unfetched> {
    // The parser's own error would quote what it read.
    let granted: Granted = serde_json::from_str(json)
        .map_err(|_| Unfetched::unusable("it answered without a token"))?;
    // Google pads some of its tokens with dots.
    let mut value = HeaderValue::try_from(format!("Bearer {}", granted.access_token))
        .map_err(|_| Unfetched::unusable("its token cannot stand in a header"))?;
    value.set_sensitive(true);
    let expires = since_epoch(now.saturating_add(granted.expires_in.min(LONGEST_SECS)));
    Ok(Fetched { value: Credential::Bearer(value), expires })
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
/// The longest lifetime that Google allows.
const WORD_SECS: u64 = 3600;
/// A day; no Google token is valid for longer.
const LONGEST_SECS: u64 = 86_400;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

    use super::*;

    fn golden(name: &str) -> String {
        let path = format!("{}/tests/golden/gcp/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }

    fn account() -> ServiceAccount {
        let file: serde_json::Value =
            serde_json::from_str(&golden("service_account.json")).unwrap();
        let text = |key: &str| file[key].as_str().unwrap().to_owned();
        let key = PrivateKeyDer::from_pem_slice(text("private_key").as_bytes()).unwrap();
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        ServiceAccount {
            email: text("client_email"),
            key_id: Some(text("private_key_id")),
            key: Arc::clone(&key),
            fingerprint: String::new(),
            token_uri: text("token_uri"),
            scope: "https://www.googleapis.com/auth/cloud-platform".into(),
        }
    }

    #[test]
    fn a_service_accounts_word_is_signed_as_openssl_signs_it() {
        let signed = signed(&account(), 1_763_717_405).unwrap();
        assert_eq!(signed, golden("assertion.jwt").trim());
    }

    #[test]
    fn a_token_is_good_for_as_long_as_it_says_and_never_shown() {
        let fetched = read(r#"{"access_token":"ya29.x","expires_in":3599}"#, 100).unwrap();
        assert_eq!(fetched.expires, since_epoch(3699));
        let Credential::Bearer(value) = &fetched.value else { panic!("a token") };
        assert_eq!(value, "Bearer ya29.x");
        assert!(!format!("{fetched:?}").contains("ya29"));
        for bad in ["{}", "[", r#"{"access_token":"a\nb","expires_in":1}"#] {
            let told = read(bad, 100).unwrap_err();
            assert!(!told.refused && told.cause.starts_with("it"), "{bad}: {told:?}");
        }
    }
}
