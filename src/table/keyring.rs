//! Who may call: every token as a keyed hash, and what its holder may use.
//!
//! No token is kept, and none is compared byte by byte: a look-up costs one hash and one probe,
//! with one key or with a hundred thousand, whether the token is right or nearly right. Of those
//! who sign, the secret half of the pair has to be kept, since a signature is made anew to be
//! verified.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::{
    aws::Keys,
    names::{fits, is_pattern, may_meet},
    terms::Terms,
};
use crate::live;

crate::secret::unseen!(Keyring, Key);

/// Every key of the file.
pub struct Keyring {
    hash_key: HashKey,
    by_digest: HashMap<Digest, KeyId, BuildHasherDefault<Prefix>>,
    /// Keys of which the file has the SHA-256 alone, by the digest of that.
    by_hash: HashMap<Digest, KeyId, BuildHasherDefault<Prefix>>,
    by_name: HashMap<Box<str>, KeyId>,
    /// Who signs with which pair, by the digest of its public half.
    signers: HashMap<Digest, (KeyId, Keys), BuildHasherDefault<Prefix>>,
    keys: Vec<Key>,
    has_global: bool,
    /// The aliases that the terms of keys name, and the patterns; each once.
    named: HashSet<Box<str>>,
    patterns: HashSet<Box<str>>,
    /// Whether any key closes anything in this file.
    pub(crate) closes: bool,
}

/// The secret under which tokens are hashed; drawn once for a process.
#[derive(Clone)]
pub struct HashKey([u8; 32]);

/// A key's place in its keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyId(u32);

/// What is known of a key's holder.
pub(crate) struct Key {
    /// The definition's name, and what its holder has used; literal tokens have none.
    pub(crate) account: Option<Arc<live::Account>>,
    /// What `routing_rules` match.
    pub(crate) labels: BTreeMap<String, String>,
    /// The key's own limits.
    pub(crate) limits: live::Limits,
    /// Whether it opens every alias.
    pub(crate) global: bool,
    /// What its holder may do, where the file says more of it.
    pub(crate) terms: Option<Box<Terms>>,
}

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// No token.
    Anonymous,
    /// A token that no key has.
    Unknown,
    /// The holder of a key.
    Known(KeyId),
}

/// Who may use a pool.
#[derive(Debug)]
pub(crate) enum Access {
    /// Every caller, whatever token it sends.
    Open,
    /// The holders of these keys and of global ones.
    Closed(HashSet<KeyId>),
}

/// How a definition says what its holder sends.
pub(crate) enum Token<'a> {
    /// The token itself.
    Plain(&'a str),
    /// Its SHA-256.
    Hash([u8; 32]),
    /// Not at all: its holder signs.
    Absent,
}

type Digest = [u8; 32];

impl HashKey {
    /// A fresh secret.
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Keyring {
    /// An empty keyring whose tokens are hashed under `hash_key`.
    pub(crate) fn new(hash_key: HashKey) -> Self {
        Self {
            hash_key,
            by_digest: HashMap::default(),
            by_hash: HashMap::default(),
            by_name: HashMap::new(),
            signers: HashMap::default(),
            keys: Vec::new(),
            has_global: false,
            named: HashSet::new(),
            patterns: HashSet::new(),
            closes: false,
        }
    }

    /// The key with this token; `make` builds it if the token is new.
    pub(crate) fn intern(&mut self, token: &str, make: impl FnOnce() -> Key) -> KeyId {
        let next = KeyId(self.keys.len() as u32);
        let id = *self.by_digest.entry(self.hash_key.digest(token)).or_insert(next);
        if id == next {
            self.keys.push(make());
        }
        id
    }

    /// Adds a named key; its holder may have no token and sign instead. The error is the name of
    /// another definition with the same token.
    pub(crate) fn define(
        &mut self,
        name: &str,
        token: Token<'_>,
        key: Key,
    ) -> Result<KeyId, Box<str>> {
        let next = KeyId(self.keys.len() as u32);
        for model in key.terms.iter().flat_map(|terms| terms.names()) {
            let list = if is_pattern(model) { &mut self.patterns } else { &mut self.named };
            list.insert(model.into());
        }
        let id = match token {
            Token::Plain(token) => match self.by_hash(token) {
                Some(other) => other,
                None => self.intern(token, || key),
            },
            Token::Hash(hash) => {
                let id = *self.by_hash.entry(self.hash_key.of(&hash)).or_insert(next);
                if id == next {
                    self.keys.push(key);
                }
                id
            }
            Token::Absent => {
                self.keys.push(key);
                next
            }
        };
        if id != next {
            return Err(self.name(id));
        }
        self.by_name.insert(name.into(), id);
        Ok(id)
    }

    /// Lets the holder of a key sign with a pair. The error is the name of another definition
    /// whose pair has the same public half.
    pub(crate) fn signs(&mut self, id: KeyId, pair: Keys) -> Result<(), Box<str>> {
        if let Some((other, _)) = self.signer(&pair.access_key_id) {
            return Err(self.name(other));
        }
        self.signers.insert(self.hash_key.digest(&pair.access_key_id), (id, pair));
        Ok(())
    }

    /// Who signs with the pair of this public half, and the pair.
    pub(crate) fn signer(&self, access_key_id: &str) -> Option<(KeyId, &Keys)> {
        let (id, pair) = self.signers.get(&self.hash_key.digest(access_key_id))?;
        Some((*id, pair))
    }

    /// Whether anybody signs at all.
    pub(crate) fn has_signers(&self) -> bool {
        !self.signers.is_empty()
    }

    /// The key of a definition.
    pub(crate) fn named(&self, name: &str) -> Option<KeyId> {
        self.by_name.get(name).copied()
    }

    /// What a token is known by.
    pub(crate) fn digest(&self, token: &str) -> [u8; 32] {
        self.hash_key.digest(token)
    }

    /// The name of each definition.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// Whether some key opens every alias.
    pub(crate) fn has_global(&self) -> bool {
        self.has_global
    }

    /// Whose token this is.
    pub(crate) fn caller(&self, token: Option<&str>) -> Caller {
        let Some(token) = token else { return Caller::Anonymous };
        // Most of what a look-up costs is the hash.
        if self.by_digest.is_empty() && self.by_hash.is_empty() {
            return Caller::Unknown;
        }
        let found = self.by_digest.get(&self.hash_key.digest(token)).copied();
        let found = found.or_else(|| self.by_hash(token));
        found.map_or(Caller::Unknown, Caller::Known)
    }

    /// Whose token this is, where the file has its hash alone.
    pub(crate) fn by_hash(&self, token: &str) -> Option<KeyId> {
        if self.by_hash.is_empty() {
            return None;
        }
        self.by_hash.get(&self.hash_key.of(&Sha256::digest(token).into())).copied()
    }

    /// Whether the terms of some key name an alias, which may be a pattern.
    pub(crate) fn is_named(&self, alias: &str) -> bool {
        self.named.contains(alias)
            || self.patterns.iter().any(|pattern| may_meet(pattern, alias))
            || (is_pattern(alias) && self.named.iter().any(|name| fits(alias, name)))
    }

    /// A key by its place.
    pub(crate) fn key(&self, id: KeyId) -> &Key {
        &self.keys[id.0 as usize]
    }

    fn name(&self, id: KeyId) -> Box<str> {
        self.key(id).name().unwrap_or_default().into()
    }

    /// Opens every alias to a key.
    pub(crate) fn make_global(&mut self, id: KeyId) {
        self.keys[id.0 as usize].global = true;
        self.has_global = true;
    }

    /// The place of every key, in the order of the file.
    pub(crate) fn ids(&self) -> impl Iterator<Item = KeyId> + use<> {
        (0..self.keys.len() as u32).map(KeyId)
    }

    /// Every key.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }
}

impl HashKey {
    fn digest(&self, token: &str) -> Digest {
        *blake3::keyed_hash(&self.0, token.as_bytes()).as_bytes()
    }

    /// What a hash of the file is known by: the time of a look-up says nothing of it.
    fn of(&self, hash: &[u8; 32]) -> Digest {
        *blake3::keyed_hash(&self.0, hash).as_bytes()
    }
}

impl Key {
    /// The definition's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.account.as_deref().map(|account| &*account.name)
    }

    /// Whether what it sends is batch work: no person waits for its answer.
    pub(crate) fn is_for_batches(&self) -> bool {
        self.labels.get(PURPOSE).is_some_and(|purpose| purpose == BATCH)
    }

    /// A key without name, labels or limits.
    pub(crate) fn literal() -> Self {
        Self {
            account: None,
            labels: BTreeMap::new(),
            limits: live::Limits::new(live::LimitSettings::default()),
            global: false,
            terms: None,
        }
    }
}

/// A digest is uniform already: its first eight bytes are its hash. Its key is secret, so no client
/// can aim at a bucket or learn from the time of a probe.
#[derive(Debug, Default)]
struct Prefix(u64);

impl Hasher for Prefix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        self.0 = u64::from_le_bytes(first);
    }

    /// The length that arrays write before their bytes says nothing.
    fn write_usize(&mut self, _: usize) {}
}

/// The label of a key that says what it is for, and what it says of batch work.
const PURPOSE: &str = "purpose";
const BATCH: &str = "batch";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_whole_or_not_at_all() {
        let mut ring = Keyring::new(HashKey::random());
        let id = ring.intern("sk-one", Key::literal);
        assert_eq!(ring.intern("sk-one", || unreachable!()), id);
        assert_eq!(ring.caller(Some("sk-one")), Caller::Known(id));
        for wrong in ["sk-on", "sk-onee", "SK-ONE", ""] {
            assert_eq!(ring.caller(Some(wrong)), Caller::Unknown);
        }
        assert_eq!(ring.caller(None), Caller::Anonymous);
    }

    #[test]
    fn a_token_is_known_by_its_hash_and_two_definitions_never_share_it() {
        let mut ring = Keyring::new(HashKey::random());
        let hash = Sha256::digest("sk-one").into();
        let id = ring.define("one", Token::Hash(hash), Key::literal()).unwrap();
        assert_eq!(ring.caller(Some("sk-one")), Caller::Known(id));
        assert_eq!(ring.caller(Some("sk-on")), Caller::Unknown);
        assert!(ring.define("two", Token::Plain("sk-one"), Key::literal()).is_err());
        assert!(ring.define("two", Token::Hash(hash), Key::literal()).is_err());
    }

    #[test]
    fn neither_tokens_nor_their_hashes_can_be_read_from_debug() {
        let mut ring = Keyring::new(HashKey([7; 32]));
        ring.intern("sk-one", Key::literal);
        let shown = format!("{ring:?}");
        assert!(!shown.contains("sk-one") && shown.starts_with("Keyring"));
    }
}
