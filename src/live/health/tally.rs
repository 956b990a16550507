//! What active probes have shown: so many bad ones in a row take a provider out, so many good ones
//! bring it back.
//!
//! It never probes; it counts.

/// How many probes in a row change the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probing {
    /// Good ones that make an unhealthy provider healthy.
    pub(crate) healthy_after: u32,
    /// Bad ones that make a healthy provider unhealthy.
    pub(crate) unhealthy_after: u32,
}

impl Default for Probing {
    fn default() -> Self {
        Self { healthy_after: 2, unhealthy_after: 3 }
    }
}

/// The verdict so far; healthy until probes have said otherwise.
#[derive(Debug, Default)]
pub(super) struct Tally {
    good: u32,
    bad: u32,
    /// The failed probes in a row that took the provider out, while it is out.
    unhealthy: Option<u32>,
}

impl Tally {
    /// Counts a probe; answers the new verdict if this one changed it.
    pub(super) fn count(&mut self, probing: &Probing, ok: bool) -> Option<bool> {
        (self.good, self.bad) = match ok {
            true => (self.good.saturating_add(1), 0),
            false => (0, self.bad.saturating_add(1)),
        };
        match &mut self.unhealthy {
            Some(_) if self.good >= probing.healthy_after.max(1) => {
                self.unhealthy = None;
                Some(true)
            }
            Some(failed) => {
                *failed = self.bad.max(*failed);
                None
            }
            None if self.bad >= probing.unhealthy_after.max(1) => {
                self.unhealthy = Some(self.bad);
                Some(false)
            }
            None => None,
        }
    }

    /// Whether so many probes in a row were good as make a provider healthy.
    pub(super) fn is_well(&self, probing: &Probing) -> bool {
        self.good >= probing.healthy_after.max(1)
    }

    /// The verdict of the replica that probes.
    pub(super) fn heard(&mut self, unhealthy: Option<u32>) {
        (self.good, self.bad, self.unhealthy) = (0, unhealthy.unwrap_or(0), unhealthy);
    }

    /// How many probes in a row failed, if the verdict is that the provider is not well.
    pub(super) fn unhealthy(&self) -> Option<u32> {
        self.unhealthy
    }
}
