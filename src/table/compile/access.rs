//! Compiles keys: definitions, global keys, and the keys of each alias.

use std::{collections::HashSet, sync::Arc};

use super::{Compiler, limits::Written, terms::Teams};
use crate::{
    config::{Path, nearest::nearest, path::shown, raw},
    secret::Secret,
    table::{
        Access, Keyring,
        aws::Keys,
        keyring::{HashKey, Key, KeyId, Token},
    },
};

impl Compiler<'_> {
    /// All keys of `auth`; the keys of aliases are added later.
    pub(super) fn keyring(&mut self, file: &raw::File, hash_key: &HashKey) -> Keyring {
        let mut keyring = Keyring::new(hash_key.clone());
        let Some(auth) = &file.auth else { return keyring };
        let teams = self.teams(auth.teams.as_ref());
        self.shared_tokens(auth);
        for (name, definition) in auth.key_definitions.iter().flatten() {
            self.define(name, definition, &teams, &mut keyring);
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

    fn define(
        &mut self,
        name: &str,
        definition: &raw::KeyDefinition,
        teams: &Teams,
        keyring: &mut Keyring,
    ) {
        let path = Path::root().key("auth").key("key_definitions").key(name);
        let written = Written {
            rate: definition.rate_limit,
            concurrency: definition.concurrency_limit,
            tokens: definition.token_limit.as_ref(),
            budget: definition.budget.as_ref(),
            queue: None,
        };
        let settings = self.limits(written, &path);
        self.counts |= settings.windows.is_some();
        let state = self.draft.key(name, settings);
        let key = Key {
            account: Some(Arc::clone(&state.account)),
            labels: definition.labels.clone().unwrap_or_default(),
            limits: state.limits().clone(),
            global: false,
            terms: self.terms(definition, teams, &path),
        };
        let token = match (&definition.key, &definition.hash) {
            (Some(token), _) => Token::Plain(token.expose()),
            (None, Some(hash)) => self.hash(hash, &path).map_or(Token::Absent, Token::Hash),
            (None, None) => Token::Absent,
        };
        if definition.key.is_some() && definition.hash.is_some() {
            let hint = "remove `key`; clients send the token whose hash this is";
            self.problem(&path, "`key` and `hash` exclude each other", Some(hint.into()));
        }
        if matches!(token, Token::Absent) && definition.hash.is_none() && definition.aws.is_none() {
            let hint =
                "set `key`, `hash`, or `aws` with an access key pair for a client that signs";
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

    /// The keys of an alias. Without `keys`, it needs a global key or a key whose `models` name it,
    /// if there are any; otherwise everyone may use it.
    pub(super) fn access(
        &mut self,
        alias: &str,
        keys: Option<&[Secret]>,
        path: &Path,
        keyring: &mut Keyring,
    ) -> Access {
        self.check_names(keys.unwrap_or_default(), path, keyring);
        match keys {
            None if keyring.has_global() || self.is_named(alias, keyring) => {
                Access::Closed(HashSet::new())
            }
            None => Access::Open,
            Some(keys) => {
                keyring.closes = true;
                Access::Closed(keys.iter().map(|key| keyring.resolve(key)).collect())
            }
        }
    }

    /// Whether the terms of some key name an alias, by its own or an additional name.
    fn is_named(&self, alias: &str, keyring: &Keyring) -> bool {
        let further = self.further.get(alias).into_iter().flatten();
        keyring.is_named(alias) || further.into_iter().any(|name| keyring.is_named(name))
    }

    /// Refuses an entry that is almost the name of a definition: as a token it could be guessed.
    fn check_names(&mut self, keys: &[Secret], path: &Path, keyring: &Keyring) {
        for (at, key) in keys.iter().enumerate() {
            let text = key.expose();
            if keyring.named(text).is_some() || keyring.by_hash(text).is_some() {
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
            // Problems in `defaults` are reported only for the first alias.
            if self.problems.iter().all(|problem| problem.path != place) {
                let message =
                    "this is almost the name of a key definition, but would be used as a token";
                let hint =
                    format!("did you mean `{near}`? A token must not be so similar to a name");
                self.problem(&place, message, Some(hint));
            }
        }
    }
}

impl Keyring {
    /// The name of a definition stands for its key; any other text is a token.
    fn resolve(&mut self, name_or_token: &Secret) -> KeyId {
        let text = name_or_token.expose();
        let known = self.named(text).or_else(|| self.by_hash(text));
        known.unwrap_or_else(|| self.intern(text, Key::literal))
    }
}
