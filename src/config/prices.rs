//! Price files in the public format of LiteLLM: dollars per token, by model.
//!
//! Unknown fields are ignored, since the format grows.

use std::{collections::BTreeMap, path::Path as FilePath};

use serde_json::{Map, Value};

use super::{
    Path, Problem, Source,
    raw::{Price, Prices, Rates, Tier},
    references::Lookup,
};

/// The prices of all named files, in order. A file that cannot be read is a problem.
pub(super) fn read(
    prices: &Prices,
    source: &Source,
    lookup: &dyn Lookup,
    problems: &mut Vec<Problem>,
) -> Vec<BTreeMap<String, Price>> {
    let base = FilePath::new(source.name()).parent().unwrap_or(FilePath::new(""));
    let mut all = Vec::new();
    for (at, name) in prices.files.iter().flatten().enumerate() {
        let text = lookup.file(&base.join(name)).map_err(|error| error.to_string());
        match text.and_then(|text| parse(&text)) {
            Ok(prices) => all.push(prices),
            Err(why) => {
                let path = Path::root().key("prices").key("files").index(at);
                let message = format!("the price file cannot be read: {why}");
                problems.push(source.problem(&path, message, None));
            }
        }
    }
    all
}

fn parse(text: &str) -> Result<BTreeMap<String, Price>, String> {
    let all: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        format!("it is not a JSON object (line {}, column {})", error.line(), error.column())
    })?;
    let prices = all.iter().filter_map(|(model, entry)| Some((model.clone(), price(entry)?)));
    Ok(prices.filter(|(model, _)| model != SAMPLE).collect())
}

/// The price of one model; `None` if the entry has no price for tokens or requests.
fn price(entry: &Value) -> Option<Price> {
    let fields = entry.as_object()?;
    let rates = rates(fields, "");
    let request = number(fields, "input_cost_per_request");
    let mut above: Vec<u64> = fields.keys().filter_map(|name| tier_of(name)).collect();
    above.sort_unstable();
    above.dedup();
    let tier = |&thousands: &u64| {
        let rates = self::rates(fields, &format!("_above_{thousands}k_tokens"));
        Tier { above_input: thousands * 1_000, rates }
    };
    let tiers: Vec<Tier> = above.iter().map(tier).collect();
    if rates == Rates::default() && request.is_none() {
        return None;
    }
    let services = SERVICE_TIERS.iter().map(|name| {
        let rates = self::rates(fields, &format!("_{name}"));
        ((*name).to_owned(), rates)
    });
    let services: BTreeMap<String, Rates> =
        services.filter(|(_, rates)| *rates != Rates::default()).collect();
    Some(Price {
        rates,
        request,
        tiers: (!tiers.is_empty()).then_some(tiers),
        service_tiers: (!services.is_empty()).then_some(services),
    })
}

fn rates(fields: &Map<String, Value>, suffix: &str) -> Rates {
    let of = |name: &str| number(fields, &format!("{name}{suffix}")).map(|each| each * MILLION);
    Rates {
        input: of("input_cost_per_token"),
        output: of("output_cost_per_token"),
        cache_read: of("cache_read_input_token_cost"),
        cache_write: of("cache_creation_input_token_cost"),
        reasoning: of("output_cost_per_reasoning_token"),
    }
}

/// `input_cost_per_token_above_200k_tokens` gives 200.
fn tier_of(name: &str) -> Option<u64> {
    let (_, above) = name.split_once("_above_")?;
    above.strip_suffix("k_tokens")?.parse().ok()
}

/// A number, which some entries write as a string.
fn number(fields: &Map<String, Value>, name: &str) -> Option<f64> {
    let value = fields.get(name)?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    (number.is_finite() && (0.0..=MOST).contains(&number)).then_some(number)
}

/// The service tiers for which the format has prices.
const SERVICE_TIERS: [&str; 2] = ["priority", "flex"];
/// The entry that documents the format.
const SAMPLE: &str = "sample_spec";
const MILLION: f64 = 1e6;
const MOST: f64 = 1e6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_format_is_read_with_its_tiers_and_without_what_is_unknown() {
        let prices = parse(
            r#"{
            "sample_spec": {"input_cost_per_token": 0.1, "max_tokens": "how many"},
            "gemini/one": {"input_cost_per_token": 1.25e-06, "output_cost_per_token": "1e-05",
                "cache_read_input_token_cost": 3.125e-07, "mode": "chat", "new": {"a": []},
                "input_cost_per_token_above_200k_tokens": 2.5e-06,
                "output_cost_per_token_above_200k_tokens": 1.5e-05,
                "input_cost_per_token_priority": 2e-06},
            "per-image": {"input_cost_per_image": 0.1},
            "odd": 7}"#,
        )
        .unwrap();
        assert_eq!(prices.keys().collect::<Vec<_>>(), ["gemini/one"]);
        let price = &prices["gemini/one"];
        let rates = Rates { input: Some(1.25), output: Some(10.0), ..Rates::default() };
        assert_eq!((price.rates.input, price.rates.output), (rates.input, Some(1e-05 * 1e6)));
        let tier = &price.tiers.as_ref().unwrap()[0];
        assert_eq!((tier.above_input, tier.rates.input), (200_000, Some(2.5e-06 * 1e6)));
        let services = price.service_tiers.as_ref().unwrap();
        assert_eq!(services.keys().collect::<Vec<_>>(), ["priority"]);
        assert_eq!(services["priority"].input, Some(2e-06 * 1e6));
        assert!(parse("[]").is_err() && parse("{").is_err());
    }
}
