//! What admission hands out and the body of the response gives back, and how a limit's refusal is
//! told.

use smallvec::SmallVec;

use crate::{
    live::{Limited, Limits, Permit},
    refusal::{Refusal, Whose},
};

/// What a request holds: given back when the body of its response is dropped.
pub(crate) type Permits = SmallVec<[Permit; 3]>;

/// Passes one holder's limits.
///
/// # Errors
/// The refusal that tells whose limit it is.
pub(crate) fn take(limits: &Limits, whose: Whose) -> Result<Permit, Refusal> {
    limits.admit().map_err(|limited| refusal(limited, whose))
}

/// How a limit's refusal is told.
pub(crate) fn refusal(limited: Limited, whose: Whose) -> Refusal {
    match limited {
        Limited::Rate(retry_after) => Refusal::RateLimit { whose, retry_after },
        Limited::Concurrency => Refusal::ConcurrencyLimit { whose },
    }
}
