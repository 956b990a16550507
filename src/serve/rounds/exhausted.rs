//! The final refusal when no provider is left: pure functions of the trail.

use crate::{
    live::Limited,
    record::{Outcome, Trail, trail::AT_ONCE},
    refusal::{AllFailed, Refusal, Whose},
    serve::permits,
    table::Pool,
};

/// Whether every provider refused the request, instead of failing.
pub(super) fn is_refused_by_all(trail: &Trail) -> bool {
    let mut attempts = trail.attempts().peekable();
    attempts.peek().is_some() && attempts.all(Outcome::is_refusal)
}

/// The refusal; `pool` is the last one tried.
pub(super) fn refusal(trail: &Trail, pool: &Pool) -> Refusal {
    if pool.providers.is_empty() && trail.is_empty() {
        return Refusal::NoProviders;
    }
    if let Some(refusal) = trail.unfit_for_all() {
        return refusal;
    }
    let is_attempted = trail.attempts().next().is_some();
    let soonest = trail.soonest();
    if let Some(limited) = trail.last_limit().filter(|_| !is_attempted) {
        let limited = match (limited, soonest) {
            // Clients do not try again after an exhausted budget.
            (Limited::Budget(_), _) => trail.nearest_limit().unwrap_or(limited),
            (Limited::Rate(_), Some(soonest)) => Limited::Rate(soonest),
            (Limited::Tokens(_), Some(soonest)) => Limited::Tokens(soonest),
            (limited, _) => limited,
        };
        return permits::refusal(limited, Whose::Provider);
    }
    let told = trail.steps().iter().map(|step| step.outcome);
    let mut told = told.filter(|it| it.is_attempt() || matches!(it, Outcome::Limited(_)));
    let how = if is_attempted && told.all(Outcome::is_rate_limit) {
        AllFailed::RateLimited
    } else if is_attempted && trail.attempts().all(Outcome::is_timeout) {
        AllFailed::TimedOut
    } else {
        AllFailed::Otherwise
    };
    Refusal::AllFailed { how, retry_after: soonest.unwrap_or(AT_ONCE) }
}
