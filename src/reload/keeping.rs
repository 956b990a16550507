//! What each load hands to the store: the windows that have to outlive the process.

use std::{path::Path, sync::Arc};

use super::Loader;
use crate::{
    config::{self, Loaded, Problems, raw},
    live::Draft,
    store::Keeper,
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

/// Beside the file.
const DEFAULT: &str = "onwards.redb";
const HINT: &str = "budgets and windows longer than a minute have to outlive the process: name a file as \
                    `file` of `store`, or write `\"store\": \"memory\"` to begin them anew at each start";
