//! Compiles the credential that a provider is sent: one of the file, or the client's own.

use http::{HeaderName, HeaderValue};

use crate::{
    config::{Path, raw},
    protocol::Protocol,
    secret::Secret,
    table::compile::Compiler,
};

impl Compiler<'_> {
    /// The header with the credential of the file.
    pub(super) fn credential(
        &mut self,
        endpoint: &raw::Endpoint,
        protocol: Protocol,
        credential: Option<&Secret>,
        path: &Path,
    ) -> Option<(HeaderName, HeaderValue)> {
        let (usual_name, usual_prefix) = protocol.profile().credential;
        let name = match &endpoint.upstream_auth_header_name {
            None => HeaderName::from_static(usual_name),
            Some(name) => self.header_name(name, &path.key("upstream_auth_header_name"))?,
        };
        let prefix = endpoint.upstream_auth_header_prefix.as_deref().unwrap_or(usual_prefix);
        let credential = credential?.expose();
        if credential == CALLER {
            return None;
        }
        let Ok(mut value) = HeaderValue::try_from(format!("{prefix}{credential}")) else {
            let hint = "it contains a line end or another control character; remove it";
            self.problem(
                &path.key("onwards_key"),
                "this is not a valid header value",
                Some(hint.into()),
            );
            return None;
        };
        value.set_sensitive(true);
        Some((name, value))
    }

    /// The header of the client's own credential, if the provider receives it.
    pub(super) fn caller_credential(
        &mut self,
        endpoint: &raw::Endpoint,
        protocol: Protocol,
        credential: Option<&Secret>,
        path: &Path,
    ) -> Option<(HeaderName, Box<str>)> {
        let text = credential?.expose();
        if text != CALLER {
            if text.contains(CALLER) {
                let message = "`${caller}` must be the whole credential";
                let hint = "use `upstream_auth_header_prefix` for text before it";
                self.problem(&path.key("onwards_key"), message, Some(hint.into()));
            }
            return None;
        }
        if protocol.profile().is_signed && endpoint.aws.is_some() {
            let message = "`aws` and `onwards_key` exclude each other";
            self.problem(&path.key("onwards_key"), message, Some("remove one of them".into()));
            return None;
        }
        let (usual_name, usual_prefix) = protocol.profile().credential;
        let name = match &endpoint.upstream_auth_header_name {
            None => HeaderName::from_static(usual_name),
            Some(name) => HeaderName::try_from(name.as_str()).ok()?,
        };
        let prefix = endpoint.upstream_auth_header_prefix.as_deref().unwrap_or(usual_prefix);
        Some((name, prefix.into()))
    }
}

/// The credentials of an entry, each of which is a provider of its own.
pub(in crate::table::compile) fn credentials(endpoint: &raw::Endpoint) -> Vec<Option<&Secret>> {
    match &endpoint.onwards_key {
        None => vec![None],
        Some(raw::Credentials::One(one)) => vec![Some(one)],
        Some(raw::Credentials::Many(many)) => many.iter().map(Some).collect(),
    }
}

const CALLER: &str = "${caller}";
