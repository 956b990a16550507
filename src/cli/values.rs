//! Parsers for sizes, times and addresses on the command line.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::places::{Further, Listen};

/// Parses `32MiB`, `1.5GiB`, `500kB`, `1024`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => {
            return Err("unknown unit; write `32MiB`, `500kB` or a number of bytes".to_owned());
        }
    };
    Ok((amount(number, "32MiB")? * factor) as u64)
}

/// Parses `30s`, `200ms`, `2m`, `30`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds: f64 = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("unknown unit; write `30s`, `200ms` or `2m`".to_owned()),
    };
    let time = Duration::try_from_secs_f64(amount(number, "30s")? * seconds);
    let time = time.ok().filter(|time| *time <= LONGEST);
    time.ok_or_else(|| "this is too long; the maximum is `87600h`".to_owned())
}

/// A socket timeout. The kernel keeps whole milliseconds in 31 bits, where 0 means no limit.
pub(super) fn socket_timeout(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    match time.as_millis() {
        0 => Err("this is too short; the minimum is `1ms`".to_owned()),
        millis if millis > i32::MAX as u128 => {
            Err("this is longer than the system can wait; the maximum is `596h`".to_owned())
        }
        _ => Ok(time),
    }
}

/// Parses a port number.
pub(super) fn port(text: &str) -> Result<u16, String> {
    if text.starts_with("tcp://") {
        let why = "Kubernetes sets this variable for a service named `onwards`; rename the \
                   service, or set `enableServiceLinks: false`";
        return Err(why.to_owned());
    }
    text.parse().map_err(|_| "a port is a number from 0 to 65535".to_owned())
}

/// Parses a listening address.
pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| "write an IP address of this machine, or `localhost`".to_owned())
}

/// Parses listening addresses between commas; an empty text has none.
pub(super) fn listens(text: &str) -> Result<Further, String> {
    let all = text.split(',').filter(|_| !text.is_empty());
    all.map(listen).collect::<Result<_, _>>().map(Further)
}

/// Parses a value of `--listen`.
fn listen(text: &str) -> Result<Listen, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        // The kernel's field has this many bytes and a final zero.
        return match path.len() {
            0 => Err("`unix:` is followed by a path".to_owned()),
            1..=MOST_OF_PATH => Ok(Listen::Path(path.into())),
            _ => Err(format!("a socket's path has at most {MOST_OF_PATH} bytes")),
        };
    }
    let (address, number) = text.rsplit_once(':').unwrap_or(("", text));
    let number = port(number)?;
    let address = match address {
        "" => Ipv4Addr::LOCALHOST.into(),
        "*" => Ipv4Addr::UNSPECIFIED.into(),
        address => host(address)?,
    };
    Ok(Listen::At(SocketAddr::new(address, number)))
}

/// Parses a path prefix and removes a slash at its end.
pub(super) fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let is_path = path.is_empty()
        || (path.starts_with('/')
            && !path.contains("//")
            && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte))
            && !path.split('/').any(|segment| matches!(segment, "." | "..")));
    if is_path { Ok(path.to_owned()) } else { Err("write a path such as `/llm`".to_owned()) }
}

fn amount(number: &str, example: &str) -> Result<f64, String> {
    match number.parse::<f64>() {
        Ok(number) if number < 0.0 => {
            Err(format!("the number must not be negative; write `{example}`"))
        }
        Ok(number) => Ok(number),
        Err(_) => Err(format!("write a number, as in `{example}`")),
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    (text[..end].trim(), text[end..].trim())
}

/// One less than `sun_path` holds on Linux, so that a temporary name beside it fits while the
/// socket is put in place.
const MOST_OF_PATH: usize = 96;
/// Ten years; a time that far away can still be represented.
const LONGEST: Duration = Duration::from_secs(87_600 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_or_time_with_a_unit_is_read() {
        assert_eq!(bytes("32MiB"), Ok(32 << 20));
        assert_eq!(bytes("500kB"), Ok(500_000));
        assert_eq!(bytes("1024"), Ok(1024));
        assert!(bytes("32 parsecs").is_err() && bytes("MiB").is_err());
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert!(duration("soon").is_err());
    }

    #[test]
    fn address_and_port_are_read_or_told_why_not() {
        assert_eq!(host("localhost"), Ok(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(host("[::1]").map(|host| host.to_string()), Ok("::1".to_owned()));
        assert!(host("example.com").is_err_and(|why| why.contains("localhost")));
        assert_eq!(port("3000"), Ok(3000));
        assert!(port("tcp://10.0.0.1:3000").is_err_and(|why| why.contains("Kubernetes")));
        assert!(port("http").is_err() && port("65536").is_err());
    }

    #[test]
    fn place_to_listen_or_path_before_others_is_read() {
        let at = |text: &str| Ok(Listen::At(text.parse().unwrap()));
        assert_eq!(listen("127.0.0.1:3000"), at("127.0.0.1:3000"));
        assert_eq!(listen("[::1]:80"), at("[::1]:80"));
        assert_eq!(listen("localhost:1"), at("127.0.0.1:1"));
        assert_eq!(listen("*:1"), at("0.0.0.0:1"));
        assert_eq!(listen("3001"), at("127.0.0.1:3001"));
        assert_eq!(listen("unix:/run/o.sock"), Ok(Listen::Path("/run/o.sock".into())));
        assert_eq!(listen("unix:///run/o.sock"), Ok(Listen::Path("/run/o.sock".into())));
        for wrong in
            ["", "unix:", "example.com:80", "127.0.0.1:http", &format!("unix:/{}", "a".repeat(97))]
        {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
        assert_eq!(base_path("/llm/"), Ok("/llm".to_owned()));
        assert_eq!(base_path("/"), Ok(String::new()));
        for wrong in ["llm", "/a//b", "/a/../b", "/a?b", "/a%2f", "/a b"] {
            assert!(base_path(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_that_the_kernel_cannot_keep_is_refused() {
        assert_eq!(socket_timeout("596h"), Ok(Duration::from_secs(596 * 3600)));
        assert_eq!(socket_timeout("1ms"), Ok(Duration::from_millis(1)));
        for beyond in ["597h", "2147484s", "4294968s", "1e15s", "0", "0.5ms"] {
            assert!(socket_timeout(beyond).is_err(), "{beyond}");
        }
        assert!(duration("1e15").is_err());
    }

    #[test]
    fn what_is_below_zero_is_refused_as_that() {
        for told in [bytes("-1MiB").map(drop), bytes("-1").map(drop), duration("-1s").map(drop)] {
            assert!(
                told.as_ref().is_err_and(|told| told.contains("must not be negative")),
                "{told:?}"
            );
        }
    }
}
