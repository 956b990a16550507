//! The refusal by a token limit or a budget: its size, what is left, and when to try again.

use std::time::Duration;

use http::StatusCode;

use super::whose::Whose;

/// A token limit or a budget that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Whose limit it is.
    pub whose: Whose,
    /// The size of the limit and what is left; empty if the client is told no numbers.
    pub said: Box<str>,
    /// Whether a budget is exhausted. It is not if only reservations of requests in flight hold the
    /// rest.
    pub is_budget: bool,
    /// When a new attempt makes sense; absent if it never does.
    pub retry_after: Option<Duration>,
}

impl Spent {
    /// Status, type and code. The code of a budget is one that the vendors' SDKs know and do not
    /// retry.
    pub(super) fn row(&self) -> (StatusCode, &'static str, &'static str) {
        let (kind, code) = match self.is_budget {
            true => ("insufficient_quota", "budget_exceeded"),
            false => ("rate_limit_error", "rate_limit_exceeded"),
        };
        (StatusCode::TOO_MANY_REQUESTS, kind, code)
    }

    /// The sentence for the client.
    pub(super) fn message(&self) -> String {
        let noun = self.whose.noun();
        let said = match &*self.said {
            "" => String::new(),
            said => format!(" ({said})"),
        };
        let wait = self.retry_after.map(|wait| wait.as_secs_f64().ceil());
        match (self.is_budget, wait) {
            (true, None) => format!("The budget of this {noun} is exhausted{said}."),
            (true, Some(wait)) => {
                format!("The budget of this {noun} is exhausted{said}; it resets in {wait} s.")
            }
            (false, wait) => {
                let wait = wait.unwrap_or(1.0);
                format!("The limit of this {noun} is reached{said}; try again in {wait} s.")
            }
        }
    }
}
