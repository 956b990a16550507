//! What a running router can be measured by: its metrics, its memory, its threads, its files, its CPU time.
//!
//! Never: a figure is taken from inside the process; `/metrics` and `/proc` say it.

use std::{collections::HashSet, fs};

use super::Router;
use crate::support::client::Call;

impl Router {
    /// The text of `/metrics`.
    pub(crate) async fn metrics(&self) -> String {
        let response = Call::get("/metrics").send(self.metrics_addr()).await;
        assert_eq!(response.status, 200, "metrics are served");
        response.text()
    }

    /// The value of one series; `labels` may be a part of its labels. Several that fit are added.
    pub(crate) async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.metrics().await.series(name, labels)
    }

    /// Resident memory without the pages of files, which the router gives back and gets again.
    pub(crate) fn heap_kib(&self) -> u64 {
        self.status_field("RssAnon:")
    }

    pub(crate) fn threads(&self) -> u64 {
        self.status_field("Threads:")
    }

    /// Open file descriptors.
    pub(crate) fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Connections that the process has accepted on a port. Those that wait in the kernel's queue
    /// have no descriptor yet.
    pub(crate) fn accepted_on(&self, port: u16) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap();
        // A descriptor may be closed between the listing and the look at it.
        let sockets: HashSet<String> = files
            .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
            .filter_map(|link| {
                Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
            })
            .collect();
        let here = format!(":{port:04X}");
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.filter(|row| row.get(1).is_some_and(|local| local.ends_with(&here)))
            .filter(|row| row.get(3).is_some_and(|state| *state != LISTENING))
            .filter(|row| row.get(9).is_some_and(|inode| sockets.contains(*inode)))
            .count()
    }

    /// User and system time so far, in clock ticks (of 10 ms).
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let after_name = stat.rsplit_once(") ").unwrap().1;
        let fields: Vec<&str> = after_name.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// The local addresses, as `/proc/net/tcp` writes them, on which this port is listened to.
    pub(crate) fn listening_on(port: u16) -> Vec<String> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let text: String =
            tables.iter().filter_map(|table| fs::read_to_string(table).ok()).collect();
        text.lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|fields| fields.get(3) == Some(&LISTENING))
            .filter_map(|fields| {
                fields[1].split_once(':').map(|(a, p)| (a.to_owned(), p.to_owned()))
            })
            .filter(|(_, hex)| u16::from_str_radix(hex, 16).is_ok_and(|it| it == port))
            .map(|(address, _)| address)
            .collect()
    }

    fn status_field(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Reading the Prometheus text format.
pub(crate) trait SeriesExt {
    fn series(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64>;
}

impl SeriesExt for String {
    fn series(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
        let values: Vec<f64> = self
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(series, _)| {
                let (own, rest) = series.split_once('{').unwrap_or((series, ""));
                own == name && wanted.iter().all(|label| rest.contains(label))
            })
            .filter_map(|(_, value)| value.parse().ok())
            .collect();
        if values.is_empty() { None } else { Some(values.iter().sum()) }
    }
}

/// How many series there are in all.
pub(crate) fn series_count(metrics: &str) -> usize {
    metrics.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).count()
}

/// The state of a listener in `/proc/net/tcp`.
const LISTENING: &str = "0A";
