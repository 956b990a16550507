//! The states of a provider, and their words. `Health` decides them.

use std::fmt;

use tokio::time::Instant;

use super::reason::Reason;

/// Whether a provider may be asked now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// It may be asked; during slow start with this factor (0.1 to 1.0) on its weight.
    Ready {
        /// The factor.
        factor: f32,
    },
    /// It rests.
    Resting {
        /// When a trial may begin.
        until: Instant,
        /// Why it rests.
        reason: Reason,
    },
    /// Its rest is over, and one trial decides.
    HalfOpen {
        /// Whether another request has the trial.
        busy: bool,
    },
    /// Its probes fail.
    Unhealthy {
        /// How many have failed in a row.
        probes: u32,
    },
    /// An operator has drained it.
    Drained,
}

impl State {
    /// Every value of [`State::word`].
    pub(crate) const WORDS: [&'static str; 6] =
        ["ready", "starting", "resting", "trial", "unhealthy", "drained"];

    /// One word, for metrics.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Ready { factor } if *factor < 1.0 => "starting",
            Self::Ready { .. } => "ready",
            Self::Resting { .. } => "resting",
            Self::HalfOpen { .. } => "trial",
            Self::Unhealthy { .. } => "unhealthy",
            Self::Drained => "drained",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Ready { factor } if *factor < 1.0 => {
                write!(f, "starting slowly at {:.0} %", factor * 100.0)
            }
            State::Ready { .. } => f.write_str("ready"),
            State::Resting { reason, .. } => reason.fmt(f),
            State::HalfOpen { busy: true } => f.write_str("rested, on trial"),
            State::HalfOpen { busy: false } => f.write_str("rested, waiting for a trial"),
            State::Drained => f.write_str("drained by an operator"),
            State::Unhealthy { probes: 1 } => f.write_str("unhealthy after a failed probe"),
            State::Unhealthy { probes } => write!(f, "unhealthy after {probes} failed probes"),
        }
    }
}
