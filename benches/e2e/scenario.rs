//! The scenarios, as a table. It never runs one: see `rounds`.

use super::options::Options;
use super::payload::Alias;
use super::targets::Setup;

/// One row of the comparison: a load, the alias it asks for, and how the router is set up.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) load: Load,
    pub(crate) alias: Alias,
    pub(crate) setup: Setup,
    /// Part of `--quick`.
    quick: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// Every connection sends its next request when the last one is answered.
    Closed { connections: usize, body: usize },
    /// Requests leave at a fixed rate, whether or not earlier ones are answered.
    Rate { per_second: u32, body: usize },
    /// Streams of `events`, one every `gap_ms` (0: as fast as they can be written).
    Streams { connections: usize, events: u32, gap_ms: u32 },
    /// Resident memory: idle, under loads, and afterwards, of fresh processes.
    Memory,
}

impl Load {
    /// The size of the request body.
    pub(crate) fn body(self) -> usize {
        match self {
            Self::Closed { body, .. } | Self::Rate { body, .. } => body,
            Self::Streams { .. } | Self::Memory => KIB,
        }
    }
}

/// The scenarios that the command line asks for, in the table's order.
pub(crate) fn chosen(options: &Options) -> Vec<&'static Scenario> {
    let quick_only = options.quick && options.only.is_empty();
    SCENARIOS
        .iter()
        .filter(|scenario| options.wants_scenario(scenario.name))
        .filter(|scenario| scenario.quick || !quick_only)
        .collect()
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

const fn closed(name: &'static str, connections: usize, body: usize) -> Scenario {
    Scenario {
        name,
        about: "closed loop; key, limits, model replaced",
        load: Load::Closed { connections, body },
        alias: Alias::Keyed,
        setup: Setup::Standard,
        quick: false,
    }
}

const fn streams(name: &'static str, connections: usize, events: u32, gap_ms: u32) -> Scenario {
    Scenario {
        name,
        about: "server-sent events; key, limits, model replaced",
        load: Load::Streams { connections, events, gap_ms },
        alias: Alias::Keyed,
        setup: Setup::Standard,
        quick: false,
    }
}

/// Every scenario there is.
pub(crate) const SCENARIOS: &[Scenario] = &[
    closed("1kb-c1", 1, KIB),
    closed("1kb-c8", 8, KIB),
    Scenario { quick: true, ..closed("1kb-c64", 64, KIB) },
    closed("1kb-c512", 512, KIB),
    closed("64kb-c8", 8, 64 * KIB),
    Scenario { quick: true, ..closed("1mb-c4", 4, MIB) },
    closed("8mb-c4", 4, 8 * MIB),
    Scenario {
        about: "no key, no limits, nothing replaced",
        alias: Alias::Open,
        ..closed("1kb-open", 64, KIB)
    },
    Scenario {
        about: "no key, no limits, nothing replaced",
        alias: Alias::Open,
        ..closed("1mb-open", 4, MIB)
    },
    Scenario { about: "two weighted providers", alias: Alias::Pair, ..closed("1kb-pair", 64, KIB) },
    Scenario {
        about: "10 000 aliases and 100 000 keys",
        setup: Setup::Many,
        ..closed("1kb-many", 64, KIB)
    },
    Scenario { about: "metrics off", setup: Setup::Quiet, ..closed("1kb-quiet", 64, KIB) },
    Scenario {
        about: "the first provider answers 503, the second serves",
        alias: Alias::Failing,
        ..closed("1kb-failover", 64, KIB)
    },
    Scenario {
        about: "the targets file is replaced twice a second",
        setup: Setup::Reloading,
        ..closed("1kb-reload", 64, KIB)
    },
    Scenario {
        name: "1kb-rate500",
        about: "500 requests a second, open loop",
        load: Load::Rate { per_second: 500, body: KIB },
        alias: Alias::Keyed,
        setup: Setup::Standard,
        quick: true,
    },
    Scenario { quick: true, ..streams("sse-paced", 50, 50, 20) },
    Scenario { quick: true, ..streams("sse-burst", 8, 200, 0) },
    streams("sse-1000", 1000, 20, 200),
    Scenario {
        name: "memory",
        about: "resident MiB: idle, loaded, afterwards",
        load: Load::Memory,
        alias: Alias::Keyed,
        setup: Setup::Lean,
        quick: false,
    },
];
