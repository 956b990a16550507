//! Instructions and heap calls per request: the difference between a run of N and a run of 2 N
//! requests under valgrind, divided by N, so that start and end cancel out.
//! It never reports a time: under valgrind there is none worth having.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::contender::{self, Contender, FLOOR, FLOOR_HYPER, Stage};
use super::drive::Connection;
use super::options::Options;
use super::payload::{self, Alias};
use super::pinning::Pinning;
use super::preflight;
use super::targets::Setup;
use crate::say;

/// One kind of request and how often it is sent.
struct Case {
    name: &'static str,
    alias: Alias,
    body: usize,
    query: &'static str,
    times: u64,
}

/// What one process did in its life.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    instructions: u64,
    /// Calls of malloc, calloc, realloc and their kin.
    allocations: u64,
    frees: u64,
}

/// Counts every chosen case for every contender and prints one table.
pub(crate) async fn count(options: &Options, pinning: &Pinning) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let upstream = contender::start_upstream(pinning).await?;
    let mut text = format!(
        "Per request, one kept-alive connection, user space; (× {FLOOR} / × {FLOOR_HYPER})\n\n\
         | case | contender | instructions | heap calls | frees |\n|---|---|---|---|---|\n"
    );
    let everyone = contender::line_up(options);
    for case in CASES.iter().filter(|case| options.wants_scenario(case.name)) {
        let mut counted = Vec::new();
        for contender in everyone.iter().filter(|one| one.is_router() || one.is_floor()) {
            match difference(case, contender, pinning, folder.path(), upstream.address).await {
                Ok(figures) => counted.push((contender.name.as_str(), figures)),
                Err(fault) => {
                    say(&format!("{} left out of {}: {fault}", contender.name, case.name));
                }
            }
        }
        for (name, figures) in &counted {
            let base = |floor: &str| counted.iter().find(|(name, _)| *name == floor);
            let ratio = |of: fn(&Counted) -> u64, floor: &str| match base(floor) {
                Some((_, base)) if of(base) > 0 => {
                    format!("{:.2}", of(figures) as f64 / of(base) as f64)
                }
                _ => "–".to_owned(),
            };
            let cell = |of: fn(&Counted) -> u64| {
                format!("{} ({} / {})", of(figures), ratio(of, FLOOR), ratio(of, FLOOR_HYPER))
            };
            let _ = writeln!(
                text,
                "| {} | {name} | {} | {} | {} |",
                case.name,
                cell(|counted| counted.instructions),
                cell(|counted| counted.allocations),
                cell(|counted| counted.frees)
            );
        }
    }
    say(&text);
    Ok(())
}

async fn difference(
    case: &Case,
    contender: &Contender,
    pinning: &Pinning,
    folder: &Path,
    upstream: std::net::SocketAddr,
) -> io::Result<Counted> {
    let mut runs = [Counted::default(); 2];
    for (run, times) in runs.iter_mut().zip([case.times, 2 * case.times]) {
        let output = folder.join("callgrind.out");
        let stage = Stage {
            pinning,
            upstream,
            folder,
            wrapper: valgrind(&output),
            patience: Duration::from_secs(60),
        };
        let process = contender.start(Setup::Standard, &stage).await?;
        preflight::check(process.address, case.alias, case.body, contender.is_router()).await?;
        let request = payload::request(case.alias, case.body, case.query);
        let mut connection = Connection::open(process.address).await?;
        for _ in 0..times {
            let status = connection.exchange(&request).await?;
            if status != 200 {
                return Err(io::Error::other(format!("status {status}")));
            }
        }
        drop(connection);
        process.finish(Duration::from_secs(60)).await?;
        *run = read(&fs::read_to_string(&output)?);
        fs::remove_file(&output)?;
    }
    let per_request = |of: fn(&Counted) -> u64| {
        of(&runs[1]).saturating_sub(of(&runs[0])).saturating_add(case.times / 2) / case.times
    };
    Ok(Counted {
        instructions: per_request(|counted| counted.instructions),
        allocations: per_request(|counted| counted.allocations),
        frees: per_request(|counted| counted.frees),
    })
}

fn valgrind(output: &Path) -> Vec<String> {
    vec![
        "valgrind".to_owned(),
        "-q".to_owned(),
        "--tool=callgrind".to_owned(),
        // Plain names on every line: no table of abbreviations to follow.
        "--compress-strings=no".to_owned(),
        format!("--callgrind-out-file={}", output.display()),
    ]
}

/// Sums up a callgrind profile: the `totals:` line, and the `calls=` lines whose callee allocates.
fn read(profile: &str) -> Counted {
    let mut counted = Counted::default();
    let mut callee = "";
    for line in profile.lines() {
        if let Some(name) = line.strip_prefix("cfn=") {
            callee = name;
        } else if let Some(rest) = line.strip_prefix("calls=") {
            let calls = rest.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            if ALLOCATING.contains(&callee) {
                counted.allocations += calls;
            } else if callee == "free" {
                counted.frees += calls;
            }
        } else if let Some(total) = line.strip_prefix("totals:") {
            counted.instructions = total.trim().parse().unwrap_or(0);
        }
    }
    counted
}

const ALLOCATING: [&str; 6] =
    ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

const CASES: [Case; 7] = [
    Case { name: "1kb", alias: Alias::Keyed, body: 1 << 10, query: "v=1", times: 500 },
    Case { name: "1kb-open", alias: Alias::Open, body: 1 << 10, query: "v=1", times: 500 },
    Case { name: "1mb", alias: Alias::Keyed, body: 1 << 20, query: "v=1", times: 50 },
    Case { name: "1mb-open", alias: Alias::Open, body: 1 << 20, query: "v=1", times: 50 },
    Case { name: "failover", alias: Alias::Failing, body: 1 << 10, query: "v=1", times: 500 },
    Case {
        name: "stream200",
        alias: Alias::Keyed,
        body: 1 << 10,
        query: "events=200&gap_ms=1",
        times: 20,
    },
    // How many events a read finds is the moment's: compare with the floors of the same run.
    Case {
        name: "stream200-burst",
        alias: Alias::Keyed,
        body: 1 << 10,
        query: "events=200&gap_ms=0",
        times: 20,
    },
];
