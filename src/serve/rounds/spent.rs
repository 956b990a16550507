//! What is remembered of those who could not serve, and the truth that is told of it in the end.
//!
//! It decides nothing while somebody is left.

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use crate::{
    failure::Class,
    live::{Limited, State},
    refusal::{AllFailed, Refusal, Whose},
    serve::{
        permits,
        record::{Asked, Record, Step},
    },
    table::Pool,
    upstream::{answer::Answer, failed::Failed},
};

/// What is remembered.
#[derive(Default)]
pub(super) struct Notes {
    /// The soonest moment at which a provider may work again, counted from its failure.
    soonest: Option<Duration>,
    limited: Option<Limited>,
    /// Who rests, and until when: the one whose rest ends soonest.
    resting: Option<(Asked, Option<Instant>)>,
    /// Who is passed over for its size, and takes most.
    largest: Option<(Asked, Option<u64>)>,
    /// Those whose trial is under way.
    pub on_trial: SmallVec<[Asked; 2]>,
    /// What a provider has no words for.
    pub unfit: Option<Refusal>,
    /// A refusal of what was asked, in case nobody serves it.
    pub kept: Option<(Asked, Box<Answer>)>,
}

impl Notes {
    /// A provider failed, and may be worth another look after so long.
    pub(super) fn back_in(&mut self, retry_after: Option<Duration>, state: State) {
        let rest = match state {
            State::Resting { until, .. } => Some(until.saturating_duration_since(Instant::now())),
            _ => None,
        };
        self.note(rest.max(retry_after).unwrap_or(AT_ONCE));
    }

    /// A limit of ours is in the way.
    pub(super) fn limited(&mut self, limited: Limited) {
        self.note(match limited {
            Limited::Rate(wait) => wait,
            Limited::Concurrency => AT_ONCE,
        });
        self.limited = Some(limited);
    }

    /// A provider was passed over because it is not well.
    pub(super) fn rests(&mut self, asked: Asked, state: State, now: Instant) {
        let until = match state {
            State::Resting { until, .. } => Some(until),
            State::HalfOpen { .. } => {
                if !self.on_trial.contains(&asked) {
                    self.on_trial.push(asked);
                }
                return self.note(AT_ONCE);
            }
            State::Unhealthy { .. } | State::Ready { .. } => None,
        };
        self.note(until.map_or(AT_ONCE, |until| until.saturating_duration_since(now)));
        let sooner = match self.resting {
            None => true,
            Some((_, best)) => match (until, best) {
                (Some(until), Some(best)) => until < best,
                (until, best) => until.is_some() && best.is_none(),
            },
        };
        if sooner {
            self.resting = Some((asked, until));
        }
    }

    /// A provider was passed over because the prompt seems too long for it.
    pub(super) fn too_small(&mut self, asked: Asked, window: Option<u64>) {
        if self.largest.is_none_or(|(_, largest)| window > largest) {
            self.largest = Some((asked, window));
        }
    }

    /// A provider's trial takes longer than anybody waits.
    pub(super) fn undecided(&mut self, asked: Asked) {
        self.resting = Some((asked, None));
    }

    /// Who is asked when everybody rests or seems too small; each once.
    pub(super) fn last_resort(&mut self) -> Option<Asked> {
        let resting = self.resting.take().map(|(asked, _)| asked);
        resting.or_else(|| self.largest.take().map(|(asked, _)| asked))
    }

    /// Keeps a provider's word on what was asked.
    pub(super) fn keep(&mut self, failed: Failed, asked: Asked) {
        if matches!(failed.failure.class, Class::ContextWindow | Class::ContentFilter)
            && let Some(answer) = failed.answer
        {
            self.kept = Some((asked, answer));
        }
    }

    /// What is said when nobody is left.
    pub(super) fn refusal(&self, pool: &Pool, record: &Record) -> Refusal {
        let steps = || record.trail.steps();
        if pool.providers.is_empty() && steps().next().is_none() && self.limited.is_none() {
            return Refusal::NoProviders;
        }
        let attempted = steps().any(Step::is_attempt);
        if record.trail.is_unfit() {
            return self.unfit.clone().unwrap_or(Refusal::UnsupportedEndpoint);
        }
        if let Some(limited) = self.limited.filter(|_| !attempted) {
            return match (limited, self.soonest) {
                (Limited::Rate(_), Some(soonest)) => {
                    permits::refusal(Limited::Rate(soonest), Whose::Provider)
                }
                _ => permits::refusal(limited, Whose::Provider),
            };
        }
        let told = || steps().filter(|step| step.is_attempt() || *step == Step::Limited);
        let how = if attempted && told().all(Step::is_rate_limit) {
            AllFailed::RateLimited
        } else if attempted && steps().filter(|step| step.is_attempt()).all(Step::is_timeout) {
            AllFailed::TimedOut
        } else {
            AllFailed::Otherwise
        };
        Refusal::AllFailed { how, retry_after: self.soonest.unwrap_or(AT_ONCE) }
    }

    fn note(&mut self, wait: Duration) {
        self.soonest = Some(self.soonest.map_or(wait, |soonest| soonest.min(wait)));
    }
}

/// A failure that says nothing of when to come back.
const AT_ONCE: Duration = Duration::from_secs(1);
