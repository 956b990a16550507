//! A stream of JSON events under rules. Each event waits until the texts in it are decided; matches
//! are removed from their events, and all other bytes stay.
//!
//! No event is passed on undecided, and none is created.

mod event;
mod held;
mod texts;

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::Bytes;

use self::event::{Event, Key};
pub(crate) use self::{
    held::Held,
    texts::{AllTexts, Texts},
};
use super::{
    Action, Guardrails, Rule,
    body::{look, look_at_plain},
    channel::{Channel, Cut},
    escapes::{Place, decode},
};

/// What the rules have found in a stream, for the record of its request.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The rules.
    pub(crate) rules: Guardrails,
    hit: Box<[AtomicBool]>,
}

/// A stream on its way. `H` is what an event has beside its data.
#[derive(Debug)]
pub(crate) struct Stream<H> {
    texts: &'static AllTexts,
    watch: Arc<Watch>,
    channels: Vec<(Key, Channel)>,
    queue: VecDeque<Queued<H>>,
    waiting: usize,
}

/// Why a stream does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// This rule has found something.
    Denied(usize),
    /// Some of it cannot be looked at.
    Unreadable,
}

#[derive(Debug)]
struct Queued<H> {
    head: H,
    data: Bytes,
    pieces: Vec<Piece>,
    edits: Vec<(Range<usize>, Vec<u8>)>,
}

/// A piece of a text, as an event carries it.
#[derive(Debug)]
struct Piece {
    channel: usize,
    /// Where it stands in the event.
    place: Range<usize>,
    /// Where it stands in its text.
    text: Range<usize>,
}

impl Watch {
    /// Nothing has been found yet.
    pub(crate) fn new(rules: Guardrails) -> Self {
        let hit = rules.iter().map(|_| AtomicBool::new(false)).collect();
        Self { rules, hit }
    }

    /// The rules that have found something.
    pub(crate) fn hits(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter().zip(&self.hit).filter(|(_, hit)| hit.load(Relaxed)).map(|(rule, _)| rule)
    }

    fn found(&self, rule: usize) {
        if let Some(hit) = self.hit.get(rule) {
            hit.store(true, Relaxed);
        }
    }

    /// The first of these rules that refuses.
    fn denies(&self, hits: &[usize]) -> Option<usize> {
        hits.iter().for_each(|rule| self.found(*rule));
        hits.iter().copied().find(|rule| self.rules[*rule].action == Action::Deny)
    }
}

impl<H> Stream<H> {
    /// At its beginning.
    pub(crate) fn new(texts: &'static AllTexts, watch: Arc<Watch>) -> Self {
        Self { texts, watch, channels: Vec::new(), queue: VecDeque::new(), waiting: 0 }
    }

    /// The next event. `name`: its type, where that is not told in its data.
    ///
    /// # Errors
    /// The stream does not go on.
    pub(crate) fn event(&mut self, head: H, name: Option<&str>, data: Bytes) -> Result<(), Stop> {
        let Some(event) = Event::read(&data, name, self.texts) else {
            return self.plain(head, data);
        };
        let passed: Vec<_> =
            event.texts.iter().map(|it| it.place.start as u64..it.place.end as u64).collect();
        let verdict = look(&data, &self.watch.rules, &passed);
        if let Some(rule) = self.watch.denies(&verdict.hits) {
            return Err(Stop::Denied(rule));
        }
        let unreadable = verdict.unreadable || event.is_sound;
        if unreadable && self.watch.rules.iter().any(|rule| rule.action != Action::Flag) {
            return Err(Stop::Unreadable);
        }
        let edits = verdict.edits.into_iter();
        let edits = edits.map(|(it, with)| (it.start as usize..it.end as usize, with)).collect();
        let mut pieces = Vec::with_capacity(event.texts.len());
        for text in &event.texts {
            let channel = self.channel(&text.key);
            let (_, on_its_way) = &mut self.channels[channel];
            let start = on_its_way.length();
            let raw = data.get(text.place.clone()).unwrap_or_default();
            let mut read = Vec::new();
            decode(raw, &mut read);
            on_its_way.push(&read);
            let place = text.place.clone();
            pieces.push(Piece { channel, place, text: start..start + read.len() });
        }
        let touched: Vec<usize> = pieces.iter().map(|piece| piece.channel).collect();
        let come = pieces.iter().map(|piece| piece.text.len()).sum();
        self.waiting += data.len();
        self.queue.push_back(Queued { head, data, pieces, edits });
        for channel in 0..self.channels.len() {
            let key = &self.channels[channel].0;
            let is_touched = touched.contains(&channel);
            // A text ends where another one of the same answer goes on, unless it is waited for.
            let is_left =
                !is_touched && touched.iter().any(|other| key.is_beside(&self.channels[*other].0));
            let is_over = event.ends.iter().any(|ids| key.is_of(ids));
            let is_left = is_left && !self.channels[channel].1.waits(come, &self.watch.rules);
            let ends = is_left || is_over;
            if is_touched || ends {
                self.decide(channel, ends)?;
            }
        }
        if self.waiting > MOST_WAITING { self.finish() } else { Ok(()) }
    }

    /// Nothing follows.
    ///
    /// # Errors
    /// A rule refuses what was waiting.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        (0..self.channels.len()).try_for_each(|channel| self.decide(channel, true))
    }

    /// The next event that may go on.
    pub(crate) fn next(&mut self) -> Option<(H, Bytes)> {
        let first = self.queue.front()?;
        let is_decided = |piece: &Piece| piece.text.end <= self.channels[piece.channel].1.decided();
        if !first.pieces.iter().all(is_decided) {
            return None;
        }
        let Queued { head, data, mut edits, .. } = self.queue.pop_front()?;
        self.waiting -= data.len();
        edits.sort_by_key(|(place, _)| place.start);
        Some((head, spliced(data, edits)))
    }

    /// An event that is not JSON says that the stream is over.
    fn plain(&mut self, head: H, data: Bytes) -> Result<(), Stop> {
        let verdict = look_at_plain(&data, &self.watch.rules);
        if let Some(rule) = self.watch.denies(&verdict.hits) {
            return Err(Stop::Denied(rule));
        }
        if !verdict.edits.is_empty() {
            return Err(Stop::Unreadable);
        }
        self.finish()?;
        self.waiting += data.len();
        self.queue.push_back(Queued { head, data, pieces: Vec::new(), edits: Vec::new() });
        Ok(())
    }

    fn channel(&mut self, key: &Key) -> usize {
        let known = self.channels.iter().position(|(it, _)| it == key);
        known.unwrap_or_else(|| {
            self.channels.push((key.clone(), Channel::default()));
            self.channels.len() - 1
        })
    }

    fn decide(&mut self, channel: usize, is_last: bool) -> Result<(), Stop> {
        let (mut cuts, mut hits) = (Vec::new(), Vec::new());
        let rules = &self.watch.rules;
        let decided =
            self.channels[channel].1.decide(is_last, rules, &mut |rule| hits.push(rule), &mut cuts);
        let denies = self.watch.denies(&hits);
        if decided.is_err() {
            return Err(denies.map_or(Stop::Unreadable, Stop::Denied));
        }
        for cut in &cuts {
            let mark = cut.rule.map(|rule| rules[rule].mark()).unwrap_or_default();
            let with = if cut.is_number { format!("\\\"{mark}\\\"") } else { mark };
            self.queue.iter_mut().for_each(|queued| queued.take_out(channel, cut, &with));
        }
        Ok(())
    }
}

/// Data with this in the place of which bytes, in their order.
fn spliced(data: Bytes, edits: Vec<(Range<usize>, Vec<u8>)>) -> Bytes {
    if edits.is_empty() {
        return data;
    }
    let (mut out, mut from) = (Vec::with_capacity(data.len()), 0);
    for (place, with) in edits {
        out.extend_from_slice(data.get(from..place.start).unwrap_or_default());
        out.extend_from_slice(&with);
        from = from.max(place.end);
    }
    out.extend_from_slice(data.get(from..).unwrap_or_default());
    out.into()
}

impl<H> Queued<H> {
    /// Takes out what it carries of a place in a text.
    fn take_out(&mut self, channel: usize, cut: &Cut, mark: &str) {
        for piece in self.pieces.iter().filter(|piece| piece.channel == channel) {
            let start = cut.place.start.max(piece.text.start);
            let end = cut.place.end.min(piece.text.end);
            if start >= end {
                continue;
            }
            let raw = self.data.get(piece.place.clone()).unwrap_or_default();
            let mut at = Place::new(raw);
            let from = piece.place.start + at.of(start - piece.text.start);
            let to = piece.place.start + at.of(end - piece.text.start);
            let begins = cut.place.start >= piece.text.start;
            let with = if begins { mark.as_bytes().to_vec() } else { Vec::new() };
            self.edits.push((from..to, with));
        }
    }
}

/// Bytes of events that wait, above which all of them are decided as they are.
const MOST_WAITING: usize = 1 << 20;
