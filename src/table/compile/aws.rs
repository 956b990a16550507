//! Compiles the AWS credentials of a provider. What the file omits comes from the environment; what
//! is not there either is fetched from the container, from STS or from the instance.
//!
//! The environment is read when a file is loaded, as AWS SDKs read it at their start.

use http::Uri;

use super::Compiler;
use crate::{
    config::{Path, raw},
    protocol::Protocol,
    secret::Secret,
    table::{
        Place,
        aws::{Aws, Keys},
        identity::{ContainerToken, Source},
    },
};

/// How requests are signed, and the source of the pair if it is not known.
pub(super) struct Signed {
    pub(crate) aws: Aws,
    pub(crate) source: Option<Source>,
}

impl Compiler<'_> {
    /// How a provider's requests are signed; `None` for a provider with a token.
    pub(super) fn aws(
        &mut self,
        endpoint: &raw::Endpoint,
        protocol: Protocol,
        place: &Place,
        path: &Path,
    ) -> Option<Signed> {
        let raw = endpoint.aws.as_ref();
        if !protocol.profile().is_signed {
            if raw.is_some() {
                let hint = "set `protocol` to `bedrock`, or remove it";
                self.problem(
                    &path.key("aws"),
                    "`aws` needs the protocol `bedrock`",
                    Some(hint.into()),
                );
            }
            return None;
        }
        if endpoint.onwards_key.is_some() {
            return None;
        }
        let region = raw.and_then(|raw| raw.region.clone()).or_else(|| region_of(place));
        let region =
            region.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
        let Some(region) = region else {
            let hint = "set `aws.region` or `AWS_REGION`";
            self.problem(path, "the region for signing is missing", Some(hint.into()));
            return None;
        };
        let keys = self.keys(raw, path)?.or_else(environment);
        let source = match &keys {
            Some(_) => None,
            None => Some(self.source(&region, path)?),
        };
        Some(Signed { aws: Aws { region, keys }, source })
    }

    /// The pair from the file. Half a pair cannot be completed from elsewhere.
    fn keys(&mut self, raw: Option<&raw::Aws>, path: &Path) -> Option<Option<Keys>> {
        let Some(raw) = raw else { return Some(None) };
        let message = match (&raw.access_key_id, &raw.secret_access_key) {
            (Some(id), Some(secret)) => {
                return Some(Some(Keys {
                    access_key_id: id.expose().to_owned(),
                    secret_access_key: secret.clone(),
                    session_token: raw.session_token.clone(),
                }));
            }
            (None, None) if raw.session_token.is_none() => return Some(None),
            (Some(_), None) => "`secret_access_key` is missing",
            (None, _) => "`access_key_id` is missing",
        };
        let hint = "write the whole pair, or remove it to use the environment's";
        self.problem(&path.key("aws"), message, Some(hint.into()));
        None
    }

    /// The source of temporary credentials, in the order of AWS SDKs.
    fn source(&mut self, region: &str, path: &Path) -> Option<Source> {
        if let (Some(file), Some(role_arn)) =
            (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), variable("AWS_ROLE_ARN"))
        {
            let session = variable("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "onwards".into());
            let sts = variable("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| sts_of(region));
            let sts = sts.trim_end_matches('/').to_owned();
            return Some(Source::WebIdentity { sts, role_arn, session, token_file: file.into() });
        }
        let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let relative = relative.map(|path| format!("{CONTAINER}{path}"));
        if let Some(url) = relative.or_else(|| variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
            if !may_be_asked(&url) {
                let message = "`AWS_CONTAINER_CREDENTIALS_FULL_URI` is neither `https` nor local";
                self.problem(path, message, None);
                return None;
            }
            let fixed = || variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Secret::new);
            let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
                Some(file) => Some(ContainerToken::File(file.into())),
                None => fixed().map(ContainerToken::Fixed),
            };
            return Some(Source::Container { url, token });
        }
        if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true")) {
            let hint = "set `aws.access_key_id` and `aws.secret_access_key`, or \
                        `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or set an API key as \
                        `onwards_key`; `AWS_EC2_METADATA_DISABLED` excludes those of the instance";
            self.problem(path, "the access key pair for signing is missing", Some(hint.into()));
            return None;
        }
        let v6 = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        let usual = if v6 { INSTANCE_V6 } else { INSTANCE };
        let endpoint = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let endpoint = endpoint.as_deref().unwrap_or(usual).trim_end_matches('/').to_owned();
        Some(Source::Instance { endpoint })
    }
}

/// The pair from the environment.
fn environment() -> Option<Keys> {
    Some(Keys {
        access_key_id: variable("AWS_ACCESS_KEY_ID")?,
        secret_access_key: Secret::new(variable("AWS_SECRET_ACCESS_KEY")?),
        session_token: variable("AWS_SESSION_TOKEN").map(Secret::new),
    })
}

/// The region in the names of Bedrock's own hosts: `bedrock-runtime.eu-west-1.amazonaws.com`, also
/// with `-fips`, and those of a private link.
fn region_of(place: &Place) -> Option<String> {
    let Place::Wire { origin, .. } = place else { return None };
    region_in(origin.uri.host()?)
}

fn region_in(host: &str) -> Option<String> {
    let host =
        host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let mut labels = host.split('.');
    let service = labels.find(|label| label.starts_with("bedrock-runtime"));
    service.and(labels.next()).map(str::to_owned)
}

fn sts_of(region: &str) -> String {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://sts.{region}.amazonaws.com{china}")
}

/// Credentials are requested only from this machine, over the local link, or with TLS.
fn may_be_asked(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_loopback || CONTAINERS.contains(&host),
        _ => false,
    }
}

pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

const CONTAINER: &str = "http://169.254.170.2";
/// The addresses of ECS and EKS Pod Identity.
const CONTAINERS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
const INSTANCE: &str = "http://169.254.169.254";
const INSTANCE_V6: &str = "http://[fd00:ec2::254]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_a_container_are_asked_for_nearby_or_under_tls() {
        for url in [
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://127.0.0.1:8080/x",
            "http://[::1]/x",
            "http://localhost/x",
            "https://credentials.example.com/x",
        ] {
            assert!(may_be_asked(url), "{url}");
        }
        for url in
            ["http://example.com/x", "http://169.254.170.2.example.com/", "file:///x", "/x", ""]
        {
            assert!(!may_be_asked(url), "{url}");
        }
    }

    #[test]
    fn hosts_of_bedrock_name_their_region() {
        for (host, region) in [
            ("bedrock-runtime.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("bedrock-runtime.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("vpce-0a-1b.bedrock-runtime.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
            ("bedrock-runtime.example.com", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(region_in(host).as_deref(), region, "{host}");
        }
    }
}
