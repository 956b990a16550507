//! What an owner may use in all of its windows at once: reserved before an answer, charged after
//! it.
//!
//! Reserved and used amounts together never exceed a limit, except for one answer that was admitted
//! alone. It never waits.

mod slices;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    time::Duration,
};

use super::{
    lease::Lease,
    window::{Amount, Level, Unit, Window},
};

/// The windows of one owner: this table's limits over levels that outlive the table.
#[derive(Debug, Clone)]
pub(crate) struct Quota {
    windows: Arc<[Window]>,
    book: Arc<Book>,
    /// The slices of shared windows.
    slices: Option<Arc<[Arc<Lease>]>>,
}

/// What an owner has used and reserved.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: Mutex<Entries>,
    /// Whether a level has changed since the levels were last stored.
    changed: AtomicBool,
}

#[derive(Debug, Default)]
struct Entries {
    /// The reserved amount, and the number of reservations.
    held: Amount,
    holders: u64,
    levels: Vec<(Window, Level)>,
}

/// A reservation, released on drop.
#[derive(Debug)]
#[must_use = "what is held is free again when it is dropped"]
pub(crate) struct Hold {
    quota: Quota,
    amount: Amount,
    /// What the answer used.
    used: Amount,
    /// Whether it is released.
    is_over: bool,
}

/// Why a reservation failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Short {
    /// The window with too little left.
    pub(crate) window: Window,
    /// What is left, counting reservations as used.
    pub(crate) left: u64,
    /// Whether it is spent, or the rest is reserved by requests in flight.
    pub(crate) is_spent: bool,
    /// When to try again; `None` means never.
    pub(crate) wait: Option<Duration>,
    /// Whether it is unknown, because the shared store does not answer.
    pub(crate) no_store: bool,
}

/// What the tightest of some windows has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Its limit.
    pub(crate) limit: u64,
    /// What is left of it.
    pub(crate) left: u64,
    /// How long until all of it is free.
    pub(crate) reset: Option<Duration>,
}

/// A window that reached its warning level for the first time in its period.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Crossed {
    /// The window.
    pub(crate) window: Window,
    /// What was used of it.
    pub(crate) used: u64,
}

impl Quota {
    /// Unused windows.
    pub(crate) fn new(windows: Arc<[Window]>) -> Self {
        Self { windows, book: Arc::default(), slices: None }
    }

    /// The same owner with other limits; used and reserved amounts stay.
    pub(crate) fn successor(&self, windows: Arc<[Window]>) -> Self {
        Self { windows, book: Arc::clone(&self.book), slices: None }
    }

    /// Reserves what an answer will probably use. An amount that does not fit is admitted if
    /// nothing else is reserved and something is left; otherwise it could never be admitted.
    ///
    /// # Errors
    /// The window with too little left; nothing is reserved.
    pub(crate) fn hold(&self, amount: Amount, now: u64) -> Result<Hold, Short> {
        self.take_slices(amount)?;
        let mut entries = self.book.entries();
        if self.slices.is_none()
            && let Some(short) = self.short(&mut entries, amount, now)
        {
            return Err(short);
        }
        entries.held = entries.held.plus(amount);
        entries.holders += 1;
        Ok(Hold { quota: self.clone(), amount, used: Amount::default(), is_over: false })
    }

    /// Why no amount, however small, can be reserved now; takes nothing.
    pub(crate) fn spent(&self, now: u64) -> Option<Short> {
        if self.slices.is_some() {
            return self.slices_spent();
        }
        let mut entries = self.book.entries();
        self.short(&mut entries, Amount { input: 1, output: 1, picodollars: 0 }, now)
    }

    fn short(&self, entries: &mut Entries, amount: Amount, now: u64) -> Option<Short> {
        for (at, window) in self.windows.iter().enumerate() {
            let want = amount.of(window.unit);
            if want == 0 && matches!(window.unit, Unit::Input | Unit::Output) {
                continue;
            }
            let (held, holders) = (entries.held.of(window.unit), entries.holders);
            let level = entries.level(at, window);
            window.advance(level, now);
            let used = window.used(level);
            let taken = used.saturating_add(held);
            let is_spent = used >= window.limit;
            if !is_spent && (holders == 0 || taken.saturating_add(want) <= window.limit) {
                continue;
            }
            // A reservation is released or used as soon as an answer ends.
            let wait = match is_spent {
                true => window.free_in(level, 1, now),
                false => Some(HELD),
            };
            let left = window.limit.saturating_sub(taken);
            return Some(Short { window: window.clone(), left, is_spent, wait, no_store: false });
        }
        None
    }

    /// What is left in the tightest window of these units.
    pub(crate) fn left(&self, units: &[Unit], now: u64) -> Option<Left> {
        if self.slices.is_some() {
            return self.slices_left(units);
        }
        let mut entries = self.book.entries();
        let windows = self.windows.iter().enumerate();
        let windows = windows.filter(|(_, window)| units.contains(&window.unit));
        let left = windows.map(|(at, window)| {
            let held = entries.held.of(window.unit);
            let level = entries.level(at, window);
            window.advance(level, now);
            let left = window.limit.saturating_sub(window.used(level).saturating_add(held));
            let reset = window.free_in(level, window.limit, now);
            Left { limit: window.limit, left, reset }
        });
        left.min_by_key(|left| left.left)
    }

    /// Each window with its used and reserved amounts.
    pub(crate) fn levels(&self, now: u64) -> Vec<(Window, u64, u64)> {
        if let Some(seen) = self.slices_seen() {
            return seen.map(|(window, it)| (window.clone(), it.used, it.held)).collect();
        }
        let mut entries = self.book.entries();
        let levels = self.windows.iter().enumerate().map(|(at, window)| {
            let held = entries.held.of(window.unit);
            let level = entries.level(at, window);
            window.advance(level, now);
            (window.clone(), window.used(level), held)
        });
        levels.collect()
    }

    /// The levels to store, if one has changed since the last call.
    pub(crate) fn changed(&self, now: u64) -> Option<Vec<(String, Level)>> {
        if !self.book.changed.swap(false, Acquire) {
            return None;
        }
        let mut entries = self.book.entries();
        let kept = entries.levels.iter_mut().filter(|(window, _)| window.is_kept());
        let levels = kept.map(|(known, level)| {
            // The limit of this table, if it has the window.
            let window = self.windows.iter().find(|window| window.is_same(known));
            let window = window.unwrap_or(known);
            window.advance(level, now);
            (window.key(), window.to_keep(level))
        });
        Some(levels.collect())
    }

    /// The levels could not be stored, or must be stored elsewhere.
    pub(crate) fn note_changed(&self) {
        self.book.changed.store(true, Release);
    }

    /// Whether the level of some stored window is unknown.
    pub(crate) fn has_unknown(&self) -> bool {
        let entries = self.book.entries();
        self.windows.iter().any(|window| window.is_kept() && !entries.knows(window))
    }

    /// Loads stored levels for windows whose level is unknown.
    pub(crate) fn take_up(&self, kept: &[(String, Level)], now: u64) {
        let mut entries = self.book.entries();
        for (at, window) in self.windows.iter().enumerate() {
            if !window.is_kept() || entries.knows(window) {
                continue;
            }
            let key = window.key();
            let level = kept.iter().find(|(known, _)| *known == key);
            let level = level.map(|(_, level)| window.taken_up(level, now));
            *entries.level(at, window) = level.unwrap_or_default();
        }
    }

    /// Whether any level must outlive the process.
    pub(crate) fn is_kept(&self) -> bool {
        self.windows.iter().any(Window::is_kept)
    }

    /// Whether both share the same levels.
    pub(crate) fn shares(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.book, &other.book)
    }

    /// Whether a table or an answer may still charge these windows, or has since they were stored.
    pub(crate) fn is_pending(&self) -> bool {
        // An answer notes a change before it drops its reference.
        Arc::strong_count(&self.windows) > 1 || self.book.changed.load(Acquire)
    }
}

impl Hold {
    /// The answer has ended: its use replaces the reservation. Returns windows that reached their
    /// warning level.
    pub(crate) fn settle(mut self, used: Amount, now: u64) -> Vec<Crossed> {
        let mut crossed = Vec::new();
        self.used = used;
        let seen: Vec<u64> =
            self.quota.slices_seen().into_iter().flatten().map(|(_, seen)| seen.used).collect();
        let mut entries = self.quota.book.entries();
        for (at, window) in self.quota.windows.iter().enumerate() {
            let level = entries.level(at, window);
            window.advance(level, now);
            let answer = used.of(window.unit);
            window.charge(level, answer);
            let used = seen.get(at).map_or(window.used(level), |seen| seen + answer);
            if window.soft.is_some_and(|soft| used >= soft) && !level.warned {
                level.warned = true;
                crossed.push(Crossed { window: window.clone(), used });
            }
        }
        entries.release(self.amount);
        drop(entries);
        self.is_over = true;
        self.quota.note_changed();
        crossed
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.quota.settle_slices(self.amount, self.used);
        if !self.is_over {
            self.quota.book.entries().release(self.amount);
        }
    }
}

impl Book {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Integers are never half written.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn knows(&self, window: &Window) -> bool {
        self.levels.iter().any(|(known, _)| known.is_same(window))
    }

    /// The level of a window, which is most often at the same place as the window.
    fn level(&mut self, place: usize, window: &Window) -> &mut Level {
        let is_its = |(known, _): &(Window, Level)| known.is_same(window);
        let at = match self.levels.get(place) {
            Some(known) if is_its(known) => Some(place),
            _ => self.levels.iter().position(is_its),
        };
        let at = at.unwrap_or_else(|| {
            self.levels.push((window.clone(), Level::default()));
            self.levels.len() - 1
        });
        &mut self.levels[at].1
    }

    fn release(&mut self, amount: Amount) {
        self.held = self.held.minus(amount);
        self.holders = self.holders.saturating_sub(1);
    }
}

/// When a reservation may be released: answers end all the time.
const HELD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::super::{
        period::{Period, SECOND},
        window::Span,
    };
    use super::*;

    fn tokens(count: u64) -> Amount {
        Amount { input: count, ..Amount::default() }
    }

    fn quota(windows: Vec<Window>) -> Quota {
        Quota::new(windows.into())
    }

    fn budget(limit: u64) -> Window {
        let span = Span::Calendar(Period::every(60));
        Window { unit: Unit::Tokens, span, limit, soft: Some(limit / 2) }
    }

    #[test]
    fn what_is_held_and_used_is_never_more_than_the_limit_and_one_answer() {
        let quota = quota(vec![budget(100)]);
        let mut holds = Vec::new();
        for _ in 0..200 {
            holds.extend(quota.hold(tokens(9), SECOND).ok());
        }
        assert_eq!(holds.len(), 11);
        let short = quota.hold(tokens(9), SECOND).unwrap_err();
        assert_eq!((short.left, short.is_spent, short.wait), (1, false, Some(HELD)));
        for hold in holds {
            let _ = hold.settle(tokens(9), SECOND);
        }
        // One token is left and nothing is held: one more may come, and it alone.
        let last = quota.hold(tokens(9), SECOND).unwrap();
        assert!(quota.hold(tokens(1), SECOND).is_err());
        let _ = last.settle(tokens(9), SECOND);
        let short = quota.hold(tokens(1), SECOND).unwrap_err();
        assert_eq!((short.left, short.is_spent), (0, true));
        assert_eq!(short.wait, Some(Duration::from_secs(59)));
        assert!(quota.hold(tokens(1), 60 * SECOND).is_ok());
    }

    #[test]
    fn what_is_dropped_is_free_again_and_what_is_settled_is_used() {
        let quota = quota(vec![budget(100)]);
        drop(quota.hold(tokens(60), 0).unwrap());
        let hold = quota.hold(tokens(60), 0).unwrap();
        assert!(quota.hold(tokens(60), 0).is_err());
        let crossed = hold.settle(tokens(50), 0);
        assert_eq!((crossed.len(), crossed[0].used), (1, 50));
        let again = quota.hold(tokens(50), 0).unwrap().settle(tokens(1), 0);
        assert!(again.is_empty(), "a word is said once");
        assert_eq!(quota.levels(0)[0], (budget(100), 51, 0));
    }

    #[test]
    fn every_window_counts_and_the_one_that_is_short_is_named() {
        let minute =
            |unit, limit| Window { unit, span: Span::Sliding(60 * SECOND), limit, soft: None };
        let quota = quota(vec![minute(Unit::Tokens, 1_000), minute(Unit::Output, 10)]);
        let amount = Amount { input: 5, output: 10, picodollars: 0 };
        let _ = quota.hold(amount, SECOND).unwrap().settle(amount, SECOND);
        let short = quota.hold(amount, SECOND).unwrap_err();
        assert_eq!(short.window.unit, Unit::Output);
        assert_eq!(short.wait, Some(Duration::from_secs(6)));
        // What writes nothing is not in the way of what is written.
        assert!(quota.hold(tokens(900), SECOND).is_ok());
        assert_eq!(quota.left(&[Unit::Tokens], SECOND).unwrap().left, 985);
    }

    #[test]
    fn successor_keeps_what_was_used_and_what_is_held() {
        let old = quota(vec![budget(100)]);
        let _ = old.hold(tokens(80), 0).unwrap().settle(tokens(80), 0);
        let held = old.hold(tokens(20), 0).unwrap();
        let new = old.successor(vec![budget(200)].into());
        assert_eq!(new.levels(0)[0], (budget(200), 80, 20));
        let _ = held.settle(tokens(25), 0);
        assert_eq!(new.levels(0)[0], (budget(200), 105, 0));
    }

    #[test]
    fn levels_are_kept_and_taken_up_again() {
        let old = quota(vec![budget(100)]);
        assert_eq!(old.changed(0), None);
        let _ = old.hold(tokens(30), SECOND).unwrap().settle(tokens(30), SECOND);
        let kept = old.changed(SECOND).unwrap();
        assert_eq!(old.changed(SECOND), None);
        let new = quota(vec![budget(100)]);
        assert!(new.has_unknown());
        new.take_up(&kept, SECOND);
        assert!(!new.has_unknown());
        assert_eq!(new.levels(SECOND)[0].1, 30);
        // What is known is not taken up again.
        let _ = new.hold(tokens(5), SECOND).unwrap().settle(tokens(5), SECOND);
        new.take_up(&kept, SECOND);
        assert_eq!(new.levels(SECOND)[0].1, 35);
        assert_eq!(new.levels(61 * SECOND)[0].1, 0, "another period");
    }
}
