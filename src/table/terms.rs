//! The terms of a key: its aliases, expiry, team and output limit.
//!
//! It counts nothing; limits are in `live`.

use std::{sync::Arc, time::SystemTime};

use super::{names::fits, policy::Required};
use crate::{guard::Guardrails, live, refusal::Refusal};

crate::secret::unseen!(Terms, Team);

/// The terms of one key; most keys have none.
#[derive(Default)]
pub(crate) struct Terms {
    /// The aliases it may use, if restricted.
    pub(crate) models: Option<Models>,
    /// What it requires of providers.
    pub(crate) required: Option<Box<Required>>,
    /// The guardrails for its requests.
    pub(crate) guardrails: Option<Guardrails>,
    /// When it expires.
    pub(crate) expires_at: Option<SystemTime>,
    /// Whether it is disabled.
    pub(crate) disabled: bool,
    /// Its weight in queues, if it is above 1.
    pub(crate) priority: Option<u8>,
    /// Its team.
    pub(crate) team: Option<Arc<Team>>,
    /// The output limit of an answer, from the key or its team.
    pub(crate) max_output_tokens: Option<u64>,
}

/// What several keys share.
pub(crate) struct Team {
    /// Its name.
    pub(crate) name: Box<str>,
    /// Its limits, which its keys share.
    pub(crate) limits: live::Limits,
    /// What its keys require of providers.
    pub(crate) required: Option<Box<Required>>,
    /// The guardrails for requests of its keys.
    pub(crate) guardrails: Option<Guardrails>,
    /// The aliases that its keys may use.
    pub(crate) models: Option<Models>,
    /// Whether its keys are disabled.
    pub(crate) disabled: bool,
    /// The output limit of an answer.
    pub(crate) max_output_tokens: Option<u64>,
}

/// Names of aliases, in which `*` matches any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Models(Box<[Box<str>]>);

impl Terms {
    /// Whether the key may be used.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn standing(&self) -> Result<(), Refusal> {
        if self.disabled || self.team.as_ref().is_some_and(|team| team.disabled) {
            return Err(Refusal::KeyDisabled);
        }
        match self.expires_at {
            Some(end) if SystemTime::now() >= end => Err(Refusal::KeyExpired),
            _ => Ok(()),
        }
    }

    /// Whether it may use an alias with any of these names; `None` if it does not restrict aliases.
    pub(crate) fn permit(&self, names: &[&str]) -> Option<bool> {
        let lists =
            [self.models.as_ref(), self.team.as_ref().and_then(|team| team.models.as_ref())];
        let mut lists = lists.into_iter().flatten().peekable();
        lists.peek()?;
        Some(lists.all(|models| names.iter().any(|name| models.hold(name))))
    }

    /// The aliases that it lists, some as patterns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let its = || self.team.as_ref().and_then(|team| team.models.as_ref());
        self.models.as_ref().or_else(its).into_iter().flat_map(|it| it.0.iter().map(|name| &**name))
    }
}

impl Models {
    /// Parses names.
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.as_str().into()).collect())
    }

    fn hold(&self, alias: &str) -> bool {
        self.0.iter().any(|model| fits(model, alias))
    }
}
