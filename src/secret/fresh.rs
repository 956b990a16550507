//! New keys for clients, and what a file holds in their place.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A new key: 256 bits of chance.
pub(crate) fn key() -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// What a file holds in the place of a key.
pub(crate) fn hash(key: &str) -> String {
    let digits =
        Sha256::digest(key).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("sha256:{digits}")
}

/// Scanners for leaked credentials know it.
const PREFIX: &str = "sk-";

#[cfg(test)]
mod tests {
    #[test]
    fn hash_is_that_of_the_text() {
        let expected = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(super::hash("hello"), expected);
    }
}
