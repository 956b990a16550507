//! Keys: definitions, global keys, and who may use an alias.

use std::{collections::HashSet, sync::Arc};

use super::Compiler;
use crate::{
    config::{Path, nearest::nearest, path::shown, raw},
    live::{LimitSettings, Rate},
    secret::Secret,
    table::{
        Access, Keyring,
        aws::Keys,
        keyring::{HashKey, Key, KeyId},
    },
};

impl Compiler<'_> {
    /// Every key of `auth`; those of the aliases are added as they are met.
    pub(super) fn keyring(&mut self, file: &raw::File, hash_key: &HashKey) -> Keyring {
        let mut keyring = Keyring::new(hash_key.clone());
        let Some(auth) = &file.auth else { return keyring };
        for (name, definition) in auth.key_definitions.iter().flatten() {
            self.define(name, definition, &mut keyring);
        }
        let path = Path::root().key("auth").key("global_keys");
        self.check_names(auth.global_keys.as_deref().unwrap_or_default(), &path, &keyring);
        for token in auth.global_keys.iter().flatten() {
            let id = keyring.resolve(token);
            keyring.make_global(id);
            keyring.closes = true;
        }
        keyring.closes |= auth.key_definitions.as_ref().is_some_and(|keys| !keys.is_empty());
        keyring
    }

    fn define(&mut self, name: &str, definition: &raw::KeyDefinition, keyring: &mut Keyring) {
        let settings = limits(definition.rate_limit, definition.concurrency_limit);
        let state = self.draft.key(name, settings);
        let key = Key {
            account: Some(Arc::clone(&state.account)),
            labels: definition.labels.clone().unwrap_or_default(),
            limits: state.limits().clone(),
            global: false,
        };
        let path = Path::root().key("auth").key("key_definitions").key(name);
        let token = definition.key.as_ref().map(Secret::expose);
        if token.is_none() && definition.aws.is_none() {
            let hint = "give it one, or an access key pair as `aws` for a client that signs";
            self.problem(&path, "`key` is missing", Some(hint.into()));
        }
        let id = match keyring.define(name, token, key) {
            Ok(id) => id,
            Err(other) => {
                let message = format!("this key is the same as that of `{}`", shown(&other));
                let hint = "give every definition a key of its own";
                return self.problem(&path.key("key"), message, Some(hint.into()));
            }
        };
        let Some(pair) = &definition.aws else { return };
        let pair = Keys {
            access_key_id: pair.access_key_id.expose().to_owned(),
            secret_access_key: pair.secret_access_key.clone(),
            session_token: None,
        };
        if let Err(other) = keyring.signs(id, pair) {
            let message = format!("this access key is the same as that of `{}`", shown(&other));
            let hint = "give every definition an access key of its own";
            self.problem(&path.key("aws").key("access_key_id"), message, Some(hint.into()));
        }
    }

    /// Who may use an alias. Without `keys`, a file with global keys opens it to their holders
    /// only, and any other file to everybody.
    pub(super) fn access(
        &mut self,
        keys: Option<&[Secret]>,
        path: &Path,
        keyring: &mut Keyring,
    ) -> Access {
        self.check_names(keys.unwrap_or_default(), path, keyring);
        match keys {
            None if keyring.has_global() => Access::Closed(HashSet::new()),
            None => Access::Open,
            Some(keys) => {
                keyring.closes = true;
                Access::Closed(keys.iter().map(|key| keyring.resolve(key)).collect())
            }
        }
    }

    /// An entry that is nearly the name of a definition would be a token that is easily guessed.
    fn check_names(&mut self, keys: &[Secret], path: &Path, keyring: &Keyring) {
        for (at, key) in keys.iter().enumerate() {
            let text = key.expose();
            if keyring.named(text).is_some() {
                continue;
            }
            // The same few keys stand in most aliases of a large file.
            let known = self.near_names.get(&keyring.digest(text)).cloned();
            let near = known.unwrap_or_else(|| {
                let near = nearest(text, keyring.names()).map(shown);
                self.near_names.insert(keyring.digest(text), near.clone());
                near
            });
            let Some(near) = near else { continue };
            let place = path.index(at);
            // What is wrong in `defaults` is said for the first alias alone.
            if self.problems.iter().all(|problem| problem.path != place) {
                let message =
                    "this is nearly the name of a key definition, and would be a token itself";
                let hint = format!("did you mean `{near}`? A token of its own must not be so near");
                self.problem(&place, message, Some(hint));
            }
        }
    }
}

impl Keyring {
    /// A name of a definition stands for its key; anything else is a token itself.
    fn resolve(&mut self, name_or_token: &Secret) -> KeyId {
        let text = name_or_token.expose();
        self.named(text).unwrap_or_else(|| self.intern(text, Key::literal))
    }
}

/// The numbers of a pair of limits.
pub(super) fn limits(
    rate: Option<raw::RateLimit>,
    concurrency: Option<raw::ConcurrencyLimit>,
) -> LimitSettings {
    LimitSettings {
        rate: rate.map(|rate| Rate {
            per_second: rate.requests_per_second,
            burst: rate.burst_size.unwrap_or_else(|| default_burst(rate.requests_per_second)),
        }),
        max: concurrency.map(|limit| limit.max_concurrent_requests),
    }
}

/// The rate, rounded up.
fn default_burst(per_second: f64) -> u32 {
    (per_second.ceil() as u32).max(1)
}
