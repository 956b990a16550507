//! A child process with a port: started, waited for, ended when its handle drops.
//! It never ends a process that it did not start.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::drive::Connection;

/// A server that this run started.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start to the first successful answer.
    pub(crate) start_time: Duration,
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts `command` and waits until `ready_path` answers 200 on `port`.
    pub(crate) async fn start(
        mut command: Command,
        port: u16,
        ready_path: &str,
        patience: Duration,
    ) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        if std::env::var_os("E2E_SHOW_STDERR").is_none() {
            command.stderr(Stdio::null());
        }
        let started = Instant::now();
        let child = command.spawn()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut process = Self { child, address, start_time: Duration::ZERO };
        loop {
            if is_ready(address, ready_path).await {
                process.start_time = started.elapsed();
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                return Err(io::Error::other(format!("ended at once: {status}")));
            }
            if started.elapsed() > patience {
                return Err(io::Error::other(format!("not ready within {patience:?}")));
            }
            sleep(POLL).await;
        }
    }

    /// Asks the process to end by itself (valgrind writes its figures then) and waits for it.
    pub(crate) async fn finish(mut self, patience: Duration) -> io::Result<()> {
        let id = self.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let asked = Instant::now();
        while self.child.try_wait()?.is_none() {
            if asked.elapsed() > patience {
                return Err(io::Error::other("did not end when asked"));
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    /// Asks first: what learns while it runs (`benches/pgo`) writes it down at its end.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        for _ in 0..ASKED_POLLS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(POLL);
        }
        // Already gone is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// For the children that are this binary: ends the process when the parent's pipe closes.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = io::stdin().read_to_end(&mut rest);
        std::process::exit(0);
    });
}

async fn is_ready(address: SocketAddr, path: &str) -> bool {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let attempt = async {
        let mut connection = Connection::open(address).await?;
        connection.exchange(request.as_bytes()).await
    };
    matches!(tokio::time::timeout(PROBE, attempt).await, Ok(Ok(200)))
}

const POLL: Duration = Duration::from_millis(10);
/// A second.
const ASKED_POLLS: u32 = 100;
const PROBE: Duration = Duration::from_secs(2);
