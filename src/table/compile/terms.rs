//! Compiles the terms of keys, and their teams.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

use sha2::{Digest as _, Sha256};

use super::{Compiler, limits::Written};
use crate::{
    config::{Path, nearest::nearest, path::shown, raw},
    table::{
        policy::Required,
        terms::{Models, Team, Terms},
    },
};

/// The teams of the file, by name.
pub(super) type Teams = BTreeMap<Box<str>, Arc<Team>>;

impl Compiler<'_> {
    pub(super) fn teams(&mut self, raw: Option<&BTreeMap<String, raw::Team>>) -> Teams {
        let mut teams = Teams::new();
        for (name, team) in raw.into_iter().flatten() {
            let path = Path::root().key("auth").key("teams").key(name);
            let written = Written {
                rate: team.rate_limit,
                concurrency: team.concurrency_limit,
                tokens: team.token_limit.as_ref(),
                budget: team.budget.as_ref(),
                queue: None,
            };
            let settings = self.limits(written, &path);
            self.counts |= settings.windows.is_some();
            let state = self.draft.team(name, settings);
            let compiled = Team {
                name: name.as_str().into(),
                limits: state.limits().clone(),
                required: Required::of(team.require.as_ref()),
                guardrails: self.named_guardrails(team.guardrails.as_deref(), &path),
                models: team.models.as_deref().map(Models::new),
                disabled: team.disabled.unwrap_or(false),
                max_output_tokens: team.max_output_tokens,
            };
            teams.insert(name.as_str().into(), Arc::new(compiled));
        }
        teams
    }

    /// The terms of a key; `None` if the file sets none.
    pub(super) fn terms(
        &mut self,
        definition: &raw::KeyDefinition,
        teams: &Teams,
        path: &Path,
    ) -> Option<Box<Terms>> {
        let team = definition.team.as_ref().and_then(|name| {
            let found = teams.get(name.as_str()).cloned();
            if found.is_none() {
                let near = nearest(name, teams.keys().map(|name| &**name));
                let hint = near.map(|near| format!("did you mean `{}`?", shown(near)));
                let message = format!("there is no team `{}`", shown(name));
                self.problem(&path.key("team"), message, hint);
            }
            found
        });
        let its = team.as_ref().and_then(|team| team.max_output_tokens);
        let terms = Terms {
            required: Required::of(definition.require.as_ref()),
            guardrails: self.named_guardrails(definition.guardrails.as_deref(), path),
            models: definition.models.as_deref().map(Models::new),
            expires_at: self.moment(definition.expires_at.as_deref(), &path.key("expires_at")),
            disabled: definition.disabled.unwrap_or(false),
            priority: priority(definition.priority),
            max_output_tokens: [definition.max_output_tokens, its].into_iter().flatten().min(),
            team,
        };
        let is_any = terms.models.is_some()
            || terms.required.is_some()
            || terms.guardrails.is_some()
            || terms.expires_at.is_some()
            || terms.disabled
            || terms.priority.is_some()
            || terms.max_output_tokens.is_some()
            || terms.team.is_some();
        is_any.then(|| Box::new(terms))
    }

    /// The hash that a definition has instead of its token.
    pub(super) fn hash(&mut self, text: &str, path: &Path) -> Option<[u8; 32]> {
        let digest = text.strip_prefix("sha256:").and_then(digest);
        if digest.is_none() {
            let message = "this is not `sha256:` and 64 hexadecimal digits";
            let hint = "`onwards key new` prints a key and its hash";
            self.problem(&path.key("hash"), message, Some(hint.into()));
        }
        digest
    }

    /// Finds a token in one definition whose hash stands in another.
    pub(super) fn shared_tokens(&mut self, auth: &raw::Auth) {
        let definitions = || auth.key_definitions.iter().flatten();
        let hashed = |(name, definition): (_, &raw::KeyDefinition)| {
            let digest = definition.hash.as_ref()?.strip_prefix("sha256:").and_then(digest)?;
            Some((digest, name))
        };
        let hashes: HashMap<[u8; 32], &String> = definitions().filter_map(hashed).collect();
        if hashes.is_empty() {
            return;
        }
        for (name, definition) in definitions() {
            let Some(token) = &definition.key else { continue };
            let digest: [u8; 32] = Sha256::digest(token.expose()).into();
            if let Some(other) = hashes.get(&digest).filter(|other| **other != name) {
                let message = format!("this key is the same as that of `{}`", shown(other));
                let path = Path::root().key("auth").key("key_definitions").key(name).key("key");
                let hint = "give every definition a key of its own";
                self.problem(&path, message, Some(hint.into()));
            }
        }
    }

    fn moment(&mut self, text: Option<&str>, path: &Path) -> Option<SystemTime> {
        let text = text?;
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(moment.into());
        }
        let message = "this is not an RFC 3339 timestamp";
        let hint = "write it with a time zone, such as `2027-01-31T00:00:00Z`";
        self.problem(path, message, Some(hint.into()));
        None
    }
}

/// The queue weight of a key, if it is above one.
fn priority(raw: Option<u32>) -> Option<u8> {
    raw.and_then(|turns| u8::try_from(turns).ok()).filter(|turns| *turns > 1)
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}
