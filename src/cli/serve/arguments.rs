//! The flags of `onwards serve`. Each has an environment variable.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use super::memory;
use crate::{
    cli::{
        log,
        places::{Further, Listen, listens},
        values,
    },
    live::BodyBudget,
    report::access_log::Format,
    serve::{BodyLimits, connection::Timeouts},
};

#[derive(Debug, clap::Args)]
#[group(id = "serve")]
pub(in crate::cli) struct Arguments {
    /// The configuration file (`targets.json`).
    #[arg(short = 'f', long, env = "ONWARDS_TARGETS", value_name = "FILE")]
    targets: Option<PathBuf>,
    /// The port for clients [default: 3000].
    #[arg(short, long, env = "ONWARDS_PORT", value_parser = values::port)]
    port: Option<u16>,
    /// The address for clients [default: 127.0.0.1].
    #[arg(long, env = "ONWARDS_HOST", value_parser = values::host)]
    host: Option<IpAddr>,
    /// Another listening address, as ADDRESS:PORT or unix:PATH; may be repeated. It replaces the
    /// default address when --port and --host are absent.
    #[arg(long, env = "ONWARDS_LISTEN", value_name = "ADDRESS:PORT|unix:PATH",
          value_parser = values::listens)]
    listen: Vec<Further>,
    /// A prefix of every client path, such as `/llm`.
    #[arg(long, env = "ONWARDS_BASE_PATH", value_name = "PATH", value_parser = values::base_path)]
    base_path: Option<String>,
    /// Whether another process may listen on the same ports, for a hand-over.
    #[arg(long, env = "ONWARDS_REUSE_PORT", default_value_t = false, action = clap::ArgAction::Set,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) reuse_port: bool,
    /// Whether the operations port is open.
    #[arg(long, env = "ONWARDS_METRICS", default_value_t = true, action = clap::ArgAction::Set,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) metrics: bool,
    /// The operations port: `/metrics`, `/status`, `/admin` and the status page.
    #[arg(long, env = "ONWARDS_METRICS_PORT", default_value = "9090", value_parser = values::port)]
    pub(crate) metrics_port: u16,
    /// The address of the operations port.
    #[arg(long, env = "ONWARDS_METRICS_HOST", default_value = "127.0.0.1",
          value_parser = values::host)]
    pub(crate) metrics_host: IpAddr,
    /// The file that holds the admin key, which enables `/admin` on the operations port [default:
    /// the variable ONWARDS_ADMIN_KEY; without a key there is no `/admin`].
    #[arg(long, env = "ONWARDS_ADMIN_KEY_FILE", value_name = "FILE")]
    pub(crate) admin_key_file: Option<PathBuf>,
    /// The prefix of every metric name.
    #[arg(long, env = "ONWARDS_METRICS_PREFIX", default_value = "onwards")]
    pub(crate) metrics_prefix: String,
    /// Whether a change of the file reloads it; SIGHUP always does.
    #[arg(long, env = "ONWARDS_WATCH", default_value_t = true, action = clap::ArgAction::Set,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) watch: bool,
    /// The size limit of one request body.
    #[arg(long, env = "ONWARDS_MAX_BODY", default_value = "32MiB", value_parser = values::bytes)]
    max_body: u64,
    /// The limit on the memory of all request bodies in flight [default: half of the memory].
    #[arg(long, env = "ONWARDS_MAX_BODIES", value_parser = values::bytes)]
    max_bodies: Option<u64>,
    /// How long requests in flight may take to finish after SIGTERM.
    #[arg(long, alias = "shutdown-timeout-secs", env = "ONWARDS_DRAIN", default_value = "30s", value_parser = values::duration)]
    pub(crate) drain: Duration,
    /// How long new connections are accepted after SIGTERM, while `/readyz` already fails.
    #[arg(long, alias = "shutdown-delay-secs", env = "ONWARDS_DRAIN_DELAY", default_value = "200ms", value_parser = values::duration)]
    pub(crate) drain_delay: Duration,
    /// The format of log lines.
    #[arg(long, env = "ONWARDS_LOG_FORMAT", value_enum, default_value_t = log::Format::Text)]
    pub(crate) log_format: log::Format,
    /// Where the access log is written: `stdout`, a file, or `off`.
    #[arg(
        long,
        env = "ONWARDS_ACCESS_LOG",
        value_name = "stdout|FILE|off",
        default_value = "stdout"
    )]
    pub(crate) access_log: AccessLogTo,
    /// The format of access log lines [default: text on a terminal, otherwise JSON].
    #[arg(long, env = "ONWARDS_ACCESS_LOG_FORMAT", value_enum)]
    pub(crate) access_log_format: Option<Format>,
    /// The size at which the access log file is rotated to FILE.1 [default: never].
    #[arg(long, env = "ONWARDS_ACCESS_LOG_MAX_SIZE", value_name = "SIZE", value_parser = values::bytes)]
    pub(crate) access_log_max_size: Option<u64>,
    /// How many rotated files are kept.
    #[arg(long, env = "ONWARDS_ACCESS_LOG_KEEP", value_name = "COUNT", default_value_t = 5)]
    pub(crate) access_log_keep: u32,
    /// The number of threads that serve requests [default: one for each core].
    #[arg(long, env = "ONWARDS_CORES")]
    pub(crate) cores: Option<usize>,
    /// How long a client may take to send the head of a request, from its first byte.
    #[arg(long, env = "ONWARDS_HEADER_TIMEOUT", default_value = "30s", value_parser = values::duration)]
    header_timeout: Duration,
    /// The longest gap inside a request body, and the time limit for the whole body, which grows by
    /// one second for each 100 kB.
    #[arg(long, env = "ONWARDS_BODY_TIMEOUT", default_value = "30s", value_parser = values::duration)]
    body_timeout: Duration,
    /// How long a client may leave a response unread.
    #[arg(long, env = "ONWARDS_WRITE_TIMEOUT", default_value = "60s",
          value_parser = values::socket_timeout)]
    write_timeout: Duration,
    /// How long a client connection may be idle.
    #[arg(long, env = "ONWARDS_IDLE_TIMEOUT", default_value = "620s", value_parser = values::duration)]
    idle_timeout: Duration,
}

/// Where the access log is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum AccessLogTo {
    Stdout,
    File(PathBuf),
    Off,
}

impl Arguments {
    pub(super) fn targets(&self) -> Result<&Path, &'static str> {
        let missing =
            "name the file with `--targets FILE`; `targets.example.json` is one to begin with";
        self.targets.as_deref().ok_or(missing)
    }

    /// The limits on bodies. One value for all cores, so that they share the budget.
    pub(super) fn body_limits(&self) -> BodyLimits {
        let half = || memory::limit().map_or(u64::MAX, |limit| limit / 2);
        let most = self.max_bodies.unwrap_or_else(half);
        BodyLimits {
            max_bytes: self.max_body,
            stall: self.body_timeout,
            budget: BodyBudget::new(most),
            strangers: BodyBudget::new(most / 2),
        }
    }

    /// The timeouts for clients, also on the operations port.
    pub(super) fn timeouts(&self) -> Timeouts {
        Timeouts { header: self.header_timeout, write: self.write_timeout, idle: self.idle_timeout }
    }

    /// Every listening address, without duplicates.
    pub(super) fn listens(&self) -> Vec<Listen> {
        listens(self.host, self.port, &self.listen)
    }

    /// The path prefix, if there is one.
    pub(super) fn base_path(&self) -> Option<&str> {
        self.base_path.as_deref().filter(|path| !path.is_empty())
    }

    /// The address for a client on this machine. `bound` is the port in the place of port 0.
    pub(super) fn entrance(&self, tls: bool, bound: Option<u16>) -> Entrance {
        let listens = self.listens();
        let base = self.base_path().unwrap_or_default();
        let at = listens.iter().find_map(|listen| match listen {
            Listen::At(address) => Some(*address),
            Listen::Path(_) => None,
        });
        let Some(address) = at else {
            let path = listens.iter().find_map(|listen| match listen {
                Listen::Path(path) => Some(path.display().to_string()),
                Listen::At(_) => None,
            });
            let path = path.unwrap_or_default();
            let curl = format!("--unix-socket {path} http://localhost{base}");
            return Entrance { shown: format!("unix:{path}"), curl };
        };
        let host = match address.ip() {
            host if host.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(host) => format!("[{host}]"),
            IpAddr::V4(host) => host.to_string(),
        };
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://{host}:{}{base}", bound.unwrap_or(address.port()));
        Entrance { shown: url.clone(), curl: url }
    }
}

/// Where a client on this machine finds the port.
pub(super) struct Entrance {
    /// A URL, or the path of a socket if there is no port.
    pub(super) shown: String,
    /// What `curl` is given for it.
    pub(super) curl: String,
}

impl FromStr for AccessLogTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "stdout" | "-" => Self::Stdout,
            "off" | "" => Self::Off,
            "json" | "text" => {
                return Err(format!(
                    "this is how its lines look: `--access-log-format {text}`; for a file of that \
                     name write `./{text}`"
                ));
            }
            path => Self::File(path.into()),
        })
    }
}
