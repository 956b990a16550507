//! Hands the windows that must outlive the process to the store, after each load.

use std::{path::Path, sync::Arc, time::Duration};

use super::Loader;
use crate::{
    config::{self, Loaded, Problems, raw},
    live::Draft,
    store::{Keeper, SharedTerms, wrong_address},
};

impl Loader {
    /// Sets the keeper that receives the limits of each load.
    #[must_use]
    pub(crate) fn keeping(self, keeper: Arc<Keeper>) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// Hands the limits of a file to the keeper.
    pub(super) fn keep(&self, loaded: &Loaded, draft: &Draft<'_>) -> Result<(), Problems> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        if let Some(terms) = shared(loaded)? {
            let place = config::Path::root().key("store");
            return keeper.share(terms, draft.leases(), draft.news()).map_err(|why| {
                loaded.source.problem(&place, format!("the store {why}"), None).into()
            });
        }
        let name = match &loaded.file.store {
            Some(raw::Store::Named(raw::NamedStore::Memory)) => None,
            Some(raw::Store::Kept(kept)) => Some(kept.file.as_deref().unwrap_or(DEFAULT)),
            None => cfg!(feature = "store").then_some(DEFAULT),
        };
        let Some(name) = name else {
            keeper.stop();
            return Ok(());
        };
        let path = self.path.parent().unwrap_or(Path::new("")).join(name);
        keeper.keep(&path, draft.kept_quotas()).map_err(|why| {
            let place = config::Path::root().key("store");
            loaded.source.problem(&place, format!("the store {why}"), Some(HINT.into())).into()
        })
    }
}

/// The shared store, if the file has one.
///
/// # Errors
/// What is wrong with it.
pub(super) fn shared(loaded: &Loaded) -> Result<Option<SharedTerms>, Problems> {
    let Some(raw::Store::Kept(store)) = &loaded.file.store else { return Ok(None) };
    let Some(url) = &store.redis else { return Ok(None) };
    let place = config::Path::root().key("store");
    let problem = |key: &str, message: &str, hint: &str| {
        loaded.source.problem(&place.key(key), message.to_owned(), Some(hint.into()))
    };
    if store.file.is_some() {
        let hint = "levels are kept by the server: remove `file`";
        return Err(problem("file", "`file` and `redis` exclude each other", hint).into());
    }
    if let Some((message, hint)) = wrong_address(url.expose()) {
        return Err(problem("redis", message, hint).into());
    }
    Ok(Some(SharedTerms {
        url: url.clone(),
        prefix: store.prefix.clone().unwrap_or_else(|| "onwards".to_owned()),
        timeout: Duration::from_millis(store.timeout_ms.unwrap_or(20)),
        decides_here: store.on_failure != Some(raw::OnStoreFailure::Refuse),
    }))
}

/// The default file name, beside the configuration.
const DEFAULT: &str = "onwards.redb";
const HINT: &str = "budgets and windows longer than a minute must survive a restart: set a file as \
                    `file` of `store`, or write `\"store\": \"memory\"` to reset them at each start";
