//! The reservations of tokens and money of a request: settled with the answer's use when the record
//! ends.
//!
//! What was used comes from the finished record.

use std::sync::Arc;

use smallvec::SmallVec;

use super::finished::Finished;
use crate::{
    live::{
        Account, Hold, Typical,
        limit::{
            quota::Crossed,
            window::{Amount, Unit},
        },
    },
    moment,
    protocol::conversation::Usage,
    secret::names::label,
    table::{Provider, ProviderRef},
};

/// Everything that one request holds.
pub(crate) struct Holds {
    /// Tokens of the prompt, as they were estimated.
    pub(crate) estimated: u64,
    /// The typical use of the pool's answers.
    pub(crate) typical: Arc<Typical>,
    /// The reservations at admission, with their owners.
    admission: SmallVec<[(Hold, Holder); 3]>,
    /// The reservations of the serving provider, and of its pool if that took over.
    served: SmallVec<[(ProviderRef, Hold, Holder); 1]>,
}

/// Whose limits they are, for the log.
#[derive(Debug, Clone)]
pub(crate) enum Holder {
    /// A key, by its account; a key without a name has none.
    Key(Option<Arc<Account>>),
    /// A `team`, `alias` or `provider`, and its name.
    Other(&'static str, Arc<str>),
}

impl Holder {
    /// Of this kind and name.
    pub(crate) fn new(kind: &'static str, name: &str) -> Self {
        Self::Other(kind, name.into())
    }

    fn kind_and_name(&self) -> (&'static str, &str) {
        match self {
            Self::Key(account) => ("key", account.as_ref().map_or("", |it| &it.name)),
            Self::Other(kind, name) => (kind, name),
        }
    }
}

impl Holds {
    /// Nothing yet.
    pub(crate) fn new(estimated: u64, typical: Arc<Typical>) -> Self {
        Self { estimated, typical, admission: SmallVec::new(), served: SmallVec::new() }
    }

    /// Adds what was held at admission.
    pub(crate) fn admitted(&mut self, hold: Hold, holder: Holder) {
        self.admission.push((hold, holder));
    }

    /// Adds what is held at the provider that serves.
    pub(crate) fn served(&mut self, provider: ProviderRef, hold: Hold, holder: Holder) {
        self.served.push((provider, hold, holder));
    }

    /// The record has ended.
    pub(super) fn settle(self, finished: &Finished<'_>) {
        let now = moment::now();
        let answer = used(finished);
        if let Some(answer) = answer {
            self.typical.took(self.estimated, answer);
        }
        // The caller pays for failed attempts too.
        let failed = finished.all_spent().map(|(_, provider, usage)| amount(provider, usage, None));
        let Some(all) = answer.into_iter().chain(failed).reduce(Amount::plus) else { return };
        for (hold, holder) in self.admission {
            tell(&hold.settle(all, now), &holder);
        }
        let served = finished.served.map(|(_, _, step)| step.provider);
        for (provider, hold, holder) in self.served {
            if let Some(answer) = answer.filter(|_| Some(provider) == served) {
                tell(&hold.settle(answer, now), &holder);
            }
        }
    }
}

fn amount(provider: &Provider, usage: Usage, service: Option<&str>) -> Amount {
    let picodollars = provider.pricing.cost(usage, service).unwrap_or(0);
    Amount { input: usage.input, output: usage.output, picodollars }
}

/// The use of the answer; `None` if there was none, so that reservations are released.
fn used(finished: &Finished<'_>) -> Option<Amount> {
    let (_, provider, _) = finished.served?;
    let usage = finished.usage.or(finished.is_billed.then(Usage::default))?;
    Some(amount(provider, usage, finished.service))
}

fn tell(crossed: &[Crossed], holder: &Holder) {
    for Crossed { window, used } in crossed {
        let (kind, name) = holder.kind_and_name();
        let name = label(name);
        let share = *used as f64 / window.limit as f64;
        match window.unit {
            Unit::Picodollars => tracing::warn!(
                kind, %name, dollars = *used as f64 / 1e12, of = window.limit as f64 / 1e12, share,
                "a budget is nearly spent"
            ),
            _ => tracing::warn!(kind, %name, used, of = window.limit, share, "a limit is near"),
        }
    }
}
