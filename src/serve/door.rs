//! Decides which large bodies are read. If some alias needs a key, more than 64 KiB are read only
//! with a known key or for an open alias.
//!
//! The regular checks follow when the body is complete. This one comes earlier, because a body
//! takes memory while it is read.

use std::sync::OnceLock;

use http::HeaderMap;

use super::{signature, token};
use crate::{
    gateway::Gateway,
    refusal::Refusal,
    table::{Caller, Keyring, access},
};

/// What is known of a request before its body.
pub(crate) struct Door<'a> {
    gateway: &'a Gateway,
    headers: &'a HeaderMap,
    /// The alias, if a header or the path names it.
    named: Option<&'a str>,
    /// Whether its token is known or no alias needs one. Asked for each large chunk, hashed once.
    is_known: OnceLock<bool>,
}

impl<'a> Door<'a> {
    /// For a request with these headers; `named` is the alias, if it stands outside the body.
    pub(crate) fn new(
        gateway: &'a Gateway,
        headers: &'a HeaderMap,
        named: Option<&'a str>,
    ) -> Self {
        Self { gateway, headers, named, is_known: OnceLock::new() }
    }

    /// Whether the request may use the whole memory budget: its token is known, or no alias needs
    /// one. A signature is known only after the body is read.
    pub(crate) fn is_known(&self) -> bool {
        *self.is_known.get_or_init(|| {
            let keyring = &self.gateway.snapshot().keyring;
            let caller = || keyring.caller(token::of(self.headers));
            !keyring.closes || matches!(caller(), Caller::Known(_))
        })
    }

    /// Admits a large body whose `model` has been read so far.
    ///
    /// # Errors
    /// The alias needs a key.
    pub(crate) fn pass(&self, model: Option<&str>) -> Result<(), Refusal> {
        if self.is_known() {
            return Ok(());
        }
        let table = self.gateway.snapshot();
        let caller = match token::of(self.headers) {
            None => signer(&table.keyring, self.headers),
            token => table.keyring.caller(token),
        };
        if matches!(caller, Caller::Known(_)) {
            return Ok(());
        }
        let alias = self.named.or(model).unwrap_or_default();
        match table.find(alias) {
            Some(pool) => access::right(&table, table.pool(pool), alias, caller),
            None => Err(access::unknown(&table, caller, alias)),
        }
    }
}

/// The owner of the access key ID in the request. The signature covers the body, so it cannot be
/// verified yet.
fn signer(keyring: &Keyring, headers: &HeaderMap) -> Caller {
    let Some(claimed) = signature::access_key_id(headers) else { return Caller::Anonymous };
    keyring.signer(claimed).map_or(Caller::Unknown, |(id, _)| Caller::Known(id))
}
