//! What one core serves requests with.
//!
//! It does nothing: every stage takes what it needs.

use std::sync::Arc;

use super::{intake::BodyLimits, stage::Stage};
use crate::{
    gateway::Gateway, live::Retries, record::Report, trace::Sampling, upstream::client::Client,
};

/// What one core serves requests with.
pub(crate) struct Context {
    /// The live table.
    pub(crate) gateway: Arc<Gateway>,
    /// This core's connections to the providers.
    pub(crate) client: Client,
    /// How often the whole process may ask twice.
    pub(crate) retries: Arc<Retries>,
    /// What hears of every request that has ended.
    pub(crate) report: Arc<dyn Report>,
    /// Which requests have spans, where any has.
    pub(crate) sampling: Option<Sampling>,
    /// How much and how slowly clients may send.
    pub(crate) body_limits: BodyLimits,
    /// Serving, draining or closing.
    pub(crate) stage: Stage,
    /// What is not proxied.
    pub(crate) routes: axum::Router,
}
