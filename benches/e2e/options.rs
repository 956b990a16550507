//! What the command line asks for. It never decides what a scenario is: see `scenario`.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// The router end to end, beside bare pass-throughs, in interleaved rounds.
#[derive(Parser, Debug)]
#[command(name = "e2e")]
pub(crate) struct Options {
    /// A small subset in under a minute.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only scenarios whose name contains one of these (comma-separated).
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Only these contenders, by name (comma-separated; this router is `onwards`); `direct` is always
    /// there.
    #[arg(long, value_delimiter = ',')]
    pub(crate) against: Vec<String>,
    /// Another router binary with the same command line, for before and after. Repeatable.
    #[arg(long)]
    pub(crate) gateway: Vec<PathBuf>,
    /// Rounds per scenario; the median counts.
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// Seconds of load per contender and round.
    #[arg(long)]
    pub(crate) seconds: Option<f64>,
    /// Instead: instructions and heap calls per request, under valgrind.
    #[arg(long)]
    pub(crate) instructions: bool,
    /// Instead: streams, requests and reloads together for so many seconds; failures and the growth
    /// of memory.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) soak: Option<u64>,
    /// Print the scenarios and stop.
    #[arg(long)]
    pub(crate) list: bool,
    /// Everything ends after this long, come what may.
    #[arg(long, default_value_t = 3600)]
    pub(crate) deadline_secs: u64,

    /// Be a server of the benchmark instead (how it starts its own children).
    #[arg(long, hide = true)]
    pub(crate) role: Option<Role>,
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) port: u16,
    #[arg(long, hide = true)]
    pub(crate) to: Option<SocketAddr>,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The servers this binary can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    Upstream,
    Floor,
    FloorHyper,
}

impl Options {
    /// `cargo test --all-targets` starts benchmarks without `--bench`: then it is not a run.
    pub(crate) fn nothing_asked(&self) -> bool {
        !self.bench && std::env::args_os().len() == 1
    }

    pub(crate) fn to_address(&self) -> io::Result<SocketAddr> {
        self.to.ok_or_else(|| io::Error::other("this role needs --to"))
    }

    pub(crate) fn wants_scenario(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    pub(crate) fn wants_contender(&self, name: &str) -> bool {
        self.against.is_empty() || self.against.iter().any(|wanted| wanted == name)
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 }).max(1)
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.seconds.unwrap_or(if self.quick { 0.5 } else { 1.5 }).clamp(0.05, 600.0)
    }
}
