//! The verdict of active probes: a number of failures in a row takes a provider out, a number of
//! successes brings it back.

/// How many probes in a row change the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probing {
    /// Successes that make an unhealthy provider healthy.
    pub(crate) healthy_after: u32,
    /// Failures that make a healthy provider unhealthy.
    pub(crate) unhealthy_after: u32,
}

impl Default for Probing {
    fn default() -> Self {
        Self { healthy_after: 2, unhealthy_after: 3 }
    }
}

/// The verdict; healthy until probes say otherwise.
#[derive(Debug, Default)]
pub(super) struct Tally {
    good: u32,
    bad: u32,
    /// While the provider is out, the number of failures in a row that took it out.
    unhealthy: Option<u32>,
}

impl Tally {
    /// Counts a probe. Returns the new verdict if it has changed.
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

    /// Whether enough probes in a row have succeeded.
    pub(super) fn is_well(&self, probing: &Probing) -> bool {
        self.good >= probing.healthy_after.max(1)
    }

    /// The verdict of the replica that probes.
    pub(super) fn heard(&mut self, unhealthy: Option<u32>) {
        (self.good, self.bad, self.unhealthy) = (0, unhealthy.unwrap_or(0), unhealthy);
    }

    /// How many probes in a row have failed, if the provider is unhealthy.
    pub(super) fn unhealthy(&self) -> Option<u32> {
        self.unhealthy
    }
}
