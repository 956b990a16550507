//! The operations port, for operators only: status page, metrics, `/explain`, and the admin API.

mod api;
mod board;
mod conversations;
pub mod explain;
pub mod gauges;
mod page;
pub(crate) mod status;

pub(crate) use self::api::AdminKey;

use std::time::Duration;
use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use hyper::body::Incoming;
use tower_service::Service as _;

use self::{
    api::Api,
    board::Board,
    explain::{Asker, Explanation},
    gauges::{Gauges, MOST_UNUSED, MOST_ZEROS, with_zeros},
    status::Sources,
};
use crate::{
    reload::Handle,
    secret::names::label,
    serve::{
        Stage,
        connection::{self, Listener, Timeouts},
        reply::Reply,
        routes,
    },
};

/// The handler of the operations port.
struct Port {
    router: Router,
    /// The admin API, if there is an admin key.
    api: Option<Api>,
    /// Whether only this machine can connect.
    is_local: bool,
    /// It serves until the process ends.
    stage: Stage,
}

/// Serves the operations port with the limits of the clients' port and a maximum of connections.
/// Without an admin key there is no admin API.
pub(crate) async fn listen(
    sources: Sources,
    key: Option<AdminKey>,
    handle: Handle,
    listener: Listener,
    timeouts: Timeouts,
) {
    let is_local = listener.is_local();
    let api = key.map(|key| Api::new(key, sources.clone(), handle));
    let port = Port { router: router(sources), api, is_local, stage: Stage::default() };
    // Few connections are served at once, so an idle one must not keep others out for long.
    let timeouts = Timeouts { idle: timeouts.idle.min(IDLE), ..timeouts };
    connection::accept(Arc::new(port), listener, timeouts, MOST_CONNECTIONS).await;
}

/// The routes of the operations port.
fn router(sources: Sources) -> Router {
    Router::new()
        .route("/", get(page::html))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .route("/administer.js", get(page::administer))
        .route("/icon.svg", get(page::icon))
        .route("/status", get(status))
        .route("/events", get(events))
        .route("/requests", get(requests))
        .route("/metrics", get(metrics))
        .route("/explain", get(explained))
        .route("/healthz", get(|| async { routes::HEALTHY }))
        .route("/readyz", get(ready))
        .with_state(Board::new(sources))
}

impl connection::Service for Port {
    async fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        client: Option<IpAddr>,
    ) -> http::Response<Reply> {
        let path = request.uri().path();
        let administers = Api::has(path);
        let is_meant = match path {
            "/healthz" | "/readyz" => true,
            "/metrics" => page::names_no_stranger(request.headers()),
            _ => page::names_this_machine(request.headers()),
        };
        if self.is_local && !is_meant {
            let mut refused = (StatusCode::MISDIRECTED_REQUEST, MISDIRECTED).into_response();
            page::protect(refused.headers_mut());
            return refused.map(Reply::of);
        }
        if administers && let Some(api) = &self.api {
            let mut response = api.serve(request, client).await;
            page::protect(response.headers_mut());
            return response.map(Reply::of);
        }
        match self.router.clone().call(request).await {
            Ok(mut response) => {
                page::protect(response.headers_mut());
                response.map(Reply::of)
            }
            Err(never) => match never {},
        }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }
}

async fn ready(State(board): State<Arc<Board>>) -> (StatusCode, &'static str) {
    routes::readiness(&board.sources.stage)
}

async fn status(State(board): State<Arc<Board>>) -> Response {
    ([(header::CONTENT_TYPE, JSON)], board.now()).into_response()
}

async fn events(State(board): State<Arc<Board>>) -> Response {
    match board.follow() {
        Some(events) => {
            ([(header::CONTENT_TYPE, EVENTS)], Body::from_stream(events)).into_response()
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "too many clients follow the status already\n")
            .into_response(),
    }
}

/// The query of `/requests`.
#[derive(serde::Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn requests(State(board): State<Arc<Board>>, Query(search): Query<Search>) -> Response {
    let found = status::search(&board.sources.feed, &search.q);
    ([(header::CONTENT_TYPE, JSON)], found).into_response()
}

async fn metrics(State(board): State<Arc<Board>>) -> Response {
    let Sources { gateway, meters, .. } = &board.sources;
    let table = gateway.snapshot();
    let known = with_zeros(&table, MOST_ZEROS);
    let counted = match meters.render(label, &known) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    drop(known);
    let levels = Gauges::of(table, &meters.prefix, MOST_UNUSED);
    let pieces = std::iter::once(counted).chain(levels).map(Ok::<_, Infallible>);
    let body = Body::from_stream(stream::iter(pieces));
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], body).into_response()
}

/// The query of `/explain`.
#[derive(serde::Deserialize)]
struct Question {
    #[serde(alias = "alias")]
    model: String,
    key: Option<String>,
    path: Option<String>,
    #[serde(default)]
    tokens: u64,
    needs: Option<String>,
}

async fn explained(
    State(board): State<Arc<Board>>,
    question: Result<Query<Question>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<Explanation>, (StatusCode, String)> {
    let Ok(Query(question)) = question else {
        return Err((StatusCode::BAD_REQUEST, HOW_TO_EXPLAIN.to_owned()));
    };
    let Question { model, key, path, tokens, needs } = question;
    let token = headers.get(EXPLAINED_KEY).and_then(|value| value.to_str().ok());
    let asker = match (&key, token) {
        (Some(name), _) => Asker::Named(name),
        (None, Some(token)) => Asker::Token(token),
        (None, None) => Asker::Any,
    };
    let (path, needs) = (path.as_deref(), needs.as_deref());
    let question = explain::Question { alias: &model, asker, path, tokens, needs };
    let told = explain::explain(&board.sources.gateway.snapshot(), question);
    told.map(Json).map_err(|why| (StatusCode::NOT_FOUND, why + "\n"))
}

/// The header with the token of an explanation's caller; not in the query, which proxies log.
const EXPLAINED_KEY: &str = "x-onwards-key";
const HOW_TO_EXPLAIN: &str =
    "use /explain?model=ALIAS, optionally with &key=NAME, &path=PATH and &tokens=N\n";
/// The idle timeout of a connection.
const IDLE: Duration = Duration::from_secs(30);
/// Scrapers and operators are few.
const MOST_CONNECTIONS: usize = 64;
const MISDIRECTED: &str = "use `localhost` or an IP address, not another host name\n";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
