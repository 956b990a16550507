//! What one core serves requests with.
//!
//! It does nothing: every stage takes what it needs.

use std::sync::Arc;

use super::{intake::BodyLimits, stage::Stage};
use crate::{gateway::Gateway, live::Retries, record::Report, upstream::client::Client};

/// What one core serves requests with.
pub struct Context {
    /// The live table.
    pub gateway: Arc<Gateway>,
    /// This core's connections to the providers.
    pub client: Client,
    /// How often the whole process may ask twice.
    pub retries: Arc<Retries>,
    /// What hears of every request that has ended.
    pub report: Arc<dyn Report>,
    /// How much and how slowly clients may send.
    pub body_limits: BodyLimits,
    /// Serving, draining or closing.
    pub stage: Stage,
    /// What is not proxied.
    pub routes: axum::Router,
}
