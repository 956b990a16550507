//! THE request: one function, one line for each stage.
//!
//! Each stage is the file of its name; `?` on any of them ends in `answer`.

use std::sync::Arc;

use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;

use super::{
    admit, answer,
    context::Context,
    early_head::{Attempted, EarlyHead},
    record::Record,
    reply::Reply,
    respond, rounds,
};
use crate::{
    protocol::{Endpoint, Operation, Protocol},
    refusal::Refusal,
    upstream::inbound::Inbound,
};

/// Serves one request through a provider, or says why not.
pub async fn proxy(
    context: Arc<Context>,
    request: Request<Incoming>,
    endpoint: Option<Endpoint>,
    request_id: HeaderValue,
) -> Response<Reply> {
    let speaks = endpoint.as_ref().map(|endpoint| endpoint.protocol).unwrap_or_default();
    let mut record = Record::begin(Arc::clone(&context.meters));
    let (held, mut inbound) = match hold(&context, request, endpoint, &mut record).await {
        Ok(held) => held,
        Err(refusal) => return answer::refuse(&refusal, speaks, request_id, &mut record),
    };
    inbound.request_id = request_id;
    if let Some(early) = EarlyHead::asked(&held, &mut inbound) {
        let meters = Arc::clone(&context.meters);
        let attempts = attempts(context, held, inbound, record);
        return Box::pin(early.serve(attempts, meters)).await;
    }
    let accepted = accept(&context, &held, &inbound, &mut record).await;
    respond::respond(accepted, held, &mut inbound, record)
}

/// What the path asks for. Where another has the same path as OpenAI, its clients say who they are.
pub fn endpoint_of(request: &Request<Incoming>) -> Option<Endpoint> {
    let endpoint = Endpoint::find(request.uri().path(), request.uri().query())?;
    if endpoint.operation != Operation::Native {
        return Some(endpoint);
    }
    Some(match Protocol::told(request.headers()) {
        Some(protocol) => endpoint.said_to_be(protocol),
        None => endpoint,
    })
}

async fn hold(
    context: &Context,
    request: Request<Incoming>,
    endpoint: Option<Endpoint>,
    record: &mut Record,
) -> Result<(admit::Held, Inbound), Refusal> {
    let inbound = admit::admit(request, endpoint, &context.gateway, &context.body_limits).await?;
    let allowed = admit::allow(context.gateway.snapshot(), &inbound)?;
    record.allowed(&allowed);
    Ok((admit::hold(allowed)?, inbound))
}

/// Asks providers until one answer may be passed on, or the process ends.
async fn accept(
    context: &Context,
    held: &admit::Held,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<rounds::Accepted, Refusal> {
    let attempts = std::pin::pin!(rounds::run(context, held, inbound, record));
    tokio::select! {
        biased;
        accepted = attempts => accepted,
        () = context.stage.over() => Err(Refusal::ShuttingDown),
    }
}

/// The same, with all that it needs: it may go on after the head has gone out.
async fn attempts(
    context: Arc<Context>,
    held: admit::Held,
    inbound: Inbound,
    mut record: Record,
) -> Attempted {
    let accepted = accept(&context, &held, &inbound, &mut record).await;
    Attempted { accepted, held, inbound, record }
}
