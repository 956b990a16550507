//! The one value that all reports read.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderValue, Method, uri::PathAndQuery};

use super::{guarded::Guarded, outcome::Outcome, pools::Pools, request_id::RequestId, trail::Step};
use crate::{
    live::{Account, Times},
    protocol::{
        Operation, Protocol,
        conversation::{Finish, Usage},
    },
    table::{Caller, Pool, Provider},
    trace::Trace,
};

/// Receives every finished request.
pub(crate) trait Report: Send + Sync {
    /// A request has ended. Called once for each, on the core that served it: it must not wait.
    fn finished(&self, request: &Finished<'_>);

    /// Whether it shows what only people read: a request's path.
    fn shows_target(&self) -> bool {
        false
    }
}

/// The head of a request, and its origin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asks {
    /// In which protocol.
    pub(crate) protocol: Protocol,
    /// The operation, if the protocol tells it.
    pub(crate) operation: Option<Operation>,
    /// The client's address, as the connection has it.
    pub(crate) client: Option<IpAddr>,
    /// Method, path and query, where a report shows them.
    pub(crate) target: Option<(Method, PathAndQuery)>,
    /// Where it stands in its trace, where it is sampled.
    pub(crate) trace: Option<Arc<Trace>>,
}

/// A request that has ended.
pub(crate) struct Finished<'a> {
    /// Its id.
    pub(crate) id: &'a RequestId,
    /// The request's head.
    pub(crate) asks: &'a Asks,
    /// The caller; absent where the request was refused before its key was looked up.
    pub(crate) caller: Option<Caller>,
    /// The usage account of the caller's key, if it has a name.
    pub(crate) account: Option<&'a Account>,
    /// Whether a stream was asked for.
    pub(crate) stream: bool,
    /// The name that was asked for, where it is not the alias of the pool or no pool serves it.
    pub(crate) asked_name: Option<&'a str>,
    /// The pool of that alias, where there is one that refused the caller.
    pub(crate) refused_at: Option<&'a Pool>,
    /// The pools asked for and served.
    pub(crate) served_by: Option<ServedBy<'a>>,
    /// The pool and the provider whose answer the client got, be it an error, and that attempt.
    pub(crate) served: Option<(&'a Pool, &'a Provider, &'a Step)>,
    /// The status that the client got; 499 where it left before there was one.
    pub(crate) status: u16,
    /// When its head arrived.
    pub(crate) started: Instant,
    /// When it ended.
    pub(crate) ended: SystemTime,
    /// From its head to the end of the response.
    pub(crate) times: Times,
    /// How long it has waited for limits of ours, where it has.
    pub(crate) queued: Option<Duration>,
    /// Bytes of its body, once that has been read.
    pub(crate) bytes_in: u64,
    /// Bytes of the response's body that were handed to the connection.
    pub(crate) bytes_out: u64,
    /// How it ended.
    pub(crate) end: End,
    /// Whether the provider has answered what it is paid for.
    pub(crate) is_billed: bool,
    /// The tokens that the answer took, as its provider tells them, or as they are estimated.
    pub(crate) usage: Option<Usage>,
    /// The cost of all attempts in picodollars; absent without a known price or usage.
    pub(crate) cost: Option<u64>,
    /// Whether some of these were not told.
    pub(crate) estimated: bool,
    /// Why the model stopped, where the answer says it.
    pub(crate) finish: Option<Finish>,
    /// The service tier that the answer names, where its price depends on it.
    pub(crate) service: Option<&'a str>,
    /// The provider's request ID.
    pub(crate) upstream_id: Option<&'a HeaderValue>,
    /// The matches of guardrails.
    pub(crate) guarded: &'a [Guarded],
    /// Every provider that was asked or passed over, in order.
    pub(crate) steps: &'a [Step],
    /// The tokens of attempts whose answers were not passed on, by the place of the step.
    pub(crate) spent: &'a [(usize, Usage)],
}

/// The pools of a request.
#[derive(Clone, Copy)]
pub(crate) struct ServedBy<'a> {
    /// The pool of the alias that was asked for.
    pub(crate) asked: &'a Pool,
    /// The pool that the caller's rules led to.
    pub(crate) pool: &'a Pool,
    pub(super) pools: &'a Pools,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The response went out to its end.
    Complete,
    /// The router refused it.
    Refused {
        /// The refusal's code.
        code: &'static str,
        /// The owner of the limit; empty if there was none.
        whose: &'static str,
    },
    /// Its answer became an error after the head had gone out; the class of the failure, or the code
    /// of the refusal.
    BrokeOff(&'static str),
    /// The client left before the end.
    Left,
    /// A fault of the router took it down.
    Fault,
}

impl<'a> Finished<'a> {
    /// The alias that was asked for, once it was known.
    #[cfg(test)]
    pub(crate) fn alias(&self) -> Option<&'a str> {
        self.asked_name.or(self.served_by.map(|served_by| &*served_by.asked.alias))
    }

    /// The pool, the provider and the tokens of each attempt whose answer was not passed on.
    pub(crate) fn all_spent(&self) -> impl Iterator<Item = (&'a Pool, &'a Provider, Usage)> + '_ {
        let pools = self.served_by.map(|served_by| served_by.pools);
        self.spent.iter().filter_map(move |(at, usage)| {
            let (pool, provider, _) = named(pools?, self.steps.get(*at)?);
            Some((pool, provider, *usage))
        })
    }

    /// The pool and the provider of each step.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = (&'a Pool, &'a Provider, &'a Step)> + '_ {
        let pools = self.served_by.map(|served_by| served_by.pools);
        self.steps.iter().filter_map(move |step| Some(named(pools?, step)))
    }
}

/// The attempt whose answer the client got: the last, if it was answered.
pub(super) fn served<'a>(
    pools: &'a Pools,
    steps: &'a [Step],
) -> Option<(&'a Pool, &'a Provider, &'a Step)> {
    let step = steps.last()?;
    matches!(step.outcome, Outcome::Status(_) | Outcome::Failed(_)).then(|| named(pools, step))
}

fn named<'a>(pools: &'a Pools, step: &'a Step) -> (&'a Pool, &'a Provider, &'a Step) {
    (pools.get(step.provider.pool), pools.provider(step.provider), step)
}
