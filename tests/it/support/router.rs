//! The binary under test: started on free ports with a file in a directory of its own, and ended when dropped.
//!
//! Never: two routers of one test run share a port, a directory or a log.

mod figures;
mod files;

pub(crate) use figures::{SeriesExt, series_count};
pub(crate) use files::Write;

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::client::{Call, Response, chat};
use super::eventually;

/// What becomes of the router's standard output and error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Logs {
    /// Read into memory.
    #[default]
    Kept,
    /// A pipe whose reader is gone: writing is EPIPE.
    Closed,
    /// A pipe that nobody reads, until it is full.
    Unread,
    /// A full disk: writing is ENOSPC.
    DiskFull,
}

/// How a router is to be started.
pub(crate) struct Launch {
    content: Vec<u8>,
    /// Beside it.
    files: Vec<(String, String)>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    port: Option<u16>,
    metrics_port: Option<u16>,
    /// Arguments of `ulimit`.
    open_files: Option<String>,
    logs: Logs,
    config_map: bool,
    relative: bool,
}

impl Launch {
    /// With this file.
    pub(crate) fn new(targets: &Value) -> Self {
        Self::raw(serde_json::to_vec_pretty(targets).unwrap())
    }

    /// With these bytes as the file, JSON or not.
    pub(crate) fn raw(content: impl Into<Vec<u8>>) -> Self {
        Self {
            content: content.into(),
            files: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            port: None,
            metrics_port: None,
            open_files: None,
            logs: Logs::Kept,
            config_map: false,
            relative: false,
        }
    }

    /// With another file in its directory.
    pub(crate) fn file(mut self, name: &str, content: &str) -> Self {
        self.files.push((name.to_owned(), content.to_owned()));
        self
    }

    pub(crate) fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.args.extend(args.map(str::to_owned));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    pub(crate) fn metrics_port(mut self, port: u16) -> Self {
        self.metrics_port = Some(port);
        self
    }

    /// With so many file descriptors at most.
    pub(crate) fn open_files(mut self, count: u32) -> Self {
        self.open_files = Some(format!("-n {count}"));
        self
    }

    /// With so many at first; it may have more.
    pub(crate) fn open_files_at_first(mut self, count: u32) -> Self {
        self.open_files = Some(format!("-S -n {count}"));
        self
    }

    pub(crate) fn logs(mut self, logs: Logs) -> Self {
        self.logs = logs;
        self
    }

    /// The file lies as Kubernetes lays a ConfigMap: `targets.json -> ..data/targets.json`.
    pub(crate) fn config_map(mut self) -> Self {
        self.config_map = true;
        self
    }

    /// It is started in the file's directory, and told the file's name alone.
    pub(crate) fn relative(mut self) -> Self {
        self.relative = true;
        self
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) async fn start(self) -> Router {
        let mut router = self.spawn();
        let ready = eventually(READY_WITHIN, async || {
            let exited = router.child.try_wait().unwrap().is_some();
            exited
                || Call::get("/readyz").try_send(router.addr).await.is_ok_and(|r| r.status == 200)
        });
        let ready = ready.await;
        let exited = router.child.try_wait().unwrap();
        assert!(ready && exited.is_none(), "not ready ({exited:?}):\n{}", router.stderr_text());
        router
    }

    /// Starts it, ready or not.
    pub(crate) fn spawn(self) -> Router {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("targets.json");
        if self.config_map {
            files::lay_config_map(dir.path(), &self.content);
        } else {
            std::fs::write(&file, &self.content).unwrap();
        }
        for (name, content) in &self.files {
            std::fs::write(dir.path().join(name), content).unwrap();
        }
        let port = self.port.unwrap_or_else(free_port);
        let metrics = self.metrics_port.unwrap_or_else(free_port);
        let mut command = self.command(&file, port, metrics);
        let (out, err) = self.logs.pipes();
        command.stdin(Stdio::null()).stdout(out).stderr(err).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (Lines::default(), Lines::default());
        match self.logs {
            Logs::Kept => {
                stdout.keep(child.stdout.take().unwrap());
                stderr.keep(child.stderr.take().unwrap());
            }
            Logs::Closed => drop((child.stdout.take(), child.stderr.take())),
            Logs::Unread | Logs::DiskFull => {}
        }
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Router { child, dir, file, addr: local(port), metrics: local(metrics), stdout, stderr }
    }

    fn command(&self, file: &Path, port: u16, metrics: u16) -> Command {
        let mut command = match &self.open_files {
            None => Command::new(binary()),
            Some(limit) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("ulimit {limit}; exec \"$@\"")).arg("sh").arg(binary());
                shell
            }
        };
        if let (true, Some(dir), Some(name)) = (self.relative, file.parent(), file.file_name()) {
            command.current_dir(dir).arg("--targets").arg(name);
        } else {
            command.arg("--targets").arg(file);
        }
        command.args(["--port", &port.to_string(), "--metrics-port", &metrics.to_string()]);
        command.args(&self.args);
        for name in FOREIGN_ENV {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Logs {
    fn pipes(self) -> (Stdio, Stdio) {
        if self != Self::DiskFull {
            return (Stdio::piped(), Stdio::piped());
        }
        let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
        (full().into(), full().into())
    }
}

/// A running router.
pub(crate) struct Router {
    child: Child,
    dir: TempDir,
    file: PathBuf,
    addr: SocketAddr,
    metrics: SocketAddr,
    stdout: Lines,
    stderr: Lines,
}

impl Router {
    /// With nothing special.
    pub(crate) async fn start(targets: &Value) -> Self {
        Launch::new(targets).start().await
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The operations port.
    pub(crate) fn metrics_addr(&self) -> SocketAddr {
        self.metrics
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A plain chat request for `alias` without a key.
    pub(crate) async fn chat(&self, alias: &str) -> Response {
        self.post(CHAT, "", &chat(alias)).await
    }

    /// Posts JSON with a bearer key; without one if it is empty.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Response {
        Call::post(path).key(key).json(body).send(self.addr).await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        Call::get(path).send(self.addr).await
    }

    /// The aliases that `/v1/models` shows to an anonymous caller; none if it shows nothing.
    pub(crate) async fn models(&self) -> Vec<String> {
        let Ok(response) = Call::get("/v1/models").try_send(self.addr).await else { return vec![] };
        let listed = response.json();
        let ids = listed["data"].as_array().into_iter().flatten();
        ids.filter_map(|model| model["id"].as_str().map(str::to_owned)).collect()
    }

    /// Waits until exactly these aliases are served.
    pub(crate) async fn serves(&self, aliases: &[&str], within: Duration) -> bool {
        eventually(within, async || self.models().await == aliases).await
    }

    /// Every candidate of an alias with its state, as the operations port tells it.
    pub(crate) async fn explain(&self, alias: &str) -> Response {
        Call::get(&format!("/explain?model={alias}")).send(self.metrics).await
    }

    /// Sends a signal by name: `HUP`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = std::process::Command::new("kill");
        let mut kill = kill;
        let sent = kill.arg(format!("-{name}")).arg(self.pid().to_string()).status().unwrap();
        assert!(sent.success(), "kill -{name} failed");
    }

    /// The exit status, if the process ends in time.
    pub(crate) async fn wait_exit(&mut self, within: Duration) -> Option<ExitStatus> {
        tokio::time::timeout(within, self.child.wait()).await.ok().map(Result::unwrap)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("the router has exited")
    }

    pub(crate) fn stderr_text(&self) -> String {
        self.stderr.text()
    }

    pub(crate) fn stdout_text(&self) -> String {
        self.stdout.text()
    }

    /// Everything it has written, to either.
    pub(crate) fn log_text(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }
}

/// Lines as they come.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

impl Lines {
    fn keep(&self, pipe: impl AsyncRead + Unpin + Send + 'static) {
        let text = self.0.clone();
        tokio::spawn(async move {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
                text.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// Runs the binary to its end: `check`, `schema`. Standard input is empty.
pub(crate) fn run_cli<'a>(args: impl IntoIterator<Item = &'a str>) -> Output {
    run_cli_with(args, &[])
}

/// The same in this environment.
pub(crate) fn run_cli_with<'a>(
    args: impl IntoIterator<Item = &'a str>,
    env: &[(&str, &str)],
) -> Output {
    let args = args.into_iter().map(OsString::from);
    let mut command = std::process::Command::new(binary());
    for name in FOREIGN_ENV {
        command.env_remove(name);
    }
    command.envs(env.iter().copied());
    let output = command.args(args).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.signal().is_none(), "the binary was killed by a signal");
    output
}

/// A port below the ephemeral range, which no outgoing connection can take in between; each is handed out once.
pub(crate) fn free_port() -> u16 {
    loop {
        let offset = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let start = u16::try_from(std::process::id() * 61 % u32::from(PORTS)).unwrap();
        let port = FIRST_PORT + (start + offset % PORTS) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The binary under test: this build's, or another (a release build, for figures) that is named.
pub(crate) fn binary() -> OsString {
    let named = std::env::var_os("ONWARDS_BINARY");
    let named = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_onwards").into());
    std::path::absolute(named).unwrap().into()
}

/// Where chat completions are asked for.
pub(crate) const CHAT: &str = "/v1/chat/completions";
const READY_WITHIN: Duration = Duration::from_secs(10);
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);
const FIRST_PORT: u16 = 14_000;
const PORTS: u16 = 18_000;
/// The outer world's settings, which must not reach the router.
const FOREIGN_ENV: [&str; 23] = [
    "RUST_LOG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "ONWARDS_TARGETS",
    "ONWARDS_PORT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GCE_METADATA_HOST",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
];
