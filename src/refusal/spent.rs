//! How a limit on tokens or money says no: how much it is, what is left, until when.

use std::time::Duration;

use http::StatusCode;

use super::whose::Whose;

/// A limit on tokens or money that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Whose limit it is.
    pub whose: Whose,
    /// How much it is, and what is left; empty where no numbers are told.
    pub said: Box<str>,
    /// Whether a budget is spent. Where answers under way hold what is left of it, it is not.
    pub is_budget: bool,
    /// When it is worth asking again; absent where it never is.
    pub retry_after: Option<Duration>,
}

impl Spent {
    /// Status, type and code. Those of a budget are what vendors' libraries know and do not repeat.
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
            (true, None) => format!("The budget of this {noun} is spent{said}."),
            (true, Some(wait)) => {
                format!("The budget of this {noun} is spent{said}; it begins anew in {wait} s.")
            }
            (false, wait) => {
                let wait = wait.unwrap_or(1.0);
                format!("The limit of this {noun} is reached{said}; try again in {wait} s.")
            }
        }
    }
}
