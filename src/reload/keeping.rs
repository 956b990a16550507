//! What each load hands to the store: the windows that have to outlive the process.

use std::{path::Path, sync::Arc, time::Duration};

use super::Loader;
use crate::{
    config::{self, Loaded, Problems, raw},
    live::Draft,
    store::{Keeper, SharedTerms, wrong_address},
};

impl Loader {
    /// Each load hands its limits to what keeps their levels.
    #[must_use]
    pub(crate) fn keeping(self, keeper: Arc<Keeper>) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// Hands the limits of a file to what keeps their levels.
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

/// The store that replicas share, where the file has one.
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
        return Err(problem("file", "a store is a file or a server", hint).into());
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

/// Beside the file.
const DEFAULT: &str = "onwards.redb";
const HINT: &str = "budgets and windows longer than a minute have to outlive the process: name a file as \
                    `file` of `store`, or write `\"store\": \"memory\"` to begin them anew at each start";
