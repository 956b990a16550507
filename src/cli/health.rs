//! `onwards health`: checks whether the process on this machine is up. For health checks of
//! containers without another HTTP client.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use super::{
    places::{Further, Listen, listens},
    terminal, values,
};
use crate::serve::connection::tls::NEEDS_TLS;

#[derive(Debug, clap::Args)]
#[group(id = "health")]
pub(super) struct Arguments {
    /// The port that clients use [default: 3000].
    #[arg(short, long, env = "ONWARDS_PORT", value_parser = values::port)]
    port: Option<u16>,
    /// The address that clients use [default: 127.0.0.1].
    #[arg(long, env = "ONWARDS_HOST", value_parser = values::host)]
    host: Option<IpAddr>,
    /// Another listening address, as given to `onwards serve`; only the first one is checked.
    #[arg(long, env = "ONWARDS_LISTEN", value_name = "ADDRESS:PORT|unix:PATH",
          value_parser = values::listens)]
    listen: Vec<Further>,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let places = listens(arguments.host, arguments.port, &arguments.listen);
    let (asked, address) = match places.into_iter().next() {
        Some(Listen::Path(path)) => {
            let address = format!("unix:{}", path.display());
            (in_time(move || UnixStream::connect(&path).and_then(answers)), address)
        }
        Some(Listen::At(address)) => {
            let host = match address.ip() {
                IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                host => host,
            };
            let address = SocketAddr::new(host, address.port());
            (in_time(move || TcpStream::connect(address).and_then(answers)), address.to_string())
        }
        None => return ExitCode::FAILURE,
    };
    match asked {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            terminal::complain(&format!(
                "onwards: the server on {address} does not report that it is up"
            ));
            ExitCode::FAILURE
        }
        Err(error) => {
            terminal::complain(&format!("onwards: cannot connect to {address}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the check within [`PATIENCE`]. A read timeout is not enough, because a server that sends
/// one byte now and then never exceeds it.
fn in_time(question: impl FnOnce() -> io::Result<bool> + Send + 'static) -> io::Result<bool> {
    let (told, answer) = mpsc::channel();
    thread::spawn(move || told.send(question()));
    answer.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn answers(mut stream: impl io::Read + io::Write) -> io::Result<bool> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: onwards\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(stream, MOST_READ), &mut answer)?;
    // A port that says it needs TLS is up: the check needs no certificate.
    Ok(answer.starts_with(b"HTTP/1.1 200") || answer == NEEDS_TLS)
}

const MOST_READ: u64 = 4 * 1024;
const PATIENCE: Duration = Duration::from_secs(3);
