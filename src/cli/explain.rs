//! `onwards explain FILE ALIAS`: who would be asked for an alias, without asking anybody.

use std::{path::PathBuf, process::ExitCode};

use super::terminal;
use crate::{admin::explain, live::Meters, reload::Loader};

#[derive(Debug, clap::Args)]
#[group(id = "explain")]
pub(super) struct Arguments {
    /// The file.
    #[arg(env = "ONWARDS_TARGETS")]
    file: PathBuf,
    /// The alias that a client would name as its `model`.
    alias: String,
    /// The name of the caller's key (nobody's when absent).
    #[arg(long)]
    key: Option<String>,
    /// The tokens of the prompt.
    #[arg(long, default_value_t = 0)]
    tokens: u64,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match told(arguments) {
        Ok(text) => {
            terminal::say(text.trim_end());
            ExitCode::SUCCESS
        }
        Err(why) => {
            terminal::complain(&why);
            ExitCode::FAILURE
        }
    }
}

fn told(arguments: &Arguments) -> Result<String, String> {
    let meters = Meters::new("onwards").map_err(|error| format!("onwards: {error}"))?;
    let table = Loader::new(&arguments.file, meters).load().map_err(|all| all.rendered())?;
    let (alias, key) = (&arguments.alias, arguments.key.as_deref());
    let told = explain::explain(&table, alias, key, arguments.tokens);
    told.map(|told| told.to_string()).map_err(|why| format!("onwards: {why}"))
}
