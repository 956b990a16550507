//! Everything known about a request: started with its head, finished when the body of its response
//! is dropped, for whatever reason, and passed to the report as one value.
//!
//! It decides and counts nothing.

pub(crate) mod finished;
pub(crate) mod guarded;
pub(crate) mod holds;
pub(crate) mod outcome;
mod pools;
mod queued;
pub(crate) mod request_id;
mod response;
#[cfg(test)]
mod tests;
pub(crate) mod trail;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderValue, StatusCode};

pub(crate) use self::{
    finished::{Asks, End, Finished, Report},
    guarded::{Guarded, GuardedBy},
    holds::{Holder, Holds},
    outcome::Outcome,
    request_id::RequestId,
    trail::Trail,
};
use self::{pools::Pools, queued::Queued};
use crate::{
    live::{Account, Head, Times},
    protocol::{
        Operation, Protocol,
        conversation::{Finish, Usage},
    },
    refusal::Refusal,
    table::{Caller, Pool, PoolId, Provider, ProviderRef, Table},
    trace::Trace,
    words::Headers,
};

/// What is known about a request so far.
pub(crate) struct Record {
    report: Arc<dyn Report>,
    id: RequestId,
    asks: Asks,
    caller: Option<Caller>,
    /// The usage account of its key.
    account: Option<Arc<Account>>,
    stream: bool,
    /// The name that was asked for, where it is not that of the pool that serves; and the pool that was
    /// refused, where there is one.
    asked_name: Option<(Box<str>, Option<Arc<Pool>>)>,
    served_by: Option<ServedBy>,
    started: Instant,
    first_byte: Option<Duration>,
    waited: Duration,
    /// How long it has waited for limits of ours, where it has.
    queued: Option<Box<Queued>>,
    /// Unknown until there is an answer, or a refusal.
    status: Option<StatusCode>,
    bytes_in: u64,
    bytes_out: u64,
    end: End,
    /// Whether tokens are what the answer takes.
    takes_tokens: bool,
    /// The tokens that the answer took.
    usage: Option<Usage>,
    /// Whether some of these were not told.
    estimated: bool,
    /// Why the model stopped, where the answer says it.
    finish: Option<Finish>,
    /// Its reservations of tokens and money.
    pub(crate) holds: Option<Box<Holds>>,
    /// The service tier that the answer names, where its price depends on it.
    service: Option<Box<str>>,
    /// The provider's request ID, if a report shows it.
    upstream_id: Option<HeaderValue>,
    /// The matches of guardrails.
    pub(crate) guarded: GuardedBy,
    /// The headers of the response about the request.
    headers: Headers,
    /// The attempts, in order.
    pub(crate) trail: Trail,
}

/// The pool that was asked for, the one that serves, and those that the trail names.
struct ServedBy {
    asked: PoolId,
    pool: PoolId,
    pools: Pools,
}

impl Record {
    /// Begins when a request's head has arrived. Boxed: it is large, and passes through many hands.
    pub(crate) fn begin(report: Arc<dyn Report>, id: RequestId, asks: Asks) -> Box<Self> {
        Box::new(Self {
            report,
            id,
            asks,
            caller: None,
            account: None,
            stream: false,
            asked_name: None,
            served_by: None,
            started: Instant::now(),
            first_byte: None,
            waited: Duration::ZERO,
            queued: None,
            status: None,
            bytes_in: 0,
            bytes_out: 0,
            end: End::Left,
            takes_tokens: true,
            usage: None,
            estimated: false,
            finish: None,
            holds: None,
            service: None,
            upstream_id: None,
            guarded: GuardedBy::default(),
            headers: Headers::default(),
            trail: Trail::default(),
        })
    }

    /// The request's id, as a header says it.
    pub(crate) fn request_id(&self) -> HeaderValue {
        self.id.clone().into_value()
    }

    /// Where the request stands in its trace, where it is sampled.
    pub(crate) fn trace(&self) -> Option<Arc<Trace>> {
        self.asks.trace.clone()
    }

    /// The client's protocol.
    pub(crate) fn protocol(&self) -> Protocol {
        self.asks.protocol
    }

    /// The body has been read; it asks for a stream or for a whole answer.
    pub(crate) fn came(&mut self, bytes: u64, stream: bool) {
        self.bytes_in = bytes;
        self.stream = stream;
    }

    /// It is known what it asks for, and whether tokens are what that takes.
    pub(crate) fn asks_for(&mut self, operation: Option<Operation>, takes_tokens: bool) {
        (self.asks.operation, self.takes_tokens) = (operation, takes_tokens);
    }

    /// Whether tokens are what its answer takes.
    pub(crate) fn takes_tokens(&self) -> bool {
        self.takes_tokens
    }

    /// The caller is known, or it is known that it is not.
    pub(crate) fn called_by(&mut self, caller: Caller, table: &Table) {
        self.caller = Some(caller);
        if let Caller::Known(key) = caller {
            self.account.clone_from(&table.keyring.key(key).account);
        }
    }

    /// No pool serves the alias that was asked for: it does not exist, or the caller may not use it.
    pub(crate) fn unserved(&mut self, alias: Box<str>, pool: Option<&Arc<Pool>>) {
        self.asked_name = Some((alias, pool.cloned()));
    }

    /// The pool is known, and the caller may use it; `asked` is the pool of the alias that was asked
    /// for.
    pub(crate) fn allowed(&mut self, table: &Arc<Table>, asked: PoolId, pool: PoolId) {
        self.headers = table.headers;
        let pools = Pools::All(Arc::clone(table));
        self.served_by = Some(ServedBy { asked, pool, pools });
    }

    /// The name that was asked for, where it is not that of the pool: a pattern, a further name.
    pub(crate) fn asked_as(&mut self, name: &str) {
        self.asked_name = Some((name.into(), None));
    }

    /// No further attempt follows: of the table only the pools are kept that the trail names.
    pub(crate) fn releases_table(&mut self) {
        if let Some(ServedBy { asked, pool, pools }) = &mut self.served_by {
            pools.keep([*pool, *asked].into_iter().chain(self.trail.pools()));
        }
    }

    /// Time that providers took.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    /// It waits for a limit of ours from now on.
    pub(crate) fn begins_to_wait(&mut self) {
        self.queued.get_or_insert_default().begins();
    }

    /// It does not wait any more.
    pub(crate) fn ends_to_wait(&mut self) {
        if let Some(queued) = &mut self.queued {
            self.waited += queued.ends();
        }
    }

    /// How long it has waited for limits of ours, where it has.
    pub(crate) fn queued(&self) -> Option<Duration> {
        self.queued.as_deref()?.time()
    }

    /// The router says no.
    pub(crate) fn refused(&mut self, refusal: &Refusal) {
        let row = refusal.row();
        self.status = Some(row.status);
        self.end = End::Refused { code: row.code, whose: row.param.unwrap_or_default() };
    }

    /// The response's head is ready.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        if self.first_byte.is_none() {
            self.answered_at(status, Instant::now());
        }
    }

    /// The head was sent before its outcome was known. What the client has seen stays in the
    /// record.
    pub(crate) fn answered_at(&mut self, status: StatusCode, at: Instant) {
        if self.first_byte.is_none() {
            self.status = Some(status);
            self.first_byte = Some(at.saturating_duration_since(self.started));
        }
    }

    /// A piece of the body is on its way to the client.
    #[inline]
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes_out += bytes as u64;
    }

    /// The response's body has come to its end.
    pub(crate) fn completed(&mut self) {
        if self.end == End::Left {
            self.end = End::Complete;
        }
    }

    /// The tokens that the answer took, as its provider tells them.
    pub(crate) fn used(&mut self, usage: Option<Usage>) {
        self.usage = usage.filter(|_| self.takes_tokens);
    }

    /// The tokens that the answer took as far as they were told, and an estimate of the others.
    pub(crate) fn used_about(&mut self, usage: Usage) {
        (self.usage, self.estimated) = (Some(usage), true);
    }

    /// The estimated tokens of the last attempt.
    pub(crate) fn spent_about(&mut self, usage: Usage) {
        self.trail.spent(usage);
        self.estimated = true;
    }

    /// The tokens of the answer, if any are known.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Whether the finish reason is needed: a report shows it, and there is a model.
    pub(crate) fn wants_reason(&self) -> bool {
        let is_other =
            matches!(self.asks.operation, Some(Operation::Embed | Operation::CountTokens));
        self.is_shown() && self.finish.is_none() && !is_other
    }

    /// Why the model stopped, where that is known.
    pub(crate) fn stopped(&mut self, reason: Option<Finish>) {
        self.finish = reason.or(self.finish);
    }

    /// Whether a report shows each request by itself, so that its tokens are wanted.
    pub(crate) fn is_shown(&self) -> bool {
        self.asks.target.is_some()
    }

    /// How the response has ended so far.
    pub(crate) fn end(&self) -> End {
        self.end
    }

    /// The answer names a service tier.
    pub(crate) fn served_in(&mut self, service: Option<&str>) {
        self.service = service.map(Into::into);
    }

    /// The provider whose answer goes to the client has a name of its own for the request.
    pub(crate) fn told_id(&mut self, id: &HeaderValue) {
        if self.is_shown() {
            self.upstream_id = Some(id.clone());
        }
    }

    /// Bytes of the response's body that were handed to the connection.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out
    }

    /// The name that was asked for, where it is not that of the pool.
    pub(crate) fn asked_name(&self) -> Option<&str> {
        self.asked_name.as_ref().map(|(name, _)| &**name)
    }

    /// The answer became an error after its head had gone out.
    pub(crate) fn broke_off(&mut self, reason: &'static str) {
        self.end = End::BrokeOff(reason);
    }

    /// The pool that serves the request.
    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.served_by.as_ref().map(|served_by| served_by.pools.get(served_by.pool))
    }

    /// A provider that the trail names, and its alias.
    pub(crate) fn named(&self, provider: ProviderRef) -> Option<(&str, &Provider)> {
        let pools = &self.served_by.as_ref()?.pools;
        Some((&pools.get(provider.pool).alias, pools.provider(provider)))
    }

    /// The cost of an answer together with attempts whose answers were not passed on.
    #[cold]
    fn with_spent(&self, answer: Option<u64>, spent: &[(usize, Usage)]) -> Option<u64> {
        let pools = &self.served_by.as_ref()?.pools;
        let cost = |(at, usage): &(usize, Usage)| {
            let provider = pools.provider(self.trail.steps().get(*at)?.provider);
            provider.pricing.cost(*usage, None)
        };
        answer.into_iter().chain(spent.iter().filter_map(cost)).reduce(u64::saturating_add)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let faulty = std::thread::panicking();
        let total = self.started.elapsed();
        let head = self.status.map(|_| {
            let first_byte = self.first_byte.unwrap_or(total);
            Head { first_byte, overhead: first_byte.saturating_sub(self.waited) }
        });
        let unanswered = if faulty { INTERNAL } else { CLIENT_LEFT };
        let holds = self.holds.take();
        let served_by = self.served_by.as_ref();
        let served = served_by.and_then(|it| finished::served(&it.pools, self.trail.steps()));
        let is_billed = self.takes_tokens
            && served.is_some_and(|(.., step)| matches!(step.outcome, Outcome::Status(200..=299)));
        let service = self.service.as_deref();
        let cost = served.and_then(|(_, provider, _)| match self.usage {
            Some(usage) => provider.pricing.cost(usage, service),
            // The price of a request is due whatever its tokens.
            None if is_billed => {
                provider.pricing.cost(Usage::default(), service).filter(|it| *it > 0)
            }
            None => None,
        });
        let cost = match self.trail.all_spent() {
            [] => cost,
            spent => self.with_spent(cost, spent),
        };
        self.guarded.finish();
        let finished = Finished {
            id: &self.id,
            asks: &self.asks,
            caller: self.caller,
            account: self.account.as_deref(),
            stream: self.stream,
            asked_name: self.asked_name.as_ref().map(|(alias, _)| &**alias),
            refused_at: self.asked_name.as_ref().and_then(|(_, pool)| pool.as_deref()),
            served_by: served_by.map(|it| finished::ServedBy {
                asked: it.pools.get(it.asked),
                pool: it.pools.get(it.pool),
                pools: &it.pools,
            }),
            served,
            status: self.status.map_or(unanswered, |status| status.as_u16()),
            started: self.started,
            ended: SystemTime::now(),
            times: Times { total, head },
            queued: self.queued(),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            end: if faulty { End::Fault } else { self.end },
            is_billed,
            usage: self.usage,
            cost,
            estimated: self.estimated,
            finish: self.finish,
            service: self.service.as_deref(),
            upstream_id: self.upstream_id.as_ref(),
            guarded: self.guarded.all(),
            steps: self.trail.steps(),
            spent: self.trail.all_spent(),
        };
        if let Some(holds) = holds {
            holds.settle(&finished);
        }
        self.report.finished(&finished);
    }
}

/// The status of a request whose answer was prevented by a panic,
const INTERNAL: u16 = 500;
/// and of one whose client left before there was one: no status of HTTP's, but what most proxies
/// write.
const CLIENT_LEFT: u16 = 499;
