//! New keys for clients, and their hashes for the file.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A new key with 256 random bits.
pub(crate) fn key() -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// The hash of a key for the file.
pub(crate) fn hash(key: &str) -> String {
    let digits =
        Sha256::digest(key).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("sha256:{digits}")
}

/// A prefix that scanners for leaked credentials know.
const PREFIX: &str = "sk-";

#[cfg(test)]
mod tests {
    #[test]
    fn hash_is_that_of_the_text() {
        let expected = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(super::hash("hello"), expected);
    }
}
