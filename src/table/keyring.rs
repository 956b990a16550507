//! The keys of callers: every token as a keyed hash, and what its holder may do.
//!
//! Tokens are neither kept nor compared byte by byte. A look-up costs one hash and one probe, for
//! any number of keys and for any token. For callers that sign, the secret half of the pair is
//! kept, because verifying needs it.

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

/// All keys of the file.
pub struct Keyring {
    hash_key: HashKey,
    by_digest: HashMap<Digest, KeyId, BuildHasherDefault<Prefix>>,
    /// Keys whose SHA-256 stands in the file, by the digest of that hash.
    by_hash: HashMap<Digest, KeyId, BuildHasherDefault<Prefix>>,
    by_name: HashMap<Box<str>, KeyId>,
    /// Signing callers, by the digest of the public half of their pair.
    signers: HashMap<Digest, (KeyId, Keys), BuildHasherDefault<Prefix>>,
    keys: Vec<Key>,
    has_global: bool,
    /// The aliases and patterns that the terms of keys name.
    named: HashSet<Box<str>>,
    patterns: HashSet<Box<str>>,
    /// Whether some alias of the file needs a key.
    pub(crate) closes: bool,
}

/// The secret of the token hashes, random for each process.
#[derive(Clone)]
pub struct HashKey([u8; 32]);

/// A key's index in its keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyId(u32);

/// A key and what its holder may do.
pub(crate) struct Key {
    /// The definition's name and its usage; `None` for a literal token.
    pub(crate) account: Option<Arc<live::Account>>,
    /// What `routing_rules` match.
    pub(crate) labels: BTreeMap<String, String>,
    /// The key's own limits.
    pub(crate) limits: live::Limits,
    /// Whether it may use every alias.
    pub(crate) global: bool,
    /// Further terms, if the file has any.
    pub(crate) terms: Option<Box<Terms>>,
}

/// The sender of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// It sent no token.
    Anonymous,
    /// It sent a token without a key.
    Unknown,
    /// The holder of a key.
    Known(KeyId),
}

/// Who may use a pool.
#[derive(Debug)]
pub(crate) enum Access {
    /// Everyone, with or without a token.
    Open,
    /// Holders of these keys or of global ones.
    Closed(HashSet<KeyId>),
}

/// The token of a definition.
pub(crate) enum Token<'a> {
    /// The token itself.
    Plain(&'a str),
    /// Its SHA-256.
    Hash([u8; 32]),
    /// None: the holder signs its requests.
    Absent,
}

type Digest = [u8; 32];

impl HashKey {
    /// A random secret.
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
    /// An empty keyring whose tokens are hashed with `hash_key`.
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

    /// The key with this token; `make` creates it if the token is new.
    pub(crate) fn intern(&mut self, token: &str, make: impl FnOnce() -> Key) -> KeyId {
        let next = KeyId(self.keys.len() as u32);
        let id = *self.by_digest.entry(self.hash_key.digest(token)).or_insert(next);
        if id == next {
            self.keys.push(make());
        }
        id
    }

    /// Adds a named key, with or without a token. The error is the name of another definition with
    /// the same token.
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

    /// Adds a signing pair to a key. The error is the name of another definition with the same
    /// public half.
    pub(crate) fn signs(&mut self, id: KeyId, pair: Keys) -> Result<(), Box<str>> {
        if let Some((other, _)) = self.signer(&pair.access_key_id) {
            return Err(self.name(other));
        }
        self.signers.insert(self.hash_key.digest(&pair.access_key_id), (id, pair));
        Ok(())
    }

    /// The key and the pair with this public half.
    pub(crate) fn signer(&self, access_key_id: &str) -> Option<(KeyId, &Keys)> {
        let (id, pair) = self.signers.get(&self.hash_key.digest(access_key_id))?;
        Some((*id, pair))
    }

    /// Whether any key signs.
    pub(crate) fn has_signers(&self) -> bool {
        !self.signers.is_empty()
    }

    /// The key of a definition.
    pub(crate) fn named(&self, name: &str) -> Option<KeyId> {
        self.by_name.get(name).copied()
    }

    /// The digest of a token.
    pub(crate) fn digest(&self, token: &str) -> [u8; 32] {
        self.hash_key.digest(token)
    }

    /// The names of all definitions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// Whether some key may use every alias.
    pub(crate) fn has_global(&self) -> bool {
        self.has_global
    }

    /// The caller with this token.
    pub(crate) fn caller(&self, token: Option<&str>) -> Caller {
        let Some(token) = token else { return Caller::Anonymous };
        // The hash is most of the cost of a look-up.
        if self.by_digest.is_empty() && self.by_hash.is_empty() {
            return Caller::Unknown;
        }
        let found = self.by_digest.get(&self.hash_key.digest(token)).copied();
        let found = found.or_else(|| self.by_hash(token));
        found.map_or(Caller::Unknown, Caller::Known)
    }

    /// The key whose SHA-256 stands in the file.
    pub(crate) fn by_hash(&self, token: &str) -> Option<KeyId> {
        if self.by_hash.is_empty() {
            return None;
        }
        self.by_hash.get(&self.hash_key.of(&Sha256::digest(token).into())).copied()
    }

    /// Whether the terms of some key name an alias or its pattern.
    pub(crate) fn is_named(&self, alias: &str) -> bool {
        self.named.contains(alias)
            || self.patterns.iter().any(|pattern| may_meet(pattern, alias))
            || (is_pattern(alias) && self.named.iter().any(|name| fits(alias, name)))
    }

    /// A key by its ID.
    pub(crate) fn key(&self, id: KeyId) -> &Key {
        &self.keys[id.0 as usize]
    }

    fn name(&self, id: KeyId) -> Box<str> {
        self.key(id).name().unwrap_or_default().into()
    }

    /// Lets a key use every alias.
    pub(crate) fn make_global(&mut self, id: KeyId) {
        self.keys[id.0 as usize].global = true;
        self.has_global = true;
    }

    /// The ID of every key, in the order of the file.
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

    /// The digest of a hash from the file, so that the time of a look-up reveals nothing of it.
    fn of(&self, hash: &[u8; 32]) -> Digest {
        *blake3::keyed_hash(&self.0, hash).as_bytes()
    }
}

impl Key {
    /// The definition's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.account.as_deref().map(|account| &*account.name)
    }

    /// Whether its requests are batch work, for which no person waits.
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

/// A digest is already uniform, so its first eight bytes are its hash. The digest is keyed, so no
/// client can aim at a bucket or learn from timing.
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

    /// Arrays write their length first, which is constant.
    fn write_usize(&mut self, _: usize) {}
}

/// The label for the purpose of a key, and its value for batch work.
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
