//! The price of tokens at a provider. Sums are whole picodollars; a price per million tokens with
//! six decimals is a whole number of picodollars per token.
//!
//! A model without a price costs nothing and is marked as unpriced.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use crate::protocol::conversation::Usage;

/// The pricing of a provider's tokens.
#[derive(Debug, Clone, Default)]
pub(crate) enum Pricing {
    /// The file has no prices.
    #[default]
    Off,
    /// The file has prices, but none for this model.
    Unpriced,
    /// The price.
    Price(Arc<Price>),
}

/// The price of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Price {
    /// Picodollars for each request, regardless of its tokens.
    pub(crate) request: u64,
    /// The rates below the first tier.
    pub(crate) base: Rates,
    /// Rates by the number of input tokens above which they apply, ascending. A tier applies to all
    /// tokens of a request, as vendors bill.
    pub(crate) tiers: Vec<(u64, Rates)>,
    /// Rates of answers that name a service tier, for any input.
    pub(crate) services: Vec<(Box<str>, Rates)>,
}

/// Picodollars for each token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// Input outside the cache.
    pub(crate) input: u64,
    /// Output other than reasoning.
    pub(crate) output: u64,
    /// Input read from a cache.
    pub(crate) cache_read: u64,
    /// Input written to a cache.
    pub(crate) cache_write: u64,
    /// Reasoning.
    pub(crate) reasoning: u64,
}

/// All prices of the file, by model.
#[derive(Debug, Default)]
pub(crate) struct Prices {
    models: HashMap<Box<str>, Arc<Price>>,
    /// Those that are listed below a vendor (`groq/llama-3.3-70b`), by what follows it.
    of_vendors: HashMap<Box<str>, Vec<Listed>>,
}

/// A price below a vendor.
#[derive(Debug)]
struct Listed {
    vendor: Box<str>,
    price: Arc<Price>,
}

impl Price {
    /// The cost of an answer with this service tier, in picodollars.
    pub(crate) fn cost(&self, usage: Usage, service: Option<&str>) -> u64 {
        let tier = || self.tiers.iter().rev().find(|(above, _)| usage.input > *above);
        let service = service.and_then(|name| self.services.iter().find(|(its, _)| **its == *name));
        let rates = match service {
            Some((_, rates)) => *rates,
            None => tier().map_or(self.base, |(_, rates)| *rates),
        };
        let spoken = usage.output.saturating_sub(usage.reasoning);
        [
            (usage.uncached(), rates.input),
            (usage.cache_read, rates.cache_read),
            (usage.cache_write, rates.cache_write),
            (spoken, rates.output),
            (usage.reasoning.min(usage.output), rates.reasoning),
        ]
        .into_iter()
        .fold(self.request, |sum, (tokens, rate)| sum.saturating_add(tokens.saturating_mul(rate)))
    }
}

impl Pricing {
    /// The cost of an answer with this service tier, in picodollars; `None` without a known price.
    pub(crate) fn cost(&self, usage: Usage, service: Option<&str>) -> Option<u64> {
        match self {
            Self::Off | Self::Unpriced => None,
            Self::Price(price) => Some(price.cost(usage, service)),
        }
    }

    /// Whether the service tier of an answer matters.
    pub(crate) fn has_services(&self) -> bool {
        matches!(self, Self::Price(price) if !price.services.is_empty())
    }
}

impl Prices {
    /// Adds the price of a model, unless it has one.
    pub(crate) fn add(&mut self, model: &str, price: Price) {
        let Entry::Vacant(free) = self.models.entry(model.into()) else { return };
        let price = free.insert(Arc::new(price));
        if let Some((vendor, bare)) = model.split_once('/') {
            let listed = self.of_vendors.entry(bare.into()).or_default();
            listed.push(Listed { vendor: vendor.into(), price: Arc::clone(price) });
        }
    }

    /// Whether there are no prices.
    pub(crate) fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// The price of a model at this host: by its full name, otherwise without the vendor prefix or
    /// the date suffix, otherwise as listed below a vendor.
    pub(crate) fn of(&self, model: &str, host: &str) -> Option<Arc<Price>> {
        let bare = model.rsplit_once('/').map_or(model, |(_, bare)| bare);
        let undated = |name| without_date(name).unwrap_or(name);
        let names = [model, bare, undated(model), undated(bare)];
        let found = names.iter().find_map(|name| self.models.get(*name).cloned());
        found.or_else(|| names.iter().find_map(|name| self.of_vendor(name, host)))
    }

    /// The price below the vendor whose host this is, otherwise the one on which all vendors agree.
    fn of_vendor(&self, model: &str, host: &str) -> Option<Arc<Price>> {
        let listed = self.of_vendors.get(model)?;
        let letters = host.replace(['.', '-'], "");
        let is_its =
            |it: &&Listed| it.vendor.split('_').next().is_some_and(|name| letters.contains(name));
        let first = listed.first()?;
        let of_all = || listed.iter().all(|it| it.price == first.price).then_some(first);
        let found = listed.iter().find(is_its).or_else(of_all)?;
        Some(Arc::clone(&found.price))
    }
}

/// Removes the date: `gpt-4o-2024-08-06`, `claude-sonnet-4-20250514`, `claude-sonnet-4@20250514`.
fn without_date(model: &str) -> Option<&str> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (name, date) = model.rsplit_once(['-', '@'])?;
    if date.len() == 8 && is_digits(date) {
        return Some(name);
    }
    let at = model.len().checked_sub("-2024-08-06".len())?;
    let (name, date) = model.split_at_checked(at)?;
    let mut parts = date.strip_prefix('-')?.split('-');
    let lengths = [4, 2, 2];
    let is_date = lengths
        .iter()
        .all(|&length| parts.next().is_some_and(|part| part.len() == length && is_digits(part)));
    (is_date && parts.next().is_none()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage =
        Usage { input: 1_000, output: 100, cache_read: 600, cache_write: 100, reasoning: 40 };

    fn rates(input: u64) -> Rates {
        Rates { input, output: 10, cache_read: 1, cache_write: 2, reasoning: 20 }
    }

    #[test]
    fn each_kind_of_token_costs_its_own_rate_and_none_twice() {
        let price = Price { request: 7, base: rates(5), ..Price::default() };
        assert_eq!(price.cost(USAGE, None), 7 + 300 * 5 + 600 + 200 + 60 * 10 + 40 * 20);
        assert_eq!(price.cost(Usage::default(), None), 7);
    }

    #[test]
    fn tier_holds_for_all_tokens_of_a_request_that_reaches_it() {
        let tiers = vec![(500, rates(50)), (999, rates(500)), (1_000, rates(5_000))];
        let price = Price { base: rates(5), tiers, ..Price::default() };
        assert_eq!(price.cost(Usage { input: 1_000, ..Usage::default() }, None), 500_000);
        assert_eq!(price.cost(Usage { input: 500, ..Usage::default() }, None), 2_500);
    }

    #[test]
    fn service_tier_that_an_answer_names_has_its_own_price() {
        let services = vec![("priority".into(), rates(9))];
        let price =
            Price { base: rates(5), tiers: vec![(10, rates(50))], services, ..Price::default() };
        let usage = Usage { input: 100, ..Usage::default() };
        for (named, cost) in [(Some("priority"), 900), (Some("default"), 5_000), (None, 5_000)] {
            assert_eq!(price.cost(usage, named), cost, "{named:?}");
        }
    }

    #[test]
    fn price_is_found_with_and_without_vendor_and_date() {
        let mut prices = Prices::default();
        for (model, input) in [("gpt-4o", 1), ("azure/gpt-4o", 2), ("gpt-4o-2024-05-13", 3)] {
            prices.add(model, Price { base: rates(input), ..Price::default() });
        }
        let of = |model: &str| prices.of(model, "").map(|price| price.base.input);
        assert_eq!(of("gpt-4o"), Some(1));
        assert_eq!(of("azure/gpt-4o"), Some(2));
        assert_eq!(of("openai/gpt-4o"), Some(1));
        assert_eq!(of("openai/gpt-4o-2024-08-06"), Some(1));
        assert_eq!(of("gpt-4o-2024-05-13"), Some(3));
        assert_eq!(of("azure/gpt-4o-2024-11-20"), Some(2));
        assert_eq!(of("gpt-4o@20250101"), Some(1));
        assert_eq!(of("gpt-4o-mini"), None);
        assert_eq!(of("gpt-4o-20"), None);
        assert_eq!(of("é-2024-08-06"), None);
    }

    #[test]
    fn price_below_a_vendor_is_found_for_its_host_or_where_all_agree() {
        let mut prices = Prices::default();
        for (model, input) in [
            ("groq/llama", 1),
            ("together_ai/llama", 2),
            ("xai/grok", 3),
            ("openrouter/xai/grok", 3),
        ] {
            prices.add(model, Price { base: rates(input), ..Price::default() });
        }
        let of = |model: &str, host: &str| prices.of(model, host).map(|price| price.base.input);
        assert_eq!(of("llama", "api.groq.com"), Some(1));
        assert_eq!(of("llama-2025-01-01", "api.together.xyz"), Some(2));
        assert_eq!(of("llama", "llm.internal"), None);
        assert_eq!(of("grok", "llm.internal"), Some(3));
        assert_eq!(of("xai/grok", "openrouter.ai"), Some(3));
        assert_eq!(of("mistral", "api.groq.com"), None);
        prices.add("llama", Price { base: rates(9), ..Price::default() });
        assert_eq!(prices.of("llama", "api.groq.com").map(|price| price.base.input), Some(9));
    }
}
