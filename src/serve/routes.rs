//! The routes that are not proxied: models, health and readiness.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    http::{
        HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header::CONTENT_TYPE,
    },
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use hyper::body::Incoming;
use tower_service::Service;

use super::{
    answer,
    context::Context,
    reply::{Reply, Source},
    stage::Stage,
    token,
};
use crate::{
    gateway::Gateway,
    protocol::{Protocol, codec::Model, profile::InQuery},
    record::{Asks, Record, RequestId, request_id::REQUEST_ID},
    refusal::Refusal,
    table::{Table, access, terms::Terms},
};

/// The shared state of these routes.
#[derive(Clone)]
struct Served {
    gateway: Arc<Gateway>,
    stage: Stage,
}

/// The refusal of a route, turned into a response together with the request's record.
#[derive(Clone)]
struct Refused(Refusal);

/// A router for every route of the list.
pub fn router(gateway: Arc<Gateway>, stage: Stage) -> Router {
    let all = routes().fold(Router::new(), |router, (path, answer)| router.route(path, answer()));
    all.with_state(Served { gateway, stage })
}

/// Whether a request is for one of these routes.
pub fn owns(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && paths().any(|route| is_at(route, path))
}

/// Whether a path belongs to a route. Paths below a model's belong to the provider.
fn is_at(route: &str, path: &str) -> bool {
    match route.split_once('{') {
        None => path == route,
        Some((start, _)) => path.strip_prefix(start).is_some_and(|id| {
            let is_below =
                |it: &Protocol| it.profile().below_models.is_some_and(|s| id.contains(s));
            !id.is_empty() && !Protocol::ALL.iter().any(is_below)
        }),
    }
}

/// The path of every route; `{*…}` matches any rest.
pub fn paths() -> impl Iterator<Item = &'static str> {
    routes().map(|(path, _)| path)
}

fn routes() -> impl Iterator<Item = Route> {
    let own = Protocol::ALL.iter().filter_map(|it| it.profile().models_paths);
    let own =
        own.flat_map(|[all, one]| -> [Route; 2] { [(all, || get(models)), (one, || get(model))] });
    ROUTES.into_iter().chain(own)
}

/// Serves one of these routes.
pub(crate) async fn serve(
    context: Arc<Context>,
    request: Request<Incoming>,
    asks: Asks,
    id: RequestId,
) -> Response<Reply> {
    let mut record = Record::begin(Arc::clone(&context.report), id, asks);
    let mut response = match context.routes.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if let Some(Refused(refusal)) = response.extensions_mut().remove() {
        return answer::refuse(&refusal, record);
    }
    response.headers_mut().entry(REQUEST_ID).or_insert_with(|| record.request_id());
    record.answered(response.status());
    let bytes = Source::remaining(response.body()).unwrap_or_default();
    record.sent(usize::try_from(bytes).unwrap_or_default());
    record.completed();
    response.map(Reply::of)
}

async fn ready(State(served): State<Served>) -> (StatusCode, &'static str) {
    readiness(&served.stage)
}

/// Whether new requests are accepted, as `/readyz` reports it.
pub(crate) fn readiness(stage: &Stage) -> (StatusCode, &'static str) {
    if stage.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
    }
}

/// The client's protocol. Some have a path of their own; others share one, and a header of their
/// clients distinguishes them.
pub(crate) fn speaks(path: &str, headers: &HeaderMap) -> Protocol {
    let is_own = |it: &Protocol| {
        it.profile().models_paths.is_some_and(|all| all.iter().any(|route| is_at(route, path)))
    };
    Protocol::ALL
        .iter()
        .copied()
        .find(is_own)
        .or_else(|| Protocol::told(headers))
        .unwrap_or_default()
}

/// The models that the caller may use.
async fn models(
    State(served): State<Served>,
    uri: Uri,
    mut headers: HeaderMap,
) -> axum::response::Response {
    let protocol = asked_by(&uri, &mut headers);
    let table = served.gateway.snapshot();
    let caller = table.keyring.caller(token::of(&headers));
    if let Some(Err(refusal)) = access::terms(&table, caller).map(Terms::standing) {
        return refused(refusal);
    }
    let listed = table.listed();
    let usable =
        listed.iter().filter(|(name, pool)| access::right(&table, pool, name, caller).is_ok());
    let models: Vec<Model<'_>> = usable.map(|(name, _)| shown(&table, name)).collect();
    written(protocol.codec().write_models(&models))
}

async fn model(
    State(served): State<Served>,
    uri: Uri,
    id: Result<Path<String>, PathRejection>,
    mut headers: HeaderMap,
) -> axum::response::Response {
    let protocol = asked_by(&uri, &mut headers);
    // A name that is not UTF-8 is not an alias.
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let table = served.gateway.snapshot();
    let caller = table.keyring.caller(token::of(&headers));
    let found = match table.find(&id) {
        None => Err(access::unknown(&table, caller, &id)),
        Some(pool) => access::right(&table, table.pool(pool), &id, caller),
    };
    match found {
        Ok(()) => written(protocol.codec().write_model(&shown(&table, &id))),
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> axum::response::Response {
    let mut response = axum::response::Response::default();
    response.extensions_mut().insert(Refused(refusal));
    response
}

/// The client's protocol; a key in the query was moved into its header.
fn asked_by(uri: &Uri, headers: &mut HeaderMap) -> Protocol {
    let protocol = speaks(uri.path(), headers);
    if protocol.profile().in_query == InQuery::Key {
        token::take_key(uri.query().unwrap_or_default(), headers);
    }
    protocol
}

fn shown<'a>(table: &Table, name: &'a str) -> Model<'a> {
    Model { id: name, created: table.created, owned_by: "onwards" }
}

fn written(json: Vec<u8>) -> axum::response::Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
}

/// The body of `/healthz`.
pub(crate) const HEALTHY: &str = "ok\n";

/// A path and its handler.
type Route = (&'static str, fn() -> MethodRouter<Served>);

/// All routes, except the models of protocols with paths of their own.
const ROUTES: [Route; 5] = [
    ("/v1/models", || get(models)),
    ("/models", || get(models)),
    ("/v1/models/{*id}", || get(model)),
    ("/healthz", || get(|| async { HEALTHY })),
    ("/readyz", || get(ready)),
];
