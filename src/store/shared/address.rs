//! The address of the shared server. Parts that the client library would silently ignore are
//! problems with a hint. Messages do not repeat the address, which may hold a password.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

/// A problem of an address, and its hint.
pub(crate) type Wrong = (&'static str, &'static str);

/// The problem, if there is one.
pub(crate) fn wrong(url: &str) -> Option<Wrong> {
    read(url).err()
}

/// How the server is connected to.
pub(super) fn read(url: &str) -> Result<ConnectionInfo, Wrong> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let is_file = ["unix", "redis+unix", "valkey+unix"].contains(&scheme);
    let escapes = url.split('%').skip(1);
    if escapes.into_iter().any(|rest| !rest.as_bytes().get(..2).is_some_and(is_hex)) {
        return Err((
            "`%` begins an escape, and this is not one",
            "write `%` in a password as `%25`",
        ));
    }
    if url.contains('#') {
        return Err(("nothing may follow `#`", "write `#` in a password as `%23`"));
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let known: &[&str] = if is_file { &["db", "user", "pass"] } else { &[] };
    let mut names = query.split('&').filter_map(|part| part.split('=').next());
    if names.any(|name| !name.is_empty() && !known.contains(&name)) {
        return Err(match is_file {
            true => ("after `?` may stand `db`, `user` and `pass`", FILE_HINT),
            false => ("nothing may follow `?`", QUERY_HINT),
        });
    }
    let not_read = (NOT_AN_ADDRESS, HINT);
    let info = url.into_connection_info().map_err(|_| not_read)?;
    if matches!(info.addr(), ConnectionAddr::Tcp(host, _) if host.is_empty()) {
        return Err(not_read);
    }
    // The version in which the server may speak without being asked.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

/// The same at another node of its cluster, which names it as `host:port`.
pub(super) fn moved(info: &ConnectionInfo, node: &str) -> Option<ConnectionInfo> {
    let (host, port) = node.rsplit_once(':')?;
    let (host, port) = (host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?);
    let addr = match info.addr() {
        // A node that does not know its own name means the one that was asked.
        ConnectionAddr::Tcp(asked, _) => ConnectionAddr::Tcp(named(host, asked), port),
        ConnectionAddr::TcpTls { host: asked, insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls {
                host: named(host, asked),
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            }
        }
        _ => return None,
    };
    Some(info.clone().set_addr(addr))
}

fn named(host: String, asked: &str) -> String {
    if host.is_empty() { asked.to_owned() } else { host }
}

fn is_hex(two: &[u8]) -> bool {
    two.iter().all(u8::is_ascii_hexdigit)
}

const NOT_AN_ADDRESS: &str = "this is not the address of a Redis server";
const HINT: &str = "write it as in `rediss://user:password@host:6379/0`";
const QUERY_HINT: &str = "write user and password before the host, and `?` in a password as `%3F`: \
                          `rediss://user:password@host:6379/0`";
const FILE_HINT: &str = "write it as in `redis+unix:///run/redis.sock?db=0&user=onwards&pass=…`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_served_are_read_and_others_are_told() {
        for url in [
            "redis://localhost",
            "rediss://user:pass%25word@host.example:6380/3",
            "valkeys://:secret@[::1]:6379/0",
            "redis+unix:///run/redis.sock?db=1&user=a&pass=b%26c",
            "unix:///run/redis.sock",
        ] {
            assert_eq!(wrong(url), None, "{url}");
        }
        for (url, what) in [
            ("http://localhost", "not the address"),
            ("localhost:6379", "not the address"),
            ("redis://localhost/one", "not the address"),
            ("redis://localhost?password=secret", "follow `?`"),
            ("redis://localhost/0?protocol=resp2", "follow `?`"),
            ("rediss://localhost#insecure", "follow `#`"),
            ("redis://user:a%zzb@localhost", "escape"),
            ("redis://user:a%@localhost", "escape"),
            ("unix:///run/redis.sock?password=secret", "`db`, `user` and `pass`"),
        ] {
            let (message, hint) = wrong(url).unwrap_or_else(|| panic!("{url} is taken"));
            assert!(message.contains(what), "{url}: {message}");
            assert!(!message.contains("secret") && !hint.contains("secret"), "{url}");
        }
    }

    #[test]
    fn node_of_a_cluster_is_found_with_the_same_credentials() {
        let at = |url: &str, node| moved(&read(url).unwrap(), node).map(|it| it.addr().to_string());
        assert_eq!(at("redis://u:p@one:7000", "two:7001").as_deref(), Some("two:7001"));
        assert_eq!(at("rediss://u:p@one:7000", ":7001").as_deref(), Some("one:7001"));
        assert_eq!(at("redis://one", "::1:7001").as_deref(), Some("::1:7001"));
        assert_eq!(at("redis://one", "nowhere"), None);
        assert_eq!(at("unix:///run/redis.sock", "two:7001"), None);
        let there = moved(&read("redis://u:p@one:7000").unwrap(), "two:7001").unwrap();
        assert_eq!(there.redis_settings().username(), Some("u"));
    }
}
