//! `onwards key new`: prints a new client key once, and the definition with its hash for the file.

use std::process::ExitCode;

use super::terminal;
use crate::secret::fresh;

#[derive(Debug, clap::Args)]
#[group(id = "key")]
pub(super) struct Arguments {
    #[command(subcommand)]
    wish: Wish,
}

#[derive(Debug, clap::Subcommand)]
enum Wish {
    /// Print a new key and the definition that holds its hash.
    New {
        /// The name of the definition.
        #[arg(long, default_value = "new-key")]
        name: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let Wish::New { name } = &arguments.wish;
    let key = fresh::key();
    let definition = serde_json::json!({ name: { "hash": fresh::hash(&key) } });
    terminal::say(&format!("{key}\n{definition:#}"));
    terminal::complain(
        "The first line is the key; it is not shown again. Put the definition below into \
         `auth.key_definitions`.",
    );
    ExitCode::SUCCESS
}
