//! A web search that the vendor runs itself; the client receives the answer, not the search.

use serde_json::value::RawValue;

use super::Losses;
use crate::protocol::misfit::Refused;

/// What is asked of the vendor's own search.
#[derive(Debug, Clone, Default)]
pub struct WebSearch {
    /// What the client's protocol calls the tool, to name it where it is lost.
    pub(crate) called: String,
    /// The most searches.
    pub(crate) max_uses: Option<u64>,
    /// Only at these hosts.
    pub(crate) allowed: Vec<String>,
    /// Not at these hosts.
    pub(crate) blocked: Vec<String>,
    /// Where the user is, in the form that Anthropic and OpenAI share.
    pub(crate) location: Option<Box<RawValue>>,
}

/// The options of a vendor's search.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    /// How often it may search.
    pub(crate) max_uses: bool,
    /// Where it may.
    pub(crate) allowed: bool,
    /// Where it may not.
    pub(crate) blocked: bool,
    /// Where the user is.
    pub(crate) location: bool,
}

impl WebSearch {
    /// A search tool with this name.
    pub(crate) fn called(called: &str) -> Self {
        Self { called: called.to_owned(), ..Self::default() }
    }

    /// It is lost.
    ///
    /// # Errors
    /// The tool, when losing is refused.
    pub(crate) fn lose(&self, losses: &mut Losses) -> Result<(), Refused> {
        losses.lose(format!("tools.{}", self.called))
    }

    /// Options that the vendor does not have are lost.
    ///
    /// # Errors
    /// The first field, if losing it is refused.
    pub(crate) fn fit(&self, told: Told, losses: &mut Losses) -> Result<(), Refused> {
        for (is_lost, field) in [
            (self.max_uses.is_some() && !told.max_uses, "max_uses"),
            (!self.allowed.is_empty() && !told.allowed, "allowed_domains"),
            (!self.blocked.is_empty() && !told.blocked, "blocked_domains"),
            (self.location.is_some() && !told.location, "user_location"),
        ] {
            if is_lost {
                losses.lose(format!("tools.{}.{field}", self.called))?;
            }
        }
        Ok(())
    }
}
