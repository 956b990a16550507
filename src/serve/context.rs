//! The shared state with which one core serves requests.
//!
//! It has no behaviour; every stage takes what it needs.

use std::sync::Arc;

use super::{intake::BodyLimits, stage::Stage};
use crate::{
    gateway::Gateway, live::Retries, record::Report, trace::Sampling, upstream::client::Client,
};

/// The shared state with which one core serves requests.
pub(crate) struct Context {
    /// The live table.
    pub(crate) gateway: Arc<Gateway>,
    /// This core's connections to providers.
    pub(crate) client: Client,
    /// The retry budget of the process.
    pub(crate) retries: Arc<Retries>,
    /// Receives every finished request.
    pub(crate) report: Arc<dyn Report>,
    /// Which requests are sampled for spans, if any.
    pub(crate) sampling: Option<Sampling>,
    /// The limits on the size and speed of bodies.
    pub(crate) body_limits: BodyLimits,
    /// The stage of the process: serving, draining or closing.
    pub(crate) stage: Stage,
    /// The routes that are not proxied.
    pub(crate) routes: axum::Router,
}
