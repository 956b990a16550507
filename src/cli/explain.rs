//! `onwards explain FILE ALIAS`: prints which provider would be asked, without sending a request.

use std::{path::PathBuf, process::ExitCode};

use super::terminal;
use crate::{
    admin::explain::{self, Asker, Question},
    live::Meters,
    reload::Loader,
};

#[derive(Debug, clap::Args)]
#[group(id = "explain")]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(env = "ONWARDS_TARGETS")]
    file: PathBuf,
    /// The alias, as a client would send it in `model`.
    alias: String,
    /// The name of the caller's key [default: for an alias with keys, one of its keys].
    #[arg(long)]
    key: Option<String>,
    /// The environment variable that holds the caller's key, for keys without a name.
    #[arg(long, value_name = "VARIABLE", conflicts_with = "key")]
    key_from_env: Option<String>,
    /// The path of the request.
    #[arg(long)]
    path: Option<String>,
    /// The number of tokens in the prompt.
    #[arg(long, default_value_t = 0)]
    tokens: u64,
    /// Capabilities that the request needs, such as `vision,tools`.
    #[arg(long, value_name = "CAPABILITIES")]
    needs: Option<String>,
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
    let token = match &arguments.key_from_env {
        None => None,
        Some(name) => Some(
            std::env::var(name)
                .map_err(|_| "onwards: the variable of `--key-from-env` is not set".to_owned())?,
        ),
    };
    let asker = match (&arguments.key, &token) {
        (Some(name), _) => Asker::Named(name),
        (None, Some(token)) => Asker::Token(token),
        (None, None) => Asker::Any,
    };
    let Arguments { alias, path, tokens, needs, .. } = arguments;
    let (path, needs) = (path.as_deref(), needs.as_deref());
    let question = Question { alias, asker, path, tokens: *tokens, needs };
    let told = explain::explain(&table, question);
    told.map(|told| told.to_string()).map_err(|why| format!("onwards: {why}"))
}
