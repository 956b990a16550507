//! The operations port: metrics, for operators only.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{gateway::Gateway, live::Meters, table::Table};

/// What the operations port answers from.
#[derive(Clone)]
struct Context {
    gateway: Arc<Gateway>,
    meters: Arc<Meters>,
}

/// The routes of the operations port.
pub fn router(gateway: Arc<Gateway>, meters: Arc<Meters>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(Context { gateway, meters })
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

/// Levels are read when somebody looks, so that requests need not write them.
fn read_gauges(table: &Table, meters: &Meters) {
    meters.in_flight.reset();
    meters.limiter_level.reset();
    for pool in table.pools().iter().filter(|pool| pool.live.meters.is_used()) {
        let alias = &*pool.alias;
        meters.in_flight.with_label_values(&[alias, ""]).set(pool.limits.in_flight().into());
        if let Some(bucket) = pool.limits.rate() {
            meters.limiter_level.with_label_values(&["pool", alias]).set(bucket.level());
        }
        for provider in &pool.providers {
            let labels = [alias, &*provider.name];
            let in_flight = provider.limits.in_flight();
            meters.in_flight.with_label_values(&labels).set(in_flight.into());
            if let Some(bucket) = provider.limits.rate() {
                let name = format!("{alias}/{}", provider.name);
                meters.limiter_level.with_label_values(&["provider", &name]).set(bucket.level());
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

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
