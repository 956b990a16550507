//! Normalizes the spellings of a target to a pool, or a pool for each class.

use super::provider::Entry;
use crate::config::{Path, raw};

/// A normalized target.
pub(super) struct Forms<'a> {
    /// Keys for all of its pools, if it has several.
    pub(super) beside: Option<&'a raw::PoolKeys>,
    /// The pool for all other requests.
    pub(super) default: Spelled<'a>,
    /// The pool for text completions.
    pub(super) completions: Option<Spelled<'a>>,
}

/// A normalized pool.
pub(super) struct Spelled<'a> {
    /// The keys beside its providers.
    pub(super) keys: Option<&'a raw::PoolKeys>,
    pub(super) providers: Vec<Entry<'a>>,
    /// How requests reach the target besides its name.
    pub(super) reached: Option<&'a raw::Reached>,
    /// Their place in the file.
    pub(super) path: Path,
}

impl<'a> Forms<'a> {
    /// Normalizes the target at `path`.
    pub(super) fn of(target: &'a raw::Target, path: &Path) -> Self {
        let (beside, default, completions) = match target {
            raw::Target::List(providers) => (None, Spelled::list(providers, path), None),
            raw::Target::Pool(pool) => (None, Spelled::pool(pool, path), None),
            raw::Target::Single(single) => (None, Spelled::single(single, path), None),
            raw::Target::Pools(several) => {
                let path = path.key("pools");
                let raw::Classes { default, completions } = &several.pools;
                let completions = completions.as_ref();
                let completions =
                    completions.map(|pool| Spelled::class(pool, &path.key("completions")));
                let default = Spelled::class(default, &path.key("default"));
                (Some(&several.keys), default, completions)
            }
        };
        Self { beside, default, completions }
    }
}

impl<'a> Spelled<'a> {
    fn class(pool: &'a raw::ClassPool, path: &Path) -> Self {
        match pool {
            raw::ClassPool::List(providers) => Self::list(providers, path),
            raw::ClassPool::Pool(pool) => Self::pool(pool, path),
            raw::ClassPool::Single(single) => Self::single(single, path),
        }
    }

    fn list(providers: &'a [raw::Provider], path: &Path) -> Self {
        let providers = listed(providers, path);
        Self { keys: None, providers, reached: None, path: path.clone() }
    }

    fn pool(pool: &'a raw::Pool, path: &Path) -> Self {
        let providers = listed(&pool.providers, &path.key("providers"));
        let reached = Some(&pool.reached);
        Self { keys: Some(&pool.keys), providers, reached, path: path.clone() }
    }

    fn single(single: &'a raw::Single, path: &Path) -> Self {
        let only = Entry { endpoint: &single.endpoint, own: None, path: path.clone() };
        let (keys, providers, reached) = (Some(&single.keys), vec![only], Some(&single.reached));
        Self { keys, providers, reached, path: path.clone() }
    }
}

fn listed<'a>(providers: &'a [raw::Provider], path: &Path) -> Vec<Entry<'a>> {
    let entry = |(at, provider): (usize, &'a raw::Provider)| Entry {
        endpoint: &provider.endpoint,
        own: Some(provider),
        path: path.index(at),
    };
    providers.iter().enumerate().map(entry).collect()
}
