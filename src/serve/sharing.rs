//! Limits that replicas share: a request first waits until this replica has a slice of each, or
//! knows that it cannot have one. Few requests have to wait.

use std::sync::Arc;

use super::{
    admit::{Allowed, Held},
    limits,
};
use crate::{
    live::{Limited, limit::window::Amount},
    record::Record,
    refusal::Refusal,
    table::{Caller, Pool, PoolId, Provider, Table},
    upstream::inbound::Inbound,
};

/// Waits for the slices of the caller's key, its team and the pool.
pub(crate) async fn ready(table: &Table, allowed: &Allowed, inbound: &Inbound) {
    let pool = table.pool(allowed.pool);
    let amount = of_pool(pool, inbound);
    if let Caller::Known(key) = allowed.caller {
        let key = table.keyring.key(key);
        key.limits.ready(amount).await;
        if let Some(team) = key.terms.as_ref().and_then(|terms| terms.team.as_ref()) {
            team.limits.ready(amount).await;
        }
    }
    pool.limits.ready(amount).await;
}

/// Takes the limits of a request once the shared state is known, and retries if another request
/// took the slice.
///
/// # Errors
/// The refusal of the exceeded limit.
pub(crate) async fn hold(
    table: &Arc<Table>,
    allowed: &Allowed,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Held, Refusal> {
    let mut times = 0;
    loop {
        ready(table, allowed, inbound).await;
        let held = limits::hold(Arc::clone(table), allowed, inbound, record);
        times += 1;
        if times == MOST || !matches!(held, Err(Refusal::StoreUnavailable)) {
            return held;
        }
    }
}

/// Whether to retry the limit of a provider after waiting.
pub(crate) fn again_at<T>(passed: &Result<T, Limited>, times: &mut u8) -> bool {
    *times += 1;
    *times < MOST && matches!(passed, Err(Limited::NoStore))
}

/// Waits for the slices of pools that may take over.
pub(crate) async fn ready_pools(table: &Table, pools: &[PoolId], inbound: &Inbound) {
    for &id in pools {
        let pool = table.pool(id);
        pool.limits.ready(of_pool(pool, inbound)).await;
    }
}

/// Waits for the slices of a provider.
pub(crate) async fn ready_at(pool: &Pool, provider: &Provider, inbound: &Inbound) {
    let amount = inbound.demand.as_ref().map(|demand| demand.at(pool, provider));
    provider.limits.ready(amount.unwrap_or_default()).await;
}

fn of_pool(pool: &Pool, inbound: &Inbound) -> Amount {
    inbound.demand.as_ref().map_or_else(Amount::default, |demand| demand.of_pool(pool))
}

/// The most retries of a limit.
const MOST: u8 = 10;
