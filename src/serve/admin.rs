//! The operations port: metrics, and why a request goes where it goes; for operators only.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use hyper::body::Incoming;
use tokio::{net::TcpListener, time::Instant};
use tower_service::Service as _;

use super::{
    Stage,
    connection::{self, Timeouts},
    explain::{self, Explanation},
    relay::Reply,
};
use crate::{
    gateway::Gateway,
    live::{HealthSettings, Meters, health},
    table::{Provider, Table},
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
pub async fn listen(
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
    async fn serve(self: Arc<Self>, request: Request<Incoming>) -> http::Response<Reply> {
        match self.router.clone().call(request).await {
            Ok(response) => response.map(Reply::Router),
            Err(never) => match never {},
        }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }
}

async fn metrics(State(context): State<Context>) -> Response {
    read_gauges(&context.gateway.snapshot(), &context.meters);
    match context.meters.render() {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
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

/// Levels are read when somebody looks, so that requests need not write them.
fn read_gauges(table: &Table, meters: &Meters) {
    meters.in_flight.reset();
    meters.limiter_level.reset();
    meters.health.provider_state.reset();
    for pool in table.pools() {
        let alias = &*pool.alias;
        let is_used = pool.live.meters.is_used();
        if is_used {
            meters.in_flight.with_label_values(&[alias, ""]).set(pool.limits.in_flight().into());
            if let Some(bucket) = pool.limits.rate() {
                meters.limiter_level.with_label_values(&["pool", alias]).set(bucket.level());
            }
        }
        for provider in &pool.providers {
            if is_used {
                read_limits(alias, provider, meters);
            }
            if is_used || provider.probe.is_some() {
                read_state(alias, provider, meters);
            }
        }
    }
    for key in table.keyring.keys() {
        if let (Some(name), Some(bucket)) = (&key.name, key.limits.rate())
            && bucket.level() < 1.0
        {
            meters.limiter_level.with_label_values(&["key", name]).set(bucket.level());
        }
    }
}

fn read_limits(alias: &str, provider: &Provider, meters: &Meters) {
    let in_flight = provider.limits.in_flight();
    meters.in_flight.with_label_values(&[alias, &*provider.name]).set(in_flight.into());
    if let Some(bucket) = provider.limits.rate() {
        let name = format!("{alias}/{}", provider.name);
        meters.limiter_level.with_label_values(&["provider", &name]).set(bucket.level());
    }
}

/// Only who may rest or be probed has a state worth a series.
fn read_state(alias: &str, provider: &Provider, meters: &Meters) {
    if provider.live.settings().health == HealthSettings::default() {
        return;
    }
    let now = provider.live.state(Instant::now()).word();
    for state in health::State::WORDS {
        let labels = [alias, &*provider.name, state];
        meters
            .health
            .provider_state
            .with_label_values(&labels)
            .set(f64::from(u8::from(state == now)));
    }
}

/// Scrapers and operators are few.
const MOST_CONNECTIONS: usize = 64;
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
