//! The whole router, measured as a process: its own CPU time, latency and memory beside the
//! cheapest pass-throughs that can be written, in one run on one machine.
//! It never links the router's code: what is measured is the binary that ships.

mod e2e {
    // What is asked for.
    pub(crate) mod options;
    pub(crate) mod scenario;
    // Who is compared.
    pub(crate) mod contender;
    pub(crate) mod process;
    pub(crate) mod pinning;
    pub(crate) mod targets;
    pub(crate) mod nginx;
    pub(crate) mod floor;
    pub(crate) mod floor_hyper;
    pub(crate) mod upstream;
    // The load.
    pub(crate) mod wire;
    pub(crate) mod payload;
    pub(crate) mod drive;
    pub(crate) mod preflight;
    // The figures.
    pub(crate) mod meter;
    pub(crate) mod sample;
    pub(crate) mod rounds;
    pub(crate) mod memory;
    pub(crate) mod report;
    pub(crate) mod soak;
    pub(crate) mod callgrind;
}

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use e2e::options::{Options, Role};

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.role {
        Some(role) => play(role, &options),
        None if options.nothing_asked() => {
            say("end-to-end benchmark: run it with `cargo bench --bench e2e`");
            Ok(())
        }
        None => compare(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let _ = writeln!(io::stderr(), "e2e: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// A child of the benchmark: a server that lives until its standard input ends.
fn play(role: Role, options: &Options) -> io::Result<()> {
    e2e::process::end_with_parent();
    match role {
        Role::Upstream => e2e::upstream::main(options.port),
        Role::Floor => e2e::floor::main(options.port, options.to_address()?),
        Role::FloorHyper => e2e::floor_hyper::main(options.port, options.to_address()?),
    }
}

/// The parent: starts everyone, drives the load, prints the tables.
fn compare(options: &Options) -> io::Result<()> {
    if options.list {
        for scenario in e2e::scenario::SCENARIOS {
            say(&format!("{:<14} {}", scenario.name, scenario.about));
        }
        return Ok(());
    }
    let pinning = e2e::pinning::Pinning::of_this_machine();
    let deadline = Duration::from_secs(options.deadline_secs);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let work = async {
            if let Some(seconds) = options.soak {
                e2e::soak::run(options, &pinning, Duration::from_secs(seconds)).await
            } else if options.instructions {
                e2e::callgrind::count(options, &pinning).await
            } else {
                e2e::rounds::compare(options, &pinning).await
            }
        };
        // Dropping the work drops every child handle, and each of those ends its process.
        tokio::time::timeout(deadline, work)
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the deadline (--deadline-secs) has passed")))
    })
}

/// One line of the report.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
