//! `onwards key new`: a key for a client, printed once, and what the file holds in its place.

use std::process::ExitCode;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::terminal;

#[derive(Debug, clap::Args)]
#[group(id = "key")]
pub(super) struct Arguments {
    #[command(subcommand)]
    wish: Wish,
}

#[derive(Debug, clap::Subcommand)]
enum Wish {
    /// Print a new key once, and the definition that holds its hash.
    New {
        /// The name of its definition.
        #[arg(long, default_value = "new-key")]
        name: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let Wish::New { name } = &arguments.wish;
    let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    let definition = serde_json::json!({ name: { "hash": hash(&key) } });
    terminal::say(&format!("{key}\n{definition:#}"));
    terminal::complain(
        "The first line is the key: it is not shown again. What follows belongs into \
         `auth.key_definitions`.",
    );
    ExitCode::SUCCESS
}

/// What the file holds in place of a key.
fn hash(key: &str) -> String {
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
