//! `onwards health`: whether the process on this machine is up. For containers, which have no other way
//! to ask.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use super::{terminal, values};
use crate::serve::connection::tls::NEEDS_TLS;

#[derive(Debug, clap::Args)]
#[group(id = "health")]
pub(super) struct Arguments {
    /// The port that clients use.
    #[arg(short, long, env = "ONWARDS_PORT", default_value = "3000", value_parser = values::port)]
    port: u16,
    /// The address that clients use.
    #[arg(long, env = "ONWARDS_HOST", default_value = "127.0.0.1", value_parser = values::host)]
    host: IpAddr,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let host = match arguments.host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, arguments.port);
    match ask(address) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            terminal::complain(&format!(
                "onwards: what listens on {address} does not say that it is up"
            ));
            ExitCode::FAILURE
        }
        Err(error) => {
            terminal::complain(&format!("onwards: {address} cannot be asked: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn ask(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: onwards\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MOST_READ).read_to_end(&mut answer)?;
    // Where the port speaks TLS, that it says so is a sign of life: a certificate is not needed for it.
    Ok(answer.starts_with(b"HTTP/1.1 200") || answer == NEEDS_TLS)
}

const MOST_READ: u64 = 4 * 1024;
const PATIENCE: Duration = Duration::from_secs(3);
