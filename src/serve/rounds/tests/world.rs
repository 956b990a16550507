//! Small worlds of aliases and providers, what happens in them, and what their policy forbids: told by the world
//! alone, and by no table.

use proptest::prelude::*;
use serde_json::{Value, json};

/// What a provider does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Does {
    Answers,
    Fails(u16),
    FailsOften,
    /// It is silent for longer than it may be.
    Hangs,
    /// It answers, after a while.
    Slow,
}

#[derive(Debug, Clone)]
pub(super) struct Server {
    region: Option<&'static str>,
    is_blind: bool,
    does: Does,
    tier: u32,
    weight: u32,
    has_window: bool,
    /// It takes one request at a time; the others wait, or are passed over.
    takes_one: Option<bool>,
    /// What an operator has done to it before the first request: rested it, drained it.
    pub(super) held: Option<u8>,
}

#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) servers: Vec<Server>,
    requires: Option<&'static str>,
    strategy: &'static str,
    falls_back: bool,
    /// Later aliases, by their distance.
    to: Vec<usize>,
    /// Another alias that a rule leads everyone to, by its distance.
    leads: Option<usize>,
    attempts: Option<u32>,
    again: bool,
    stays: bool,
    hedges: bool,
    rests: bool,
    takes_one: Option<bool>,
}

/// A request, or a hand of the operator.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) alias: usize,
    pub(super) key: Option<&'static str>,
    pub(super) narrows: Option<&'static str>,
    pub(super) sees: bool,
    pub(super) is_long: bool,
    /// The answer is held for so long.
    pub(super) holds_ms: u64,
    /// What an operator does before it to a provider: rest it, drain it, wake it.
    pub(super) operator: Option<(usize, usize, u8)>,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) aliases: Vec<Alias>,
    /// Requests that come together, and how long after those before.
    pub(super) acts: Vec<(u64, Vec<Act>)>,
}

fn region() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![2 => Just(None), 1 => Just(Some("eu")), 1 => Just(Some("us"))]
}

fn seldom() -> impl Strategy<Value = bool> {
    proptest::bool::weighted(0.25)
}

fn full() -> impl Strategy<Value = Option<bool>> {
    prop_oneof![4 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))]
}

fn server() -> impl Strategy<Value = Server> {
    let region = prop_oneof![1 => Just(None), 2 => Just(Some("eu")), 2 => Just(Some("us"))];
    let does = prop_oneof![
        2 => Just(Does::Answers),
        3 => prop::sample::select(vec![429, 500, 503, 401, 404]).prop_map(Does::Fails),
        1 => Just(Does::FailsOften),
        1 => Just(Does::Hangs),
        1 => Just(Does::Slow),
    ];
    let held = prop_oneof![3 => Just(None), 2 => Just(Some(0)), 1 => Just(Some(1))];
    (region, seldom(), does, 1..3_u32, 0..3_u32, seldom(), full(), held).prop_map(
        |(region, is_blind, does, tier, weight, has_window, takes_one, held)| Server {
            region,
            is_blind,
            does,
            tier,
            weight,
            has_window,
            takes_one,
            held,
        },
    )
}

fn alias() -> impl Strategy<Value = Alias> {
    let strategies = prop::sample::select(vec![
        "weighted_random",
        "priority",
        "round_robin",
        "least_busy",
        "lowest_latency",
        "sticky",
    ]);
    let ways = (
        prop::collection::vec(1..4_usize, 0..3),
        prop::option::weighted(0.4, 1..4_usize),
        prop::option::of(1..6_u32),
        full(),
    );
    let flags = (proptest::bool::weighted(0.8), seldom(), seldom(), seldom(), any::<bool>());
    let servers = prop::collection::vec(server(), 0..4);
    (servers, region(), strategies, ways, flags).prop_map(
        |(servers, requires, strategy, (to, leads, attempts, takes_one), flags)| {
            let (falls_back, again, stays, hedges, rests) = flags;
            Alias {
                servers,
                requires,
                strategy,
                falls_back,
                to,
                leads,
                attempts,
                again,
                stays,
                hedges,
                rests,
                takes_one,
            }
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let key = prop::sample::select(vec![None, Some("sk-eu"), Some("sk-us-team"), Some("sk-any")]);
    let operator = prop::option::weighted(0.2, (0..4_usize, 0..4_usize, 0..3_u8));
    let request = (0..4_usize, key, region(), seldom(), seldom());
    (request, prop::sample::select(vec![0, 0, 50, 5_000]), operator).prop_map(
        |((alias, key, narrows, sees, is_long), holds_ms, operator)| Act {
            alias,
            key,
            narrows: narrows.filter(|_| !is_long),
            sees,
            is_long,
            holds_ms,
            operator,
        },
    )
}

fn acts() -> impl Strategy<Value = Vec<(u64, Vec<Act>)>> {
    let after = prop::sample::select(vec![0, 10, 1_000, 61_000]);
    prop::collection::vec((after, prop::collection::vec(act(), 1..4)), 1..5)
}

/// Any world, or one in which all that there is lies behind a rule of an alias that takes over.
pub(super) fn world() -> impl Strategy<Value = World> {
    let any = (prop::collection::vec(alias(), 1..5), acts())
        .prop_map(|(aliases, acts)| World { aliases, acts });
    prop_oneof![2 => any, 1 => behind_a_rule()]
}

fn behind_a_rule() -> impl Strategy<Value = World> {
    let servers = prop::collection::vec(server(), 2..5);
    (servers, prop::sample::select(vec!["eu", "us"]), alias(), acts()).prop_map(
        |(servers, region, like, acts)| {
            let empty = Alias {
                servers: Vec::new(),
                requires: None,
                falls_back: true,
                to: Vec::new(),
                leads: None,
                takes_one: None,
                ..like
            };
            let first = Alias { to: vec![1, 2], ..empty.clone() };
            let leads = Alias { requires: Some(region), leads: Some(2), ..empty.clone() };
            let last = Alias { servers, ..empty.clone() };
            World { aliases: vec![first, leads, empty, last], acts }
        },
    )
}

impl Server {
    fn written(&self, at: usize) -> Value {
        let url = match self.does {
            Does::Answers => "mock:".to_owned(),
            Does::Fails(status) => format!("mock:?status={status}"),
            Does::FailsOften => "mock:?status=500&rate=0.5".to_owned(),
            Does::Hangs => "mock:?delay_ms=900".to_owned(),
            Does::Slow => "mock:?delay_ms=80".to_owned(),
        };
        let mut written = json!({"name": format!("p{at}"), "url": url, "onwards_key": format!("k{at}"),
            "priority": self.tier, "weight": self.weight, "timeouts": {"response_ms": 300}});
        if let Some(region) = self.region {
            written["labels"] = json!({"region": region});
        }
        if self.is_blind {
            written["capabilities"] = json!({"vision": false});
        }
        if self.has_window {
            written["context_window"] = json!(1_000);
        }
        if let Some(waits) = self.takes_one {
            written["concurrency_limit"] = json!({"max_concurrent_requests": 1});
            if waits {
                written["queue"] = json!({"max_waiting": 2, "max_wait_ms": 700});
            }
        }
        written
    }
}

impl Alias {
    fn written(&self, at: usize, count: usize) -> Value {
        let mut fallback = json!({"enabled": self.falls_back, "on_rate_limit": self.again,
            "with_replacement": self.again, "on_status": [4, 5]});
        let mut to: Vec<usize> =
            self.to.iter().map(|step| at + step).filter(|to| *to < count).collect();
        to.sort_unstable();
        to.dedup();
        fallback["to"] = to.iter().map(|to| format!("a{to}")).collect();
        if let Some(attempts) = self.attempts {
            fallback["max_attempts"] = attempts.into();
        }
        if self.stays {
            fallback["stay"] = json!({"times": 2});
            fallback["backoff"] = json!({"initial_ms": 20});
        }
        let servers = self.servers.iter().enumerate();
        let servers: Vec<Value> = servers.map(|(at, server)| server.written(at)).collect();
        let mut written =
            json!({"strategy": self.strategy, "fallback": fallback, "providers": servers});
        if let Some(region) = self.requires {
            written["require"] = json!({"region": region});
        }
        if let Some(to) = self.led(at, count) {
            written["routing_rules"] = json!([{"match_labels": {},
                "action": {"type": "redirect", "target": format!("a{to}")}}]);
        }
        if self.rests {
            written["cooldown"] = json!({"failures": 1, "duration_secs": 30});
        }
        if self.hedges {
            written["hedge"] = json!({"after_ms": 30, "max_extra": 1.0});
        }
        if let Some(waits) = self.takes_one {
            written["concurrency_limit"] = json!({"max_concurrent_requests": 1});
            if waits {
                written["queue"] = json!({"max_waiting": 2, "max_wait_ms": 700});
            }
        }
        written
    }

    /// Where its rule leads to.
    fn led(&self, at: usize, count: usize) -> Option<usize> {
        self.leads.map(|step| (at + step) % count).filter(|to| *to != at)
    }
}

impl World {
    pub(super) fn written(&self) -> Value {
        let count = self.aliases.len();
        let targets = self.aliases.iter().enumerate();
        let targets: serde_json::Map<String, Value> =
            targets.map(|(at, alias)| (format!("a{at}"), alias.written(at, count))).collect();
        json!({"targets": targets, "auth": {
            "teams": {"us": {"require": {"region": "us"}}},
            "key_definitions": {"eu": {"key": "sk-eu", "require": {"region": "eu"}},
                "us": {"key": "sk-us-team", "team": "us"}, "any": {"key": "sk-any"}}}})
    }

    /// Where a request to an alias goes at first, and where it may be led on to: each with the alias that leads.
    fn ways(&self, asked: usize) -> (usize, Vec<(usize, usize)>) {
        let count = self.aliases.len();
        let led = |at: usize| self.aliases[at].led(at, count).unwrap_or(at);
        let first = led(asked);
        let (mut ways, mut open) = (Vec::new(), vec![first]);
        while let Some(at) = open.pop() {
            for next in self.aliases[at].to.iter().map(|step| at + step).filter(|to| *to < count) {
                if !ways.contains(&(next, led(next))) {
                    ways.push((next, led(next)));
                    open.push(next);
                }
            }
        }
        (first, ways)
    }

    /// Why a request must not reach a provider; told by the world alone, and by no table.
    pub(super) fn forbids(
        &self,
        act: &Act,
        asked: usize,
        alias: usize,
        server: usize,
    ) -> Option<String> {
        let server = &self.aliases[alias].servers[server];
        let (first, ways) = self.ways(asked);
        let of_key = act.key.and_then(|key| match key {
            "sk-eu" => Some("eu"),
            "sk-us-team" => Some("us"),
            _ => None,
        });
        let of = |alias: usize| self.aliases[alias].requires;
        let required = [of_key, act.narrows, of(asked), of(first), of(alias)];
        let is_met = |region: &&'static str| server.region == Some(*region);
        if let Some(missed) = required.iter().flatten().find(|region| !is_met(region)) {
            return Some(format!("{missed} is required"));
        }
        if act.sees && server.is_blind {
            return Some("it lacks vision".to_owned());
        }
        let mut leaders = ways.iter().filter(|(_, to)| *to == alias).map(|(leader, _)| *leader);
        let is_led = |leader: usize| of(leader).is_none_or(|region| is_met(&region));
        let is_reached = alias == first || leaders.any(is_led);
        (!is_reached).then(|| "no alias leads there that lets it be asked".to_owned())
    }
}
