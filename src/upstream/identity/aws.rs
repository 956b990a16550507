//! Temporary AWS credentials: from the container, from STS, or from the instance, as in the AWS
//! SDKs.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Client;
use serde::Deserialize;

use super::{
    super::timestamp,
    ask,
    credential::{Credential, since_epoch},
    renewed::{Fetched, Unfetched},
};
use crate::{
    secret::Secret,
    table::{aws::Keys, identity::ContainerToken},
};

/// From the container of the router.
pub(super) async fn container(
    client: &Client,
    url: &str,
    token: Option<&ContainerToken>,
) -> Result<Fetched<Credential>, Unfetched> {
    let mut request = client.get(url).header("accept", "application/json");
    if let Some(token) = token {
        let token = match token {
            ContainerToken::Fixed(token) => token.expose().to_owned(),
            ContainerToken::File(path) => file(path).await?,
        };
        request = request.header("authorization", token);
    }
    read(&ask::text(request).await?)
}

/// From STS, with the token of another identity provider.
pub(super) async fn web_identity(
    client: &Client,
    sts: &str,
    role_arn: &str,
    session: &str,
    token_file: &Path,
) -> Result<Fetched<Credential>, Unfetched> {
    let token = file(token_file).await?;
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", role_arn),
        ("RoleSessionName", session),
        ("WebIdentityToken", &token),
    ];
    let encoded = fields
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    let request = client
        .post(format!("{sts}/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded.join("&"));
    let xml = ask::text(request).await?;
    let part = |name: &str| ask::element(&xml, name).map(str::to_owned);
    let issued = Issued {
        access_key_id: part("AccessKeyId"),
        secret_access_key: part("SecretAccessKey"),
        token: part("SessionToken"),
        expiration: part("Expiration"),
    };
    issued.into_fetched()
}

/// From the instance's metadata service, version 2.
pub(super) async fn instance(
    client: &Client,
    endpoint: &str,
) -> Result<Fetched<Credential>, Unfetched> {
    let session = client
        .put(format!("{endpoint}/latest/api/token"))
        .header("x-aws-ec2-metadata-token-ttl-seconds", SESSION_SECS);
    let session = ask::text(session).await?;
    let get = |path: String| client.get(path).header("x-aws-ec2-metadata-token", session.trim());
    let roles = format!("{endpoint}/latest/meta-data/iam/security-credentials/");
    let role = ask::text(get(roles.clone())).await?;
    let Some(role) = role.lines().next().map(str::trim).filter(|role| !role.is_empty()) else {
        return Err(Unfetched::refused("the instance has no role"));
    };
    let role = utf8_percent_encode(role, NON_ALPHANUMERIC);
    read(&ask::text(get(format!("{roles}{role}"))).await?)
}

async fn file(path: &Path) -> Result<String, Unfetched> {
    // Small and replaced by rename, so a blocking read on this thread is short.
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|error| {
        Unfetched::unusable(format!("{} cannot be read: {error}", path.display()))
    })?;
    Ok(text.trim().to_owned())
}

/// The response of each source.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Issued {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
}

fn read(json: &str) -> Result<Fetched<Credential>, Unfetched> {
    // The parser's own error would quote what it read.
    let issued: Issued = serde_json::from_str(json)
        .map_err(|_| Unfetched::unusable("it answered no JSON object"))?;
    issued.into_fetched()
}

impl Issued {
    fn into_fetched(self) -> Result<Fetched<Credential>, Unfetched> {
        let missing = |what: &str| Unfetched::unusable(format!("it answered without {what}"));
        let keys = Keys {
            access_key_id: self.access_key_id.ok_or_else(|| missing("an access key"))?,
            secret_access_key: Secret::new(
                self.secret_access_key.ok_or_else(|| missing("a secret access key"))?,
            ),
            session_token: self.token.map(Secret::new),
        };
        let expires = self.expiration.as_deref().and_then(timestamp::rfc3339);
        let expires = since_epoch(expires.ok_or_else(|| missing("an expiration"))?);
        Ok(Fetched { value: Credential::Keys(keys), expires })
    }
}

const SESSION_SECS: &str = "300";
