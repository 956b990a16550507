//! Who is compared: nobody in between, nginx, the two floors, and routers.
//! It never decides when: see `rounds`.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::nginx;
use super::options::{Options, Role};
use super::pinning::Pinning;
use super::process::{Process, free_port};
use super::targets::{self, Setup};
use crate::say;

/// What contenders are started with.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) pinning: &'a Pinning,
    pub(crate) upstream: SocketAddr,
    /// For generated files; gone with the run.
    pub(crate) folder: &'a Path,
    /// Stands before the program: how valgrind comes in.
    pub(crate) wrapper: Vec<String>,
    pub(crate) patience: Duration,
}

impl<'a> Stage<'a> {
    /// With nothing before the program.
    pub(crate) fn plain(pinning: &'a Pinning, upstream: SocketAddr, folder: &'a Path) -> Self {
        Self { pinning, upstream, folder, wrapper: Vec::new(), patience: START_PATIENCE }
    }
}

/// One column of the comparison.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: String,
    kind: Kind,
    running: BTreeMap<Setup, Option<Process>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Direct,
    Nginx,
    Floor(Role),
    Router(PathBuf),
}

/// Where a contender listens, and which process does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// `None`: nobody is in between, so nobody's time is measured.
    pub(crate) process: Option<u32>,
}

/// Everyone that the command line asks for; `direct` first, since latencies are told against it.
pub(crate) fn line_up(options: &Options) -> Vec<Contender> {
    let mut everyone = vec![Contender::new(DIRECT, Kind::Direct)];
    if nginx::is_here() {
        everyone.push(Contender::new("nginx", Kind::Nginx));
    } else {
        say("nginx is not on the PATH: left out");
    }
    everyone.push(Contender::new(FLOOR_HYPER, Kind::Floor(Role::FloorHyper)));
    everyone.push(Contender::new(FLOOR, Kind::Floor(Role::Floor)));
    everyone.push(Contender::new(ROUTER, Kind::Router(env!("CARGO_BIN_EXE_onwards").into())));
    everyone.retain(|one| one.kind == Kind::Direct || options.wants_contender(&one.name));
    for (number, path) in options.gateway.iter().enumerate() {
        let stem = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let name = format!("{stem} ({})", number + 2);
        everyone.push(Contender::new(&name, Kind::Router(path.clone())));
    }
    everyone
}

impl Contender {
    fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, running: BTreeMap::new() }
    }

    pub(crate) fn is_router(&self) -> bool {
        matches!(self.kind, Kind::Router(_))
    }

    pub(crate) fn is_floor(&self) -> bool {
        matches!(self.kind, Kind::Floor(_))
    }

    /// Its address under `setup`, started if need be; `None` when it does not start.
    pub(crate) async fn ensure(
        &mut self,
        setup: Setup,
        stage: &Stage<'_>,
    ) -> io::Result<Option<Running>> {
        // Only a router has more than one way to be set up.
        let setup = if self.is_router() { setup } else { Setup::Standard };
        if self.kind == Kind::Direct {
            return Ok(Some(Running { address: stage.upstream, process: None }));
        }
        if !self.running.contains_key(&setup) {
            let started = self.start(setup, stage).await;
            if let Err(fault) = &started {
                say(&format!("{} ({setup:?}) does not start: {fault}", self.name));
            }
            self.running.insert(setup, started.ok());
        }
        Ok(self
            .running
            .get(&setup)
            .and_then(Option::as_ref)
            .map(|process| Running { address: process.address, process: Some(process.id()) }))
    }

    /// A process of its own, apart from those that `ensure` keeps.
    pub(crate) async fn start(&self, setup: Setup, stage: &Stage<'_>) -> io::Result<Process> {
        let port = free_port()?;
        let folder = stage.folder.join(port.to_string());
        std::fs::create_dir_all(&folder)?;
        let (command, ready) = match &self.kind {
            Kind::Direct => return Err(io::Error::other("there is nobody in between to start")),
            Kind::Nginx => {
                (nginx::command(stage.pinning, &folder, port, stage.upstream)?, ANY_PATH)
            }
            Kind::Floor(role) => (floor(*role, port, stage)?, ANY_PATH),
            Kind::Router(path) => (router(path, port, setup, stage)?, "/readyz"),
        };
        let process = Process::start(command, port, ready, stage.patience).await?;
        if self.is_router() && setup == Setup::Many {
            let took = process.start_time.as_millis();
            say(&format!("{}: ready {took} ms after its start with {setup:?}", self.name));
        }
        Ok(process)
    }

    /// Ends what runs, so that the next scenario begins with fresh processes.
    pub(crate) fn stop(&mut self) {
        self.running.clear();
    }

    /// The file that a router under `setup` watches.
    pub(crate) fn watched_file(setup: Setup, stage: &Stage<'_>, running: Running) -> PathBuf {
        let folder = stage.folder.join(running.address.port().to_string());
        targets::path_in(&folder, setup)
    }
}

/// The upstream, as a child of this run.
pub(crate) async fn start_upstream(pinning: &Pinning) -> io::Result<Process> {
    let port = free_port()?;
    let mut command = pinning.upstream(&own_path()?);
    command.args(["--role", "upstream", "--port", &port.to_string()]);
    Process::start(command, port, ANY_PATH, Duration::from_secs(5)).await
}

fn floor(role: Role, port: u16, stage: &Stage<'_>) -> io::Result<Command> {
    let mut command = wrapped(stage, &own_path()?);
    let role = if role == Role::Floor { "floor" } else { "floor-hyper" };
    command.args(["--role", role, "--port", &port.to_string()]);
    command.args(["--to", &stage.upstream.to_string()]);
    Ok(command)
}

fn router(path: &Path, port: u16, setup: Setup, stage: &Stage<'_>) -> io::Result<Command> {
    let folder = stage.folder.join(port.to_string());
    let file = targets::write(&folder, setup, stage.upstream)?;
    let mut command = wrapped(stage, &path.to_string_lossy());
    command.arg("--targets").arg(file).args(["--port", &port.to_string()]);
    if setup == Setup::Quiet {
        command.args(["--metrics", "false"]);
    } else {
        command.args(["--metrics-port", &free_port()?.to_string()]);
    }
    Ok(command)
}

fn wrapped(stage: &Stage<'_>, program: &str) -> Command {
    match stage.wrapper.split_first() {
        None => stage.pinning.gateway(program),
        Some((first, rest)) => {
            let mut command = stage.pinning.gateway(first);
            command.args(rest).arg(program);
            command
        }
    }
}

fn own_path() -> io::Result<String> {
    Ok(std::env::current_exe()?.to_string_lossy().into_owned())
}

const START_PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const DIRECT: &str = "direct";
pub(crate) const FLOOR: &str = "floor";
pub(crate) const FLOOR_HYPER: &str = "floor-hyper";
pub(crate) const ROUTER: &str = "onwards";
/// The upstream answers everything, so a pass-through is ready when any path answers.
const ANY_PATH: &str = "/";
