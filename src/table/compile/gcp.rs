//! Compiles the Google credentials of a provider: a service account's key from the file or the
//! environment, otherwise the metadata server of the machine.
//!
//! The key is tried here, so that one that cannot sign is a problem of the file, not of a request.

use http::Uri;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde::Deserialize;

use super::{Compiler, aws::variable};
use crate::{
    config::{Path, raw, references::is_stand_in},
    protocol::{Protocol, codec::Platform},
    secret::Secret,
    table::{
        Place,
        identity::{ServiceAccount, Source},
    },
};

impl Compiler<'_> {
    /// The source of a provider's tokens, if it uses Google credentials.
    pub(super) fn gcp(&mut self, endpoint: &raw::Endpoint, path: &Path) -> Option<Source> {
        let raw = endpoint.gcp.as_ref()?;
        let path = path.key("gcp");
        let elsewhere = [
            ("onwards_key", endpoint.onwards_key.is_some()),
            ("upstream_auth_header_name", endpoint.upstream_auth_header_name.is_some()),
            ("upstream_auth_header_prefix", endpoint.upstream_auth_header_prefix.is_some()),
        ];
        if let Some((key, _)) = elsewhere.into_iter().find(|(_, is_there)| *is_there) {
            let message = format!("`gcp` and `{key}` exclude each other");
            self.problem(&path, message, Some("remove one of them".into()));
            return None;
        }
        if endpoint.protocol.unwrap_or_default().profile().is_signed
            || endpoint.url.starts_with("mock:")
        {
            self.problem(
                &path,
                "this provider does not accept Google tokens",
                Some("remove it".into()),
            );
            return None;
        }
        let scope = raw.scope.clone().unwrap_or_else(|| SCOPE.to_owned());
        let place = path.key("service_account");
        if let Some(key) = &raw.service_account {
            if is_stand_in(key.expose()) {
                return None;
            }
            return self.service_account(key.expose(), scope, &place);
        }
        if let Some(file) = variable("GOOGLE_APPLICATION_CREDENTIALS") {
            let Ok(key) = std::fs::read_to_string(&file).map(Secret::new) else {
                let message = "the file of `GOOGLE_APPLICATION_CREDENTIALS` cannot be read";
                self.problem(&path, message, None);
                return None;
            };
            return self.service_account(key.expose(), scope, &path);
        }
        let host = variable("GCE_METADATA_HOST").unwrap_or_else(|| METADATA.to_owned());
        Some(Source::Metadata { endpoint: format!("http://{host}"), scope })
    }

    /// Where a provider's models are served. At Vertex AI, each publisher's models use its own
    /// protocol.
    pub(super) fn platform(&mut self, protocol: Protocol, place: &Place, path: &Path) -> Platform {
        let Place::Wire { base, origin } = place else { return Platform::Own };
        let Some(publisher) = base.publisher() else {
            let host = origin.uri.host().unwrap_or_default();
            let also_at = protocol.profile().also_at.iter();
            let found = also_at.copied().find(|(start, _)| host.starts_with(start));
            return found.map_or(Platform::Own, |(_, platform)| platform);
        };
        let speaks = match publisher {
            "google" => Protocol::Gemini,
            "anthropic" => Protocol::Anthropic,
            _ => {
                let message =
                    "of Vertex AI's publishers, only `google` and `anthropic` are supported";
                let hint = "use `/endpoints/openapi` with the protocol `openai` for others";
                self.problem(&path.key("url"), message, Some(hint.into()));
                return Platform::Own;
            }
        };
        if protocol != speaks {
            let message = format!("the publisher `{publisher}` speaks `{speaks}`");
            self.problem(&path.key("url"), message, Some(format!("set `protocol` to `{speaks}`")));
        }
        if protocol == speaks { Platform::Vertex } else { Platform::Own }
    }

    fn service_account(&mut self, json: &str, scope: String, path: &Path) -> Option<Source> {
        match read(json, scope) {
            Ok(account) => Some(Source::ServiceAccount(Box::new(account))),
            Err(why) => {
                let hint = "write the JSON of the key file that Google issues for a service account, \
                            as in `${file:vertex.json}`";
                self.problem(path, why, Some(hint.into()));
                None
            }
        }
    }
}

/// The key file of a service account.
#[derive(Deserialize)]
struct KeyFile {
    r#type: String,
    #[serde(default)]
    private_key_id: Option<String>,
    #[serde(default)]
    private_key: Option<Secret>,
    #[serde(default)]
    client_email: Option<String>,
    #[serde(default)]
    token_uri: Option<String>,
}

/// Parses a key file. Errors never quote it.
fn read(json: &str, scope: String) -> Result<ServiceAccount, String> {
    let file: KeyFile = serde_json::from_str(json).map_err(|_| "this is not a Google key file")?;
    if file.r#type != "service_account" {
        let known = ["authorized_user", "external_account", "impersonated_service_account"];
        let what =
            known.into_iter().find(|known| *known == file.r#type).unwrap_or("something else");
        return Err(format!("this is the key of an `{what}`, not of a `service_account`"));
    }
    let (Some(key), Some(email)) = (file.private_key, file.client_email) else {
        return Err("it has no `private_key` or no `client_email`".to_owned());
    };
    let fingerprint = blake3::hash(key.expose().as_bytes()).to_hex().to_string();
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| "its `private_key` is not a private key")?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key)
        .ok()
        .filter(|key| key.choose_scheme(&[rustls::SignatureScheme::RSA_PKCS1_SHA256]).is_some())
        .ok_or("its `private_key` is not an RSA key")?;
    let token_uri = file.token_uri.unwrap_or_else(|| TOKEN_URI.to_owned());
    let scheme = token_uri.parse::<Uri>().ok().and_then(|uri| uri.scheme_str().map(str::to_owned));
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err("its `token_uri` is not a URL".to_owned());
    }
    Ok(ServiceAccount { email, key_id: file.private_key_id, key, fingerprint, token_uri, scope })
}

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const METADATA: &str = "metadata.google.internal";
