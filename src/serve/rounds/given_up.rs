//! A request that ends while providers are asked: its client has left, or the process ends. The trail tells of
//! these attempts all the same, and of the tokens that they had told.

use crate::{
    record::{Outcome, Record, trail::Asked},
    table::Table,
    upstream::inbound::Inbound,
};

/// The record of a request whose providers are asked.
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
            if let Some(usage) = self.inbound.given_up.take(provider.of(self.table)) {
                self.record.trail.spent(usage);
            }
        }
    }
}
