//! What a process has spent and holds, read from `/proc`.
//! It never asks the process itself, so that being measured costs it nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

/// The processor time of one process at one moment.
#[derive(Debug)]
pub(crate) struct Meter {
    process: u32,
    /// User and system time in clock ticks: coarse, and complete.
    ticks: u64,
    /// Nanoseconds on a core per thread: exact, but gone when a thread ends.
    threads: BTreeMap<String, u64>,
}

impl Meter {
    pub(crate) fn read(process: u32) -> io::Result<Self> {
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{process}/task"))? {
            let entry = entry?;
            // A thread may end between the listing and the look.
            let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else { continue };
            let spent = text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0);
            threads.insert(entry.file_name().to_string_lossy().into_owned(), spent);
        }
        Ok(Self { process, ticks: ticks(process)?, threads })
    }

    /// The time spent since `self` was read.
    pub(crate) fn spent(&self) -> io::Result<Duration> {
        let now = Self::read(self.process)?;
        let by_ticks = Duration::from_millis((now.ticks - self.ticks) * MILLIS_PER_TICK);
        if !self.threads.keys().all(|thread| now.threads.contains_key(thread)) {
            return Ok(by_ticks);
        }
        let before: u64 = self.threads.values().sum();
        let after: u64 = now.threads.values().sum();
        let exact = Duration::from_nanos(after.saturating_sub(before));
        // Kernels without per-thread statistics, and threads that came and went in between.
        let missed = by_ticks > exact + Duration::from_millis(3 * MILLIS_PER_TICK);
        Ok(if missed { by_ticks } else { exact })
    }
}

/// Resident memory in MiB.
pub(crate) fn resident_mib(process: u32) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .map(|kib| kib / 1024.0)
        .ok_or_else(|| io::Error::other("no VmRSS"))
}

fn ticks(process: u32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold spaces; the fields after it do not.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let field = |at: usize| fields.split(' ').nth(at).and_then(|text| text.parse::<u64>().ok());
    match (field(UTIME), field(STIME)) {
        (Some(user), Some(system)) => Ok(user + system),
        _ => Err(io::Error::other("no times in /proc/PID/stat")),
    }
}

/// `USER_HZ` is 100 on every Linux this runs on.
const MILLIS_PER_TICK: u64 = 10;
/// Fields 14 and 15, counted from the one after the name.
const UTIME: usize = 11;
const STIME: usize = 12;
