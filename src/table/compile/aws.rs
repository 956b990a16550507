//! The AWS credentials of a provider: what the file leaves out comes from the environment.

use super::Compiler;
use crate::{
    config::{Path, raw},
    protocol::Protocol,
    secret::Secret,
    table::aws::{Aws, Keys},
};

impl Compiler<'_> {
    /// How a provider's requests are signed; those with a token of their own are not.
    pub(super) fn aws(
        &mut self,
        endpoint: &raw::Endpoint,
        protocol: Protocol,
        path: &Path,
    ) -> Option<Aws> {
        let raw = endpoint.aws.as_ref();
        if protocol != Protocol::Bedrock {
            if raw.is_some() {
                let hint = "set `protocol` to `bedrock`, or remove it";
                self.problem(&path.key("aws"), "only `bedrock` is signed", Some(hint.into()));
            }
            return None;
        }
        if endpoint.onwards_key.is_some() {
            return None;
        }
        let region = raw.and_then(|raw| raw.region.clone());
        let region =
            region.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
        let (Some(region), Some(keys)) = (region, keys(raw)) else {
            let message = "no region or no access key pair to sign requests with";
            let hint = "set `aws.region`, `aws.access_key_id` and `aws.secret_access_key`, or \
                        `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or an API \
                        key as `onwards_key`; credentials of a container or an instance are not \
                        supported yet";
            self.problem(path, message, Some(hint.into()));
            return None;
        };
        Some(Aws { region, keys })
    }
}

/// A pair is whole or not there: half of one from the file and half from the environment is none.
fn keys(raw: Option<&raw::Aws>) -> Option<Keys> {
    let raw_pair = raw.and_then(|raw| {
        Some(Keys {
            access_key_id: raw.access_key_id.as_ref()?.expose().to_owned(),
            secret_access_key: raw.secret_access_key.clone()?,
            session_token: raw.session_token.clone(),
        })
    });
    raw_pair.or_else(|| {
        Some(Keys {
            access_key_id: variable("AWS_ACCESS_KEY_ID")?,
            secret_access_key: Secret::new(variable("AWS_SECRET_ACCESS_KEY")?),
            session_token: variable("AWS_SESSION_TOKEN").map(Secret::new),
        })
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
