//! A pool, by its place in one table.

/// A pool's place in its table; only good for that table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolId(pub u32);
