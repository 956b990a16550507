//! The expected use of an answer, for reservations. The caller passes what is known of the request.

use crate::{
    live::limit::window::Amount,
    protocol::conversation::Usage,
    table::{Pool, Provider},
};

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    /// The estimated tokens of the prompt.
    pub(crate) input: u64,
    /// The output limit of all answers together, if there is one.
    pub(crate) output: Option<u64>,
    /// The number of answers.
    pub(crate) copies: u64,
}

impl Demand {
    /// The expected use of an answer from this provider.
    pub(crate) fn at(&self, pool: &Pool, provider: &Provider) -> Amount {
        let mut amount = self.tokens(pool);
        amount.picodollars = cost(provider, amount);
        amount
    }

    /// The expected use of an answer from the pool's most expensive provider.
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
