//! The operations port: metrics, and why a request goes where it goes; for operators only.

pub mod explain;
pub mod gauges;

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State},
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tower_service::Service as _;

use self::{
    explain::Explanation,
    gauges::{Gauges, MOST_UNUSED, MOST_ZEROS, with_zeros},
};
use crate::{
    gateway::Gateway,
    live::Meters,
    secret::names::label,
    serve::{
        Stage,
        connection::{self, Timeouts},
        reply::Reply,
    },
};

/// What the operations port answers from.
#[derive(Clone)]
struct Context {
    gateway: Arc<Gateway>,
    meters: Arc<Meters>,
}

/// The operations port.
struct Port {
    router: Router,
    /// It serves until the process ends.
    stage: Stage,
}

/// Serves the operations port with the limits of the clients' port, and with a most of connections.
pub(crate) async fn listen(
    gateway: Arc<Gateway>,
    meters: Arc<Meters>,
    listener: TcpListener,
    timeouts: Timeouts,
) {
    let port = Port { router: router(gateway, meters), stage: Stage::default() };
    connection::accept(Arc::new(port), listener, timeouts, MOST_CONNECTIONS).await;
}

/// The routes of the operations port.
fn router(gateway: Arc<Gateway>, meters: Arc<Meters>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/explain", get(explained))
        .with_state(Context { gateway, meters })
}

impl connection::Service for Port {
    async fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        _client: Option<IpAddr>,
    ) -> http::Response<Reply> {
        match self.router.clone().call(request).await {
            Ok(response) => response.map(Reply::of),
            Err(never) => match never {},
        }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }
}

async fn metrics(State(context): State<Context>) -> Response {
    let table = context.gateway.snapshot();
    let known = with_zeros(&table, MOST_ZEROS);
    let counted = match context.meters.render(label, &known) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    drop(known);
    let levels = Gauges::of(table, &context.meters.prefix, MOST_UNUSED);
    let pieces = std::iter::once(counted).chain(levels).map(Ok::<_, Infallible>);
    let body = Body::from_stream(stream::iter(pieces));
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], body).into_response()
}

/// What `/explain` is asked.
#[derive(serde::Deserialize)]
struct Question {
    model: String,
    key: Option<String>,
    #[serde(default)]
    tokens: u64,
}

async fn explained(
    State(context): State<Context>,
    Query(question): Query<Question>,
) -> Result<Json<Explanation>, (StatusCode, String)> {
    let Question { model, key, tokens } = question;
    let told = explain::explain(&context.gateway.snapshot(), &model, key.as_deref(), tokens);
    told.map(Json).map_err(|why| (StatusCode::NOT_FOUND, why + "\n"))
}

/// Scrapers and operators are few.
const MOST_CONNECTIONS: usize = 64;
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
