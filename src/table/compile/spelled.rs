//! A target's spelling, brought to one form: a pool, or a pool for each class of requests.
//!
//! It gives no key a meaning.

use super::provider::Entry;
use crate::config::{Path, raw};

/// A target in its one form.
pub(super) struct Forms<'a> {
    /// Keys for all of its pools, where it has several.
    pub(super) beside: Option<&'a raw::PoolKeys>,
    /// The pool of all requests that have no other.
    pub(super) default: Spelled<'a>,
    /// That of requests to complete a text.
    pub(super) completions: Option<Spelled<'a>>,
}

/// A pool in its one form.
pub(super) struct Spelled<'a> {
    /// The keys that stand with its providers.
    pub(super) keys: Option<&'a raw::PoolKeys>,
    pub(super) providers: Vec<Entry<'a>>,
    /// Whether it says that it is the default of all targets.
    pub(super) reached: Option<&'a raw::Reached>,
    /// Where they stand.
    pub(super) path: Path,
}

impl<'a> Forms<'a> {
    /// Of the target at `path`.
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
