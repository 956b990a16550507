//! Charges an answer that is read before any of it is passed on, also if its client leaves before
//! that.

use crate::{
    record::Record,
    serve::estimate,
    table::Provider,
    upstream::{given_up::Noted, inbound::Inbound},
};

/// An answer that is being read.
struct Arriving<'a> {
    record: &'a mut Record,
    inbound: &'a Inbound,
    provider: &'a Provider,
    is_over: bool,
}

/// Reads an answer of this provider. If the client leaves before the end, what has arrived is
/// charged.
pub(super) async fn arriving<R>(
    record: &mut Record,
    (inbound, provider): (&Inbound, &Provider),
    read: impl Future<Output = R>,
) -> R {
    let mut arriving = Arriving { record, inbound, provider, is_over: false };
    let done = read.await;
    arriving.is_over = true;
    done
}

/// Charges the tokens that an answer of this provider has reported, and an estimate of the others.
pub(super) fn charge(
    record: &mut Record,
    (inbound, provider): (&Inbound, &Provider),
    noted: Noted,
    is_whole: bool,
) {
    let told = noted.told.filter(|told| told.if_any().is_some());
    if is_whole && told.is_some() {
        return record.used(told);
    }
    match estimate::of_left(inbound, provider, record, noted) {
        Some(usage) if told.is_none_or(|told| told.output < noted.said) => record.used_about(usage),
        _ => record.used(told),
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            // The provider has accepted the request, and so has processed it.
            let noted = self.inbound.given_up.noted(self.provider).unwrap_or_default();
            charge(self.record, (self.inbound, self.provider), noted, false);
        }
    }
}
