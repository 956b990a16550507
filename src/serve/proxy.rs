//! The whole request as one function, with one line for each stage.
//!
//! Each stage is the file of its name. Every refusal ends in `answer`.

use std::{pin::pin, sync::Arc};

use futures_util::future::{Either, select};
use http::{Request, Response};
use hyper::body::Incoming;

use super::{
    admit, answer,
    context::Context,
    early_head::{Attempted, EarlyHead},
    guardrails::{self, Asking},
    limits, own_path, pacing,
    permits::Permits,
    policy,
    reply::Reply,
    respond, rounds, sharing, signature, strict, waiting,
};
use crate::{
    gateway::Gateway,
    protocol::Endpoint,
    rare::Rare,
    record::{Asks, Record, RequestId},
    refusal::Refusal,
    table::Table,
    upstream::{echoed, inbound::Inbound, off_core},
};

/// Serves one request through a provider, or answers with a refusal.
pub(crate) async fn proxy(
    context: Arc<Context>,
    request: Request<Incoming>,
    rare: Rare,
    endpoint: Option<Endpoint>,
    asks: Asks,
    id: RequestId,
    at_own_path: bool,
) -> Response<Reply> {
    let mut record = Record::begin(Arc::clone(&context.report), id, asks);
    let (gateway, sizes) = (&context.gateway, &context.body_limits);
    // Without a name of its own, the result takes no space of the future.
    let mut inbound = match admit::admit(request, rare, endpoint, gateway, sizes, &mut record).await
    {
        Ok(inbound) => inbound,
        Err(refusal) => return answer::refuse(&refusal, record),
    };
    if at_own_path {
        own_path::name_model(&mut inbound);
    }
    let hash = match signature::is_large(&inbound) {
        false => None,
        // Boxed, since few requests need this space.
        true => Some(Box::pin(signature::hash_off_core(&inbound)).await),
    };
    let (table, allowed) = match allow(gateway, &mut inbound, hash.as_deref(), &mut record) {
        Ok(allowed) => allowed,
        Err(refusal) => return answer::refuse(&refusal, record),
    };
    if let Some(rules) = guardrails::of(&table, &allowed, &inbound.path) {
        // Boxed, since few requests need this space.
        let client = &context.client;
        let asking = Asking { client, table: &table, caller: allowed.caller };
        let passed = Box::pin(guardrails::input(rules, asking, &mut inbound, &mut record)).await;
        if let Err(refusal) = passed {
            return answer::refuse(&refusal, record);
        }
    }
    let read = match reading(&table, &allowed, &inbound) {
        Reading::Nothing => Ok(()),
        Reading::Here => admit::estimate_here(&table, &allowed, &mut inbound),
        // Boxed, since few requests need this space.
        Reading::All => Box::pin(read(&table, &allowed, &mut inbound)).await,
    };
    if let Err(refusal) = read {
        return answer::refuse(&refusal, record);
    }
    if table.pool(allowed.pool).queue.is_some() {
        return Box::pin(in_turn(context, table, allowed, inbound, record)).await;
    }
    let held = match table.is_shared {
        false => limits::hold(Arc::clone(&table), &allowed, &inbound, &mut record),
        // Boxed, since few files share their limits.
        true => Box::pin(sharing::hold(&table, &allowed, &inbound, &mut record)).await,
    };
    let held = match held {
        Ok(held) => held,
        Err(refusal) => {
            let mut response = answer::refuse(&refusal, record);
            pacing::tell(response.headers_mut(), &table, allowed.caller);
            return response;
        }
    };
    drop(table);
    inbound.request_id = record.request_id();
    if let Some(early) = EarlyHead::asked(held.table.pool(held.pool), &mut inbound) {
        return Box::pin(early.serve(attempts(context, held, inbound, record))).await;
    }
    let accepted = accept(&context, &held, &inbound, &mut record).await;
    respond::respond(context, accepted, held, &mut inbound, record)
}

/// Finds the caller and the pool. The request is borrowed, because it is large and every move would
/// copy it.
fn allow(
    gateway: &Gateway,
    inbound: &mut Inbound,
    hash: Option<&str>,
    record: &mut Record,
) -> Result<(Arc<Table>, admit::Allowed), Refusal> {
    record.came(inbound.body.len(), inbound.stream);
    let operation = inbound.endpoint.as_ref().map(|endpoint| endpoint.operation);
    record.asks_for(operation, inbound.takes_tokens());
    let table = gateway.snapshot();
    let caller = admit::caller(&table, inbound, hash, gateway.base_path());
    record.called_by(caller, &table);
    let allowed = admit::allow(&table, caller, inbound).inspect_err(|_| {
        let pool = table.find(&inbound.alias).map(|pool| table.pool(pool));
        record.unserved(std::mem::take(&mut inbound.alias), pool);
    })?;
    record.allowed(&table, allowed.asked, allowed.pool);
    policy::require(&table, &allowed, inbound)?;
    if let Some(checks) = table.pool(allowed.pool).checks {
        strict::check(inbound, checks)?;
    }
    if *inbound.alias != *table.pool(allowed.asked).alias {
        record.asked_as(&inbound.alias);
    }
    Ok((table, allowed))
}

/// What is read of a request before it holds limits.
enum Reading {
    Nothing,
    /// A small body is read for an estimate, since a limit depends on the answer.
    Here,
    /// The body is large, or its key has an output limit, or a provider lacks a capability.
    All,
}

fn reading(table: &Table, allowed: &admit::Allowed, inbound: &Inbound) -> Reading {
    if admit::cap(table, allowed).is_some() || !table.pool(allowed.pool).lacked.is_empty() {
        return Reading::All;
    }
    match admit::counts(table, allowed) {
        false => Reading::Nothing,
        true if inbound.body.len() <= off_core::LARGE as u64 => Reading::Here,
        true => Reading::All,
    }
}

/// Estimates the answer, writes the output limit, and reads what the request needs. The last comes
/// after all changes of the body.
async fn read(
    table: &Table,
    allowed: &admit::Allowed,
    inbound: &mut Inbound,
) -> Result<(), Refusal> {
    if admit::cap(table, allowed).is_some() || admit::counts(table, allowed) {
        admit::estimate(table, allowed, inbound).await?;
    }
    if !table.pool(allowed.pool).lacked.is_empty() {
        policy::require_capabilities(table, allowed, inbound).await?;
    }
    Ok(())
}

/// Asks providers until an answer is accepted or the process ends.
async fn accept(
    context: &Context,
    held: &admit::Held,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<rounds::Accepted, Refusal> {
    let mut accepted = {
        let attempts = pin!(rounds::run(context, held, inbound, record));
        let over = pin!(context.stage.over());
        match select(attempts, over).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => Err(Refusal::ShuttingDown),
        }
    };
    if let Ok(accepted) = &mut accepted
        && !accepted.answer.status.is_success()
    {
        echoed::hide(&mut accepted.answer, accepted.provider.of(&held.table));
    }
    match (&inbound.guardrails, accepted) {
        // Boxed, since few answers are inspected.
        (Some(rules), Ok(accepted)) => {
            let (client, table) = (&context.client, &held.table);
            let asking = Asking { client, table, caller: held.caller };
            Box::pin(guardrails::output(accepted, rules, asking, inbound, record)).await
        }
        (_, accepted) => accepted,
    }
}

/// The rest of a request whose pool has a queue. A streaming client receives comments while it
/// waits.
async fn in_turn(
    context: Arc<Context>,
    table: Arc<Table>,
    allowed: admit::Allowed,
    mut inbound: Inbound,
    record: Box<Record>,
) -> Response<Reply> {
    inbound.request_id = record.request_id();
    let early = EarlyHead::asked(table.pool(allowed.pool), &mut inbound);
    let attempts = attempts_in_turn(context, table, allowed, inbound, record);
    if let Some(early) = early {
        return early.serve(attempts).await;
    }
    let Attempted { context, accepted, held, mut inbound, record } = attempts.await;
    respond::respond(context, accepted, held, &mut inbound, record)
}

/// The attempts of a request after its wait, unless the process ends first.
async fn attempts_in_turn(
    context: Arc<Context>,
    table: Arc<Table>,
    allowed: admit::Allowed,
    inbound: Inbound,
    mut record: Box<Record>,
) -> Attempted {
    let waited = async {
        let until = rounds::until(table.pool(allowed.pool), &inbound)?;
        if table.is_shared {
            sharing::ready(&table, &allowed, &inbound).await;
        }
        waiting::hold(&table, &allowed, &inbound, &mut record, until).await
    };
    // The end comes first: places that it frees are not for those that wait.
    let waited = tokio::select! {
        biased;
        () = context.stage.over() => Err(Refusal::ShuttingDown),
        waited = waited => waited,
    };
    match waited {
        Ok(held) => attempts(context, held, inbound, record).await,
        Err(refusal) => {
            let admit::Allowed { pool, caller, .. } = allowed;
            let held = admit::Held { table, pool, caller, permits: Permits::new() };
            Attempted { context, accepted: Err(refusal), held, inbound, record }
        }
    }
}

/// The attempts with everything they need, since they may continue after the head is sent.
async fn attempts(
    context: Arc<Context>,
    held: admit::Held,
    inbound: Inbound,
    mut record: Box<Record>,
) -> Attempted {
    let accepted = accept(&context, &held, &inbound, &mut record).await;
    Attempted { context, accepted, held, inbound, record }
}
