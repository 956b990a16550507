//! A Redis or Valkey server of its own for a test, where this machine has one. `ONWARDS_TEST_REDIS` names the program.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::router::free_port;

/// A server that keeps nothing on disk; it ends with this value.
pub(crate) struct Redis {
    port: u16,
    args: Vec<String>,
    /// Where it writes what another one sends it to copy.
    dir: TempDir,
    child: Child,
}

impl Redis {
    /// `None`, and a line that says so, where there is no server to start.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with further arguments.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub(crate) fn start_with(args: &[&str]) -> Option<Self> {
        let port = free_port();
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let dir = tempfile::tempdir().unwrap();
        let Some(child) = spawned(port, dir.path(), &args) else {
            eprintln!("skipped: neither redis-server nor valkey-server is to be had here");
            return None;
        };
        let redis = Self { port, args, dir, child };
        redis.answers();
        Some(redis)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Sends a command and answers with what came back first.
    pub(crate) fn tell(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    pub(crate) fn dies(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// At the same port, with nothing in it.
    pub(crate) fn comes_back(&mut self) {
        self.child = spawned(self.port, self.dir.path(), &self.args).unwrap();
        self.answers();
    }

    fn answers(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "the server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawned(port: u16, dir: &Path, further: &[String]) -> Option<Child> {
    let start = |program: &str| {
        let port = port.to_string();
        let args = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut command = Command::new(program);
        command
            .args(args)
            .arg("--dir")
            .arg(dir)
            .args(further)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().ok()
    };
    match std::env::var("ONWARDS_TEST_REDIS") {
        // The one that is named, and no other.
        Ok(program) => start(&program),
        Err(_) => start("redis-server").or_else(|| start("valkey-server")),
    }
}
