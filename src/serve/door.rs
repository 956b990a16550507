//! Which large bodies are read: where the file closes anything, more than 64 KiB are read only for a
//! known key or for an alias that is open.
//!
//! The checks of the contract follow when the body is there. This one comes before them, because a
//! body that is being read takes room that others need.

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
    /// The alias, where a header or the path names it.
    named: Option<&'a str>,
    /// Whether its token is known or nothing is closed: asked with each large piece, hashed once.
    is_known: OnceLock<bool>,
}

impl<'a> Door<'a> {
    /// Of a request with these headers. `named` is the alias, where it stands outside of the body.
    pub(crate) fn new(
        gateway: &'a Gateway,
        headers: &'a HeaderMap,
        named: Option<&'a str>,
    ) -> Self {
        Self { gateway, headers, named, is_known: OnceLock::new() }
    }

    /// Whether the request may take all of the room for bodies: its token is known, or the file
    /// closes nothing. A signature is known only when the body has been read.
    pub(crate) fn is_known(&self) -> bool {
        *self.is_known.get_or_init(|| {
            let keyring = &self.gateway.snapshot().keyring;
            let caller = || keyring.caller(token::of(self.headers));
            !keyring.closes || matches!(caller(), Caller::Known(_))
        })
    }

    /// Lets a large body in of which `model` has been read so far.
    ///
    /// # Errors
    /// The refusal of a closed alias.
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

/// The holder of the pair that a request claims to be signed with. The signature covers the body, so
/// that it cannot be verified before.
fn signer(keyring: &Keyring, headers: &HeaderMap) -> Caller {
    let Some(claimed) = signature::access_key_id(headers) else { return Caller::Anonymous };
    keyring.signer(claimed).map_or(Caller::Unknown, |(id, _)| Caller::Known(id))
}
