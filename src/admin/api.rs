//! The admin API, for holders of the admin key. The file stays the source of truth: each change
//! edits it, and is live when it is answered.
//!
//! Without an admin key none of these routes exists.

mod answered;
mod apisix;
mod asked;
mod change;
mod conditions;
mod context;
mod credentials;
mod denied;
mod diff;
mod fields;
mod key;
mod keys;
mod litellm;
mod openapi;
mod providers;
mod records;
mod routes;
mod single;
mod targets;
mod whole;

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    http::{Request, Response},
};
use hyper::body::Incoming;

pub(crate) use self::key::AdminKey;
use self::{
    answered::Answered,
    asked::Asked,
    context::Context,
    denied::Denied,
    routes::{Act, Found},
};
use super::status::Sources;
use crate::reload::Handle;

/// The handler of the admin API.
pub(super) struct Api {
    key: AdminKey,
    context: Context,
}

impl Api {
    /// Changes the file through `handle`.
    pub(super) fn new(key: AdminKey, sources: Sources, handle: Handle) -> Self {
        Self { key, context: Context::new(sources, handle) }
    }

    /// Whether a path belongs to the administration.
    pub(super) fn has(path: &str) -> bool {
        routes::is_administration(path)
    }

    /// Answers one request.
    pub(super) async fn serve(
        &self,
        request: Request<Incoming>,
        client: Option<IpAddr>,
    ) -> Response<Body> {
        match self.answer(request, client).await {
            Ok(answered) => answered.response(),
            Err(denied) => denied.response(),
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        client: Option<IpAddr>,
    ) -> Result<Answered, Denied> {
        asked::refuse_foreign(request.headers())?;
        self.key.check(&request)?;
        let Found { act, names } = routes::find(request.method().as_str(), request.uri().path())?;
        let asked = Arc::new(Asked::read(request, names, client).await?);
        let context = &self.context;
        match act {
            Act::ReadConfig => whole::read(context).await,
            Act::ReadOpenapi => openapi::read(&asked),
            Act::ReadRecords => records::read(context, &asked),
            Act::Reload => whole::reload(context, &asked).await,
            Act::ReadTargets => targets::list(context).await,
            Act::ReadTarget => targets::read(context, &asked).await,
            Act::PutTarget => targets::put(context, &asked).await,
            Act::PatchTarget => targets::patch(context, &asked).await,
            Act::DeleteTarget => targets::delete(context, &asked).await,
            Act::ReadKeys => keys::list(context).await,
            Act::ReadKey => keys::read(context, &asked).await,
            Act::PutKey => keys::put(context, &asked).await,
            Act::PatchKey => keys::patch(context, &asked).await,
            Act::DeleteKey => keys::delete(context, &asked).await,
            Act::RotateKey => keys::rotate(context, &asked).await,
            Act::BlockKey => keys::block(context, &asked, true).await,
            Act::UnblockKey => keys::block(context, &asked, false).await,
            Act::PatchProvider => providers::patch(context, &asked).await,
            Act::Rest => providers::rest(context, &asked),
            Act::Wake => providers::wake(context, &asked),
            Act::Drain => providers::drain(context, &asked),
            act => self.answer_as_others(act, &asked).await,
        }
    }

    /// Routes of other gateways.
    async fn answer_as_others(&self, act: Act, asked: &Arc<Asked>) -> Result<Answered, Denied> {
        let context = &self.context;
        match act {
            Act::NewModel => litellm::models::new(context, asked).await,
            Act::UpdateModel => litellm::models::update(context, asked).await,
            Act::DeleteModel => litellm::models::delete(context, asked).await,
            Act::ReadModels => litellm::models::read(context, asked).await,
            Act::GenerateKey => litellm::keys::generate(context, asked).await,
            Act::UpdateKey => litellm::keys::update(context, asked).await,
            Act::DeleteKeys => litellm::keys::delete(context, asked).await,
            Act::BlockByKey => litellm::keys::block(context, asked, true).await,
            Act::UnblockByKey => litellm::keys::block(context, asked, false).await,
            Act::ReadByKey => litellm::keys::read_one(context, asked).await,
            Act::PutRoute => apisix::put(context, asked).await,
            Act::DeleteRoute => apisix::delete(context, asked).await,
            _ => Err(Denied::NoRoute),
        }
    }
}
