//! The choice when some providers are spared: first without them, then with them if no other is
//! left.
//!
//! It costs nothing if none is spared.

use tokio::time::Instant;

use super::Pass;
use crate::record::Record;

impl Pass<'_> {
    /// The next provider of a request that spares some.
    #[cold]
    pub(super) fn choose_sparing(&mut self, now: Instant, record: &mut Record) -> Option<usize> {
        // The spared ones are asked after all others.
        let spared = self.spared.take().filter(|_| self.attempts == 0)?;
        let before = self.out.clone();
        for (out, spared) in self.out.iter_mut().zip(&spared) {
            *out |= *spared;
        }
        let chosen = self.choose_among(now, record);
        for (at, _) in spared.iter().enumerate().filter(|(_, spared)| **spared) {
            self.out[at] = before[at];
        }
        // A limit may refuse the chosen one, and then another is chosen.
        self.spared = Some(spared).filter(|_| chosen.is_some());
        chosen
    }
}
