//! How a record finds the pools of its trail. A stream may outlive many tables without keeping them
//! alive.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::table::{Pool, PoolId, Provider, ProviderRef, Table};

/// The pools of one request.
pub(super) enum Pools {
    /// Attempts are still made: any pool of the table may be named.
    All(Arc<Table>),
    /// The head is ready: these alone are named.
    Named(SmallVec<[(PoolId, Arc<Pool>); 2]>),
}

impl Pools {
    /// Releases the table, but for these pools.
    pub(super) fn keep(&mut self, pools: impl Iterator<Item = PoolId>) {
        let Self::All(table) = self else { return };
        let mut kept = SmallVec::new();
        for id in pools {
            if kept.iter().all(|&(known, _): &(PoolId, _)| known != id) {
                kept.push((id, Arc::clone(table.pool(id))));
            }
        }
        *self = Self::Named(kept);
    }

    pub(super) fn get(&self, id: PoolId) -> &Pool {
        match self {
            Self::All(table) => table.pool(id),
            Self::Named(kept) => match kept.iter().find(|(known, _)| *known == id) {
                Some((_, pool)) => pool,
                None => unreachable!("the trail is complete once the head is ready"),
            },
        }
    }

    pub(super) fn provider(&self, provider: ProviderRef) -> &Provider {
        &self.get(provider.pool).providers[provider.provider as usize]
    }
}
