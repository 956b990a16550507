//! The first choice where some providers are left to later: as if they were not there, and with them where no
//! other is left.
//!
//! It costs nothing where none is.

use tokio::time::Instant;

use super::Pass;
use crate::record::Record;

impl Pass<'_> {
    /// The next provider of a request that does not ask some providers first.
    #[cold]
    pub(super) fn choose_sparing(&mut self, now: Instant, record: &mut Record) -> Option<usize> {
        // They are left to later, and this is later.
        let spared = self.spared.take().filter(|_| self.attempts == 0)?;
        let before = self.out.clone();
        for (out, spared) in self.out.iter_mut().zip(&spared) {
            *out |= *spared;
        }
        let chosen = self.choose_among(now, record);
        for (at, _) in spared.iter().enumerate().filter(|(_, spared)| **spared) {
            self.out[at] = before[at];
        }
        // A limit may refuse the one that is chosen, and then another one is.
        self.spared = Some(spared).filter(|_| chosen.is_some());
        chosen
    }
}
