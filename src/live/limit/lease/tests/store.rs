//! What `store/shared/share.lua` does, in memory.

use std::collections::HashMap;

use super::super::{Answer, Ask, LASTS};

/// The limits of some replicas.
#[derive(Default)]
pub(super) struct Store {
    limits: HashMap<String, Limit>,
    pub(super) calls: u64,
}

#[derive(Default)]
struct Limit {
    used: f64,
    at: u64,
    refused: Option<(u64, usize)>,
    lost: Option<u64>,
    replicas: HashMap<(usize, u64), Told>,
    inflows: HashMap<(usize, u64), Part>,
}

struct Told {
    spent: u64,
    held: u64,
    seq: u64,
    seen: u64,
}

#[derive(Clone, Copy)]
struct Part {
    per_second: f64,
    until: u64,
    wish: f64,
}

impl Limit {
    /// What has flowed off, but for what flowed to one replica alone.
    fn flows(&mut self, rate: f64, now: u64) {
        let begin = self.at.min(now + lasts());
        let apart = self
            .inflows
            .values()
            .map(|part| part.per_second * (part.until.min(now).saturating_sub(begin)) as f64 / 1e6);
        let off = now.saturating_sub(begin) as f64 / 1e6 * rate - apart.sum::<f64>();
        self.used = (self.used - off.max(0.0)).max(0.0);
        self.inflows.retain(|_, part| part.until > now);
        self.at = now.max(begin);
    }

    fn part(&self, me: (usize, u64), ask: &Ask, answer: &Answer, has_lost: bool) -> f64 {
        let others = || self.inflows.iter().filter(|(id, _)| **id != me).map(|(_, part)| part);
        let (parts, wishes) = (
            others().map(|part| part.per_second).sum::<f64>(),
            others().map(|part| part.wish).sum::<f64>(),
        );
        let each = answer.replicas as f64 / (others().count() + 1) as f64;
        let all = (wishes + ask.inflow) * each.max(1.0);
        let mut fair = ask.inflow.min(ask.per_second * ask.inflow / all);
        if has_lost {
            fair = ask.inflow_had;
        } else if ask.inflow_had == 0.0 && self.lost.is_some_and(|at| answer.now_us - at < lasts())
        {
            fair = 0.0;
        }
        let room =
            (ask.out + answer.granted) as f64 / (0.4 * ask.limit as f64 / ask.per_second).min(0.9);
        let part = fair.min(ask.per_second - parts).min(room).max(0.0);
        (part * 1e6).floor() / 1e6
    }
}

impl Store {
    pub(super) fn share(&mut self, replica: usize, ask: &Ask, now: u64) -> Answer {
        self.calls += 1;
        let is_new = !self.limits.contains_key(&ask.key);
        let limit = self.limits.entry(ask.key.clone()).or_default();
        let me = (replica, ask.slice);
        let before = limit.replicas.get(&me).map(|told| (told.spent, told.seq));
        let (spent, last) = before.unwrap_or((ask.told, 0));
        if ask.seq <= last {
            return Answer { replicas: 1, now_us: now, ..Answer::default() };
        }
        if is_new {
            limit.at = now;
        }
        limit.flows(ask.per_second, now);
        let has_lost = before.is_none() && ask.seq > 1;
        if before.is_none() {
            let rate = if ask.inflow_had > 0.0 { 0.0 } else { ask.per_second };
            let off = now.saturating_sub(ask.known_at) as f64 / 1e6 * rate;
            limit.used = limit.used.max(ask.known as f64 - off);
            if has_lost && ask.per_second > 0.0 {
                limit.lost = Some(now);
                if ask.inflow_had > 0.0 || limit.used > ask.limit as f64 / 2.0 {
                    limit.at = now + lasts();
                }
            }
        }
        limit.used += (ask.spent - spent) as f64;
        let lives = |told: &&Told| now - told.seen < 5_000_000;
        let others: Vec<&Told> =
            limit.replicas.iter().filter(|(id, _)| **id != me).map(|(_, it)| it).collect();
        let others: Vec<&&Told> = others.iter().filter(|it| lives(it)).collect();
        let (held, replicas) =
            (others.iter().map(|it| it.held).sum::<u64>(), others.len() as u64 + 1);
        let left = (ask.limit as f64 - limit.used - held as f64 - ask.out as f64).floor();
        let left_whole = left.max(0.0) as u64;
        let mut answer = Answer { replicas, now_us: now, ..Answer::default() };
        if ask.need > 0 {
            if left_whole >= ask.least {
                answer.granted = ask.need.min(left_whole);
            } else if left_whole > 0 && held == 0 && ask.out == 0 {
                (answer.granted, answer.is_alone) = (left_whole, true);
            } else {
                if ask.per_second > 0.0 {
                    let wait = (ask.least as f64 - left) / ask.per_second * 1e6;
                    answer.wait_us = Some(wait.ceil() as u64);
                }
                limit.refused = Some((now, replica));
            }
        }
        let more = left_whole - answer.granted.min(left_whole);
        let flows = (ask.per_second / 2.0).floor() as u64;
        answer.granted += ask.extra.min((more / (2 * replicas)).max(more.min(flows)));
        let out = ask.out + answer.granted;
        limit.inflows.remove(&me);
        if ask.per_second > 0.0 && ask.inflow > 0.0 {
            answer.inflow = limit.part(me, ask, &answer, has_lost);
            let part = Part { per_second: answer.inflow, until: now + lasts(), wish: ask.inflow };
            limit.inflows.insert(me, part);
        }
        answer.is_wanted =
            limit.refused.is_some_and(|(at, who)| who != replica && now - at < 1_000_000);
        answer.used = limit.used.ceil() as u64;
        answer.held = held + out;
        let told = Told { spent: ask.spent, held: out, seq: ask.seq, seen: now };
        limit.replicas.insert(me, told);
        answer
    }

    /// All that it has is lost.
    pub(super) fn forgets(&mut self) {
        self.limits.clear();
    }
}

fn lasts() -> u64 {
    LASTS.as_micros() as u64
}
