//! Compiles prices: from dollars for a million tokens to picodollars for one.

use std::sync::Arc;

use crate::{
    config::{Loaded, raw},
    table::{
        Place,
        prices::{Price, Prices, Pricing, Rates},
    },
};

/// All prices of a file: its own, then those of the price files in order.
pub(super) fn of_file(loaded: &Loaded) -> Prices {
    let mut prices = Prices::default();
    let own = loaded.file.prices.iter().flat_map(|prices| &prices.models);
    for (model, price) in own.chain(loaded.public_prices.iter().flatten()) {
        prices.add(model, compiled(price));
    }
    prices
}

/// The price of a provider's tokens for this model.
pub(super) fn of_provider(
    prices: &Prices,
    own: Option<&raw::Price>,
    model: &str,
    place: &Place,
) -> Pricing {
    let host = match place {
        Place::Wire { origin, .. } => origin.uri.host().unwrap_or_default(),
        Place::Mock(_) => "",
    };
    match own {
        Some(own) => Pricing::Price(Arc::new(compiled(own))),
        None => match prices.of(model, host) {
            Some(price) => Pricing::Price(price),
            None if prices.is_empty() => Pricing::Off,
            None => Pricing::Unpriced,
        },
    }
}

fn compiled(raw: &raw::Price) -> Price {
    let base = rates(&raw.rates, None);
    let tiers = raw.tiers.iter().flatten();
    let mut tiers: Vec<_> =
        tiers.map(|tier| (tier.above_input, rates(&tier.rates, Some(&raw.rates)))).collect();
    tiers.sort_by_key(|(above, _)| *above);
    let services = raw.service_tiers.iter().flatten();
    let services = services.map(|(name, own)| (name.as_str().into(), rates(own, Some(&raw.rates))));
    Price {
        request: picodollars(raw.request.unwrap_or_default(), PER_PIECE),
        base,
        tiers,
        services: services.collect(),
    }
}

/// An absent rate of a tier is the rate below the tier; a rate that is absent everywhere is the
/// rate of the tokens that it is a part of.
fn rates(own: &raw::Rates, below: Option<&raw::Rates>) -> Rates {
    let of = |rate: fn(&raw::Rates) -> Option<f64>| {
        let dollars = rate(own).or_else(|| rate(below?));
        dollars.map(|dollars| picodollars(dollars, PER_MILLION))
    };
    let input = of(|rates| rates.input).unwrap_or_default();
    let output = of(|rates| rates.output).unwrap_or_default();
    Rates {
        input,
        output,
        cache_read: of(|rates| rates.cache_read).unwrap_or(input),
        cache_write: of(|rates| rates.cache_write).unwrap_or(input),
        reasoning: of(|rates| rates.reasoning).unwrap_or(output),
    }
}

fn picodollars(dollars: f64, each: f64) -> u64 {
    (dollars * each).round() as u64
}

/// One dollar for a million tokens is this many picodollars for one.
const PER_MILLION: f64 = 1e6;
const PER_PIECE: f64 = 1e12;
