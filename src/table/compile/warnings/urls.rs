//! Warnings about URLs: not a base URL, a different protocol, or a credential in plain text on a
//! network.

use std::net::IpAddr;

use http::Uri;

use super::Warnings;
use crate::{
    config::{Path, raw, references::is_stand_in},
    protocol::pasted,
};

impl Warnings<'_> {
    /// The URL of a provider; `keyed` tells that it has a credential, and `at` is the provider's
    /// place.
    pub(super) fn url(&mut self, endpoint: &raw::Endpoint, keyed: bool, path: &Path, at: &Path) {
        let Ok(uri) = endpoint.url.parse::<Uri>() else { return };
        let Some(host) = uri.host().filter(|host| !is_stand_in(host)) else { return };
        if let Some(end) = pasted::endpoint_at_end(uri.path()) {
            let message =
                "this is the URL of an endpoint; the client's path would be appended to it";
            self.warn(path, message, &format!("remove `{end}`"));
        }
        let steps: Vec<&str> = uri.path().split('/').filter(|step| !step.is_empty()).collect();
        if steps.windows(2).any(|pair| pair[0] == pair[1]) {
            self.warn(path, "its path says the same twice", "remove one of the two");
        }
        if endpoint.protocol.is_none()
            && let Some(protocol) = pasted::spoken_at(host, uri.path())
        {
            let message =
                format!("this host speaks `{protocol}`, and without `protocol` it is `openai`");
            self.warn(at, &message, &format!("add `\"protocol\": \"{protocol}\"`"));
        }
        if keyed && uri.scheme_str() == Some("http") && is_public(host) {
            let message = "the credential is sent over the network in plain text";
            self.warn(path, message, "use `https://`");
        }
    }
}

impl Warnings<'_> {
    /// Webhooks that receive the texts of requests in plain text over public networks.
    pub(super) fn webhooks(&mut self, file: &raw::File) {
        for (name, rule) in file.guardrails.iter().flatten() {
            let Some(webhook) = &rule.webhook else { continue };
            let Ok(uri) = webhook.url.expose().parse::<Uri>() else { continue };
            let Some(host) = uri.host().filter(|host| !is_stand_in(host)) else { continue };
            if uri.scheme_str() == Some("http") && is_public(host) {
                let path = Path::root().key("guardrails").key(name).key("webhook").key("url");
                let message = "the texts are sent over the network in plain text";
                self.warn(&path, message, "use `https://`");
            }
        }
    }
}

/// Whether a host is reached over public networks, judged by its name.
fn is_public(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || is_shared)
        }
        Ok(IpAddr::V6(ip)) => {
            let first = ip.segments()[0];
            !(ip.is_loopback()
                || ip.is_unspecified()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80)
        }
        Err(_) => {
            let lower = host.to_ascii_lowercase();
            match lower.rsplit_once('.') {
                // A name without a dot belongs to the local network.
                None => false,
                Some((_, last)) => !PRIVATE.contains(&last) && !lower.ends_with(".ts.net"),
            }
        }
    }
}

const PRIVATE: [&str; 14] = [
    "local",
    "internal",
    "lan",
    "home",
    "corp",
    "intranet",
    "localdomain",
    "test",
    "invalid",
    "localhost",
    "svc",
    "private",
    "arpa",
    "consul",
];

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn host_of_this_network_is_not_public() {
        for host in [
            "localhost",
            "127.0.0.1",
            "[::1]",
            "10.1.2.3",
            "192.168.0.9",
            "172.20.0.1",
            "ollama",
            "vllm.models.svc.cluster.local",
            "host.docker.internal",
            "[fd00::1]",
            "100.100.1.1",
        ] {
            assert!(!is_public(host), "{host}");
        }
        for host in
            ["api.openai.com", "203.0.113.9", "[2001:db8::1]", "172.32.0.1", "llm.example.org"]
        {
            assert!(is_public(host), "{host}");
        }
    }
}
