//! An explanation as data, for JSON and as text.

use serde::Serialize;

use crate::admin::conversations::ConversationsTold;

/// The explanation of a request.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The alias asked for.
    pub(crate) model: String,
    /// The refusal before any provider is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<String>,
    /// The key that was assumed, if the alias needs one and the question has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) told_for: Option<String>,
    /// The rule that redirects the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirected: Option<String>,
    /// The guardrails for the request and its answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) guardrails: Vec<String>,
    /// The alias's pool, then those that take over.
    pub(crate) pools: Vec<PoolExplained>,
}

/// One pool.
#[derive(Debug, Serialize)]
pub(crate) struct PoolExplained {
    /// Its alias.
    pub(crate) alias: String,
    /// Its strategy.
    pub(crate) strategy: &'static str,
    /// The rule of an alias that takes over that redirects to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirected: Option<String>,
    /// Its own state in words.
    pub(crate) state: String,
    /// How many requests wait for its limits, and the maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<[u32; 2]>,
    /// Conversation affinity, if configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conversations: Option<ConversationsTold>,
    /// Its providers in order.
    pub(crate) candidates: Vec<CandidateExplained>,
}

/// One provider.
#[derive(Debug, Serialize)]
pub(crate) struct CandidateExplained {
    /// Its name.
    pub(crate) provider: String,
    /// Its tier.
    pub(crate) tier: u32,
    /// Its weight.
    pub(crate) weight: u32,
    /// Whether it may be asked now.
    pub(crate) available: bool,
    /// Whether a request might ask it first now.
    pub(crate) first: bool,
    /// Its state in words.
    pub(crate) state: String,
    /// How many requests wait for its limits, and the maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<[u32; 2]>,
    /// Requests in flight.
    pub(crate) in_flight: u32,
    /// The cost of the request in US dollars, if the strategy needs it and a price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<f64>,
    /// The share of requests that ask it first, if controlled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share: Option<f64>,
    /// Seconds to its first byte, if measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<f32>,
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(told_for) = &self.told_for {
            writeln!(f, "{told_for}")?;
        }
        if let Some(rule) = &self.redirected {
            writeln!(f, "{rule}")?;
        }
        if let Some(why) = &self.refused {
            writeln!(f, "{} would be refused: {why}", self.model)?;
        }
        if !self.guardrails.is_empty() {
            writeln!(f, "guardrails: {}", self.guardrails.join(", "))?;
        }
        for pool in &self.pools {
            if let Some(rule) = &pool.redirected {
                writeln!(f, "{rule}")?;
            }
            let waiting = waiting_words(pool.waiting);
            writeln!(f, "{} ({}): {}{waiting}", pool.alias, pool.strategy, pool.state)?;
            if let Some(conversations) = &pool.conversations {
                writeln!(f, "  {conversations}")?;
            }
            for (nth, one) in pool.candidates.iter().enumerate() {
                let (name, tier, weight) = (&one.provider, one.tier, one.weight);
                let nth = nth + 1;
                write!(f, "  {nth}. {name} (tier {tier}, weight {weight}): {}", one.state)?;
                write!(f, "{}", waiting_words(one.waiting))?;
                if let Some(share) = one.share.filter(|share| *share < 1.0) {
                    write!(f, ", asked first by {:.0} % of requests", share * 100.0)?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

fn waiting_words(waiting: Option<[u32; 2]>) -> String {
    match waiting {
        Some([waiting, most]) => format!(", {waiting} of {most} wait"),
        None => String::new(),
    }
}
