//! A tunnel through a proxy: HTTP CONNECT (RFC 9110, section 9.3.6), or SOCKS5 (RFC 1928, RFC
//! 1929).
//!
//! Errors contain the proxy's answer and never a credential.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    barrier::{Kind as Fault, Unreached, causes},
    http1::Stream,
    names::Names,
    tcp::in_turns,
};
use crate::{
    secret::Secret,
    table::route::{Kind, Proxy},
};

/// The end of a tunnel.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    /// A name or an address, IPv6 without brackets.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
}

/// Asks the proxy on `stream` for a tunnel.
///
/// # Errors
/// The proxy refuses, or violates its protocol.
pub(super) async fn through(
    mut stream: Stream,
    proxy: &Proxy,
    end: End<'_>,
    names: &std::sync::Arc<Names>,
) -> Result<Stream, Unreached> {
    match proxy.kind {
        Kind::Http => connect(&mut stream, proxy, end).await?,
        Kind::Socks5 { looks_up } => {
            let to = match end.host.parse::<IpAddr>() {
                Ok(address) => To::Address(address),
                Err(_) if looks_up => To::Name(end.host),
                Err(_) => {
                    let unnamed = |cause: String| Unreached::new(Fault::Name, cause);
                    let found = names.find(end.host).await;
                    let found = in_turns(found.map_err(|error| unnamed(causes(&error)))?);
                    let first = found.front().map(SocketAddr::ip);
                    To::Address(first.ok_or_else(|| unnamed("the name has no address".into()))?)
                }
            };
            socks5(&mut stream, proxy, to, end.port).await?;
        }
    }
    Ok(stream)
}

async fn connect(stream: &mut Stream, proxy: &Proxy, end: End<'_>) -> Result<(), Unreached> {
    let End { host, port } = end;
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let mut head =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(value) = &proxy.authorization {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head).await?;
    stream.flush().await?;
    let mut answer = Vec::with_capacity(256);
    // One byte at a time, since what follows the head belongs to the provider.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= LONGEST_HEAD {
            return Err(by_proxy("the proxy's answer does not end"));
        }
        answer.push(stream.read_u8().await.map_err(closed)?);
    }
    let status = answer.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(()),
        Some(status) => Err(Unreached::answered_by_proxy(status)),
        None => Err(by_proxy("the proxy does not speak HTTP")),
    }
}

enum To<'a> {
    Address(IpAddr),
    Name(&'a str),
}

async fn socks5(
    stream: &mut Stream,
    proxy: &Proxy,
    to: To<'_>,
    port: u16,
) -> Result<(), Unreached> {
    agree(stream, proxy).await?;
    ask_for(stream, to, port).await
}

/// Agrees on how the router identifies itself, and does so.
async fn agree(stream: &mut Stream, proxy: &Proxy) -> Result<(), Unreached> {
    let methods: &[u8] = if proxy.credentials.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    stream.write_all(methods).await?;
    stream.flush().await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.map_err(closed)?;
    match (chosen, &proxy.credentials) {
        ([5, 0], _) => {}
        ([5, 2], Some((name, password))) => {
            let mut request = vec![1];
            for text in [name, password].map(Secret::expose) {
                request.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
                request.extend_from_slice(text.as_bytes());
            }
            stream.write_all(&request).await?;
            stream.flush().await?;
            let mut answer = [0; 2];
            stream.read_exact(&mut answer).await.map_err(closed)?;
            if answer[1] != 0 {
                return Err(uncredited("the proxy refuses the credentials"));
            }
        }
        ([5, _], _) => return Err(uncredited("the proxy wants other credentials")),
        _ => return Err(by_proxy("the proxy does not speak SOCKS5")),
    }
    Ok(())
}

/// Asks for the tunnel.
async fn ask_for(stream: &mut Stream, to: To<'_>, port: u16) -> Result<(), Unreached> {
    let mut request = vec![5, 1, 0];
    match to {
        To::Address(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        To::Address(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        To::Name(name) => {
            let length = u8::try_from(name.len());
            let length = length.map_err(|_| by_proxy("the name is too long for SOCKS5"))?;
            request.extend_from_slice(&[3, length]);
            request.extend_from_slice(name.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await?;
    stream.flush().await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.map_err(closed)?;
    let rest = match answer[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await.map_err(closed)?),
        _ => return Err(by_proxy("the proxy does not speak SOCKS5")),
    };
    // The bound address and port.
    let mut bound = vec![0; rest + 2];
    stream.read_exact(&mut bound).await.map_err(closed)?;
    match answer[1] {
        0 => Ok(()),
        code => {
            let (fault, why) = refusal(code);
            Err(Unreached::new(fault, format!("the proxy cannot connect: {why}")))
        }
    }
}

/// What a SOCKS5 proxy says of the connection behind it.
fn refusal(code: u8) -> (Fault, &'static str) {
    match code {
        2 => (Fault::Proxy, "its rules forbid it"),
        3 => (Fault::Route, "network unreachable"),
        4 => (Fault::Route, "host unreachable"),
        5 => (Fault::Refused, "connection refused"),
        6 => (Fault::Proxy, "no answer in time"),
        _ => (Fault::Proxy, "general failure"),
    }
}

fn by_proxy(cause: &str) -> Unreached {
    Unreached::new(Fault::Proxy, cause)
}

fn uncredited(cause: &str) -> Unreached {
    Unreached::new(Fault::ProxyCredentials, cause)
}

fn closed(_: io::Error) -> Unreached {
    by_proxy("the proxy closed the connection")
}

const LONGEST_HEAD: usize = 16 * 1024;
