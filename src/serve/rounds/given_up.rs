//! A request that ends during its attempts, because its client left or the process ends. The trail
//! still records these attempts and their reported tokens.

use crate::{
    record::{Outcome, Record, trail::Asked},
    serve::estimate,
    table::Table,
    upstream::{given_up::Noted, inbound::Inbound},
};

/// The record of a request during its attempts.
pub(super) struct Asking<'a> {
    pub(super) record: &'a mut Record,
    pub(super) inbound: &'a Inbound,
    pub(super) table: &'a Table,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        while let Some((provider, started)) = self.record.trail.under_way() {
            let asked = Asked { started, took: started.elapsed() };
            self.record.trail.asked(provider, Outcome::Abandoned, asked, None);
            let (provider, given_up) = (provider.of(self.table), &self.inbound.given_up);
            // A provider processes the whole request, whether or not its answer is awaited.
            let sent = given_up.was_sent_to(provider).then(Noted::default);
            let Some(noted) = given_up.noted(provider).or(sent) else { continue };
            let about = || estimate::of_left(self.inbound, provider, self.record, noted);
            match noted.told {
                Some(told) if told.output >= noted.said => self.record.trail.spent(told),
                told => match about() {
                    Some(usage) => self.record.spent_about(usage),
                    None => told.into_iter().for_each(|told| self.record.trail.spent(told)),
                },
            }
        }
    }
}
