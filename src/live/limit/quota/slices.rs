//! Windows that replicas share: each is a slice.

use std::sync::Arc;

use super::{Left, Quota, Short, Unit};
use crate::live::limit::{
    lease::{Lack, Lease, Seen},
    window::{Amount, Window},
};

impl Quota {
    /// The same quota over slices, one for each window.
    pub(in crate::live::limit) fn over(self, slices: Arc<[Arc<Lease>]>) -> Self {
        Self { slices: Some(slices), ..self }
    }

    /// The windows.
    pub(in crate::live::limit) fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// Each slice with what an answer of this amount takes from it.
    pub(in crate::live::limit) fn slices(
        &self,
        amount: Amount,
    ) -> impl Iterator<Item = (&Arc<Lease>, u64)> {
        let pairs = self.slices.iter().flat_map(|slices| slices.iter()).zip(&*self.windows);
        pairs.filter_map(move |(slice, window)| Some((slice, of(amount, window)?)))
    }

    /// Takes an expected amount from all slices, or from none.
    pub(super) fn take_slices(&self, amount: Amount) -> Result<(), Short> {
        let Some(slices) = &self.slices else { return Ok(()) };
        for (at, (slice, window)) in slices.iter().zip(&*self.windows).enumerate() {
            let Some(want) = of(amount, window) else { continue };
            let Err(lack) = slice.take(want) else { continue };
            for (slice, window) in slices.iter().zip(&*self.windows).take(at) {
                if let Some(taken) = of(amount, window) {
                    slice.settle(taken, 0);
                }
            }
            return Err(short(window, &lack));
        }
        Ok(())
    }

    /// Settles: the taken amount is no longer held, and this much was used.
    pub(super) fn settle_slices(&self, taken: Amount, used: Amount) {
        for (slice, window) in self.slices.iter().flat_map(|it| it.iter()).zip(&*self.windows) {
            match of(taken, window) {
                Some(taken) => slice.settle(taken, used.of(window.unit)),
                None => slice.settle(0, used.of(window.unit)),
            }
        }
    }

    /// Why no slice has room for any amount.
    pub(super) fn slices_spent(&self) -> Option<Short> {
        let pairs = self.slices.iter().flat_map(|it| it.iter()).zip(&*self.windows);
        let mut lacks = pairs.filter_map(|(slice, window)| Some(short(window, &slice.lack(1)?)));
        lacks.next()
    }

    /// The state of each slice, if there are any.
    pub(super) fn slices_seen(&self) -> Option<impl Iterator<Item = (&Window, Seen)>> {
        let slices = self.slices.as_ref()?;
        Some(self.windows.iter().zip(slices.iter().map(|slice| slice.seen())))
    }

    /// What is left in the tightest window of these units, over all replicas.
    pub(super) fn slices_left(&self, units: &[Unit]) -> Option<Left> {
        let seen = self.slices_seen()?.filter(|(window, _)| units.contains(&window.unit));
        let left = seen.map(|(_, it)| Left { limit: it.limit, left: it.left, reset: it.reset });
        left.min_by_key(|left| left.left)
    }
}

/// What an answer takes from a window; `None` if nothing, so that nothing need be left.
fn of(amount: Amount, window: &Window) -> Option<u64> {
    match (amount.of(window.unit), window.unit) {
        (0, Unit::Input | Unit::Output) => None,
        (amount, _) => Some(amount.max(1)),
    }
}

fn short(window: &Window, lack: &Lack) -> Short {
    let (left, is_spent, wait, no_store) = match *lack {
        Lack::Reached { left, is_spent, wait } => (left, is_spent, wait, false),
        Lack::NoStore | Lack::NotAsked => (0, false, None, true),
    };
    Short { window: window.clone(), left, is_spent, wait, no_store }
}
