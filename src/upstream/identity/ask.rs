//! One HTTP request to a credential service.
//!
//! Errors never contain its response, except for the code of a refusal.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

use super::{
    super::{
        barrier, dial,
        names::{Names, Resolver},
    },
    renewed::Unfetched,
};
use crate::table::environment::Environment;

/// The client, without kept connections: it is used a few times an hour by any core.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .use_preconfigured_tls(dial::tls_config())
        .dns_resolver(Arc::new(Resolver(Names::of_process())))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .proxy(reqwest::Proxy::custom(through))
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT)
        .build()
}

/// The environment's proxy, except for services of the machine itself.
fn through(url: &reqwest::Url) -> Option<String> {
    let host = url.host_str()?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_here = match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_link_local() || address.is_loopback(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address == METADATA_V6,
        // Names of private networks, including those of metadata services.
        Err(_) => host.ends_with(".internal"),
    };
    if is_here {
        return None;
    }
    let port = url.port_or_known_default()?;
    let proxy = Environment::of_process().proxy_for(url.scheme() == "https", host, port)?;
    Some(proxy.url())
}

/// The body of a successful response.
pub(super) async fn text(request: RequestBuilder) -> Result<String, Unfetched> {
    let sent = request.timeout(WHOLE).send().await;
    let mut answer =
        sent.map_err(|error| Unfetched::unusable(barrier::causes(&error.without_url())))?;
    let status = answer.status();
    let mut body = Vec::new();
    while body.len() < MOST_READ {
        match answer.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break,
            Err(error) => return Err(Unfetched::unusable(barrier::causes(&error.without_url()))),
        }
    }
    let body = String::from_utf8(body).map_err(|_| Unfetched::unusable("it answered no text"))?;
    if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
}

fn refusal(status: StatusCode, body: &str) -> Unfetched {
    let code = code(body).map(|code| format!(" ({code})")).unwrap_or_default();
    let cause = format!("answered {status}{code}");
    let lasting = status.is_client_error()
        && !matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    if lasting { Unfetched::refused(cause) } else { Unfetched::unusable(cause) }
}

/// The code of a refusal: JSON from Google and containers, XML from STS.
fn code(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Refused {
        #[serde(alias = "code")]
        error: String,
    }
    let in_json = serde_json::from_str::<Refused>(body).ok().map(|refused| refused.error);
    let code = in_json.or_else(|| element(body, "Code").map(str::to_owned))?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (code.len() <= 64 && code.chars().all(is_word)).then_some(code)
}

/// The text of the first XML element with this name. What STS writes there needs no decoding.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

/// The metadata service of machines without IPv4.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
/// Metadata services are close, so a missing one is noticed quickly.
const CONNECT: Duration = Duration::from_secs(2);
const WHOLE: Duration = Duration::from_secs(10);
const MOST_READ: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_code_alone() {
        for (status, body, refused, cause) in [
            (400, r#"{"error":"invalid_grant","error_description":"x"}"#, true, " (invalid_grant)"),
            (
                403,
                "<E><Error><Code>AccessDenied</Code><Message>x</Message></Error></E>",
                true,
                " (AccessDenied)",
            ),
            (404, "no such role", true, ""),
            (400, r#"{"error":"a sentence with a secret"}"#, true, ""),
            (429, r#"{"code":"Throttled"}"#, false, " (Throttled)"),
            (500, "", false, ""),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let told = refusal(status, body);
            assert_eq!(
                (told.refused, &*told.cause),
                (refused, &*format!("answered {status}{cause}"))
            );
        }
    }
}
