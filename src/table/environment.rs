//! The proxies of the process's environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, and the
//! exceptions in `NO_PROXY`.
//!
//! They are read once, since the environment of a process does not change.

use std::{
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use super::route::Proxy;

/// The proxies of the environment.
#[derive(Default)]
pub(crate) struct Environment {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    direct: Vec<Direct>,
    /// What is wrong with them.
    pub(crate) problems: Vec<String>,
}

crate::secret::unseen!(Environment);

/// An exception: reached without a proxy.
#[derive(Debug, PartialEq, Eq)]
enum Direct {
    Everything,
    /// A host and its subdomains, at one port or any.
    Host(Box<str>, Option<u16>),
    /// A network of addresses with this prefix length.
    Network(IpAddr, u8),
}

impl Environment {
    /// The environment of this process.
    pub(crate) fn of_process() -> &'static Self {
        static OF_PROCESS: LazyLock<Environment> =
            LazyLock::new(|| Environment::read(|name| std::env::var(name).ok()));
        &OF_PROCESS
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut read = Self::default();
        // Lower case first, like curl.
        let set = |name: &'static str| {
            let small = variable(&name.to_ascii_lowercase());
            small.or_else(|| variable(name)).map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        let mut proxy = |name: &'static str| {
            let text = set(name);
            if text.is_empty() {
                return None;
            }
            match Proxy::parse(&text) {
                Ok(proxy) => Some(Arc::new(proxy)),
                Err(why) => {
                    read.problems.push(format!("the environment's `{name}` is invalid: {why}"));
                    None
                }
            }
        };
        let all = proxy("ALL_PROXY");
        let (http, https) = (proxy("HTTP_PROXY"), proxy("HTTPS_PROXY"));
        read.http = http.or_else(|| all.clone());
        read.https = https.or(all);
        read.direct = set("NO_PROXY").split([',', ' ']).filter_map(Direct::read).collect();
        read
    }

    /// The proxy for an origin.
    pub(crate) fn proxy_for(&self, is_tls: bool, host: &str, port: u16) -> Option<&Arc<Proxy>> {
        let proxy = if is_tls { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.direct.iter().any(|direct| direct.covers(host, port)))
    }
}

impl Direct {
    fn read(entry: &str) -> Option<Self> {
        let entry = entry.trim().trim_start_matches("*.").trim_start_matches('.');
        if entry == "*" {
            return Some(Self::Everything);
        }
        let (network, bits) = match entry.split_once('/') {
            Some((network, bits)) => (network, bits.parse().ok()),
            None => (entry, Some(u8::MAX)),
        };
        if let Ok(address) = bare(network).parse::<IpAddr>() {
            return Some(Self::Network(address, bits?));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        (!host.is_empty()).then(|| Self::Host(bare(host).to_ascii_lowercase().into(), port))
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let host = bare(host);
        match self {
            Self::Everything => true,
            Self::Host(known, at) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                let is_below = host.strip_suffix(&**known);
                at.is_none_or(|at| at == port)
                    && is_below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Network(network, bits) => {
                let Ok(address) = host.parse::<IpAddr>() else { return false };
                match (network, address) {
                    (IpAddr::V4(network), IpAddr::V4(address)) => {
                        let off = 32 - u32::from((*bits).min(32));
                        (network.to_bits() ^ address.to_bits()).checked_shr(off).unwrap_or(0) == 0
                    }
                    (IpAddr::V6(network), IpAddr::V6(address)) => {
                        let off = 128 - u32::from((*bits).min(128));
                        (network.to_bits() ^ address.to_bits()).checked_shr(off).unwrap_or(0) == 0
                    }
                    _ => false,
                }
            }
        }
    }
}

/// An IPv6 address without brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(set: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn asked(environment: &Environment, is_tls: bool, host: &str) -> String {
        let proxy = environment.proxy_for(is_tls, host, 443);
        proxy.map(|proxy| proxy.uri.host().unwrap_or_default().to_owned()).unwrap_or_default()
    }

    #[test]
    fn each_scheme_has_its_own_proxy_or_that_of_all() {
        let both = environment(&[("HTTPS_PROXY", "http://s:1"), ("http_proxy", "http://p:1")]);
        assert_eq!((asked(&both, true, "a"), asked(&both, false, "a")), ("s".into(), "p".into()));
        let all = environment(&[("ALL_PROXY", "socks5://x"), ("https_proxy", "http://s")]);
        assert_eq!((asked(&all, true, "a"), asked(&all, false, "a")), ("s".into(), "x".into()));
        let small =
            environment(&[("https_proxy", "http://small"), ("HTTPS_PROXY", "http://large")]);
        assert_eq!(asked(&small, true, "a"), "small");
        let wrong = environment(&[("HTTPS_PROXY", "ftp://user:secret@h")]);
        assert_eq!(asked(&wrong, true, "a"), "");
        assert!(
            wrong.problems[0].contains("`HTTPS_PROXY`") && !wrong.problems[0].contains("secret")
        );
    }

    #[test]
    fn what_no_proxy_names_is_reached_straight() {
        let text = "localhost, .internal,*.corp.example,EXAMPLE.org:443,other.org:80,10.0.0.0/8,\
                    192.168.1.7,::1,fd00::/8";
        let env = environment(&[("HTTPS_PROXY", "http://p"), ("no_proxy", text)]);
        for direct in [
            "localhost",
            "a.internal",
            "internal",
            "x.corp.example",
            "example.org",
            "www.Example.org",
            "10.1.2.3",
            "192.168.1.7",
            "[::1]",
            "[fd12::1]",
            "example.org.",
        ] {
            assert_eq!(asked(&env, true, direct), "", "{direct}");
        }
        for proxied in
            ["nointernal", "other.org", "11.0.0.1", "192.168.1.8", "[2001::1]", "localhost.example"]
        {
            assert_eq!(asked(&env, true, proxied), "p", "{proxied}");
        }
        let none = environment(&[("HTTPS_PROXY", "http://p"), ("NO_PROXY", "*")]);
        assert_eq!(asked(&none, true, "a"), "");
    }
}
