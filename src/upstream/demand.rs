//! What an answer is expected to take, where a limit of tokens or money has to know before it is asked
//! for.
//!
//! It reads no request: what is known of one is told.

use crate::{
    live::limit::window::Amount,
    protocol::conversation::Usage,
    table::{Pool, Provider},
};

/// What a request asks for, as far as can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    /// Tokens of the prompt, as they are estimated.
    pub(crate) input: u64,
    /// The most tokens that the answers may have together, where that is said.
    pub(crate) output: Option<u64>,
    /// How many answers are wanted.
    pub(crate) copies: u64,
}

impl Demand {
    /// What an answer of this provider is expected to take.
    pub(crate) fn at(&self, pool: &Pool, provider: &Provider) -> Amount {
        let mut amount = self.tokens(pool);
        amount.picodollars = cost(provider, amount);
        amount
    }

    /// What an answer of a pool is expected to take, at the dearest of its providers.
    pub(crate) fn of_pool(&self, pool: &Pool) -> Amount {
        let mut amount = self.tokens(pool);
        let costs = pool.providers.iter().map(|provider| cost(provider, amount));
        amount.picodollars = costs.max().unwrap_or(0);
        amount
    }

    fn tokens(&self, pool: &Pool) -> Amount {
        let mut amount = pool.live.typical.expected(self.input, self.output);
        if self.output.is_none() {
            amount.output = amount.output.saturating_mul(self.copies);
        }
        amount
    }
}

fn cost(provider: &Provider, amount: Amount) -> u64 {
    let usage = Usage { input: amount.input, output: amount.output, ..Usage::default() };
    provider.pricing.cost(usage, None).unwrap_or(0)
}
