//! The command line: one file for each subcommand.

mod admin;
mod check;
mod explain;
mod health;
mod key;
mod log;
mod places;
mod port;
mod schema;
mod serve;
mod terminal;
#[cfg(feature = "top")]
mod top;
mod values;

use std::process::ExitCode;

use clap::{
    CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};

use crate::secret::names::may_be_credential;

/// An LLM gateway: one binary and one JSON file between applications and their providers.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve requests (the default).
    Serve(Box<serve::Arguments>),
    /// Check a file: print every problem, or a summary of its aliases.
    Check(check::Arguments),
    /// Print which provider an alias would choose and why, without sending a request.
    Explain(explain::Arguments),
    /// Check whether the process on this machine is up; exit 0 or 1.
    Health(health::Arguments),
    /// Show the status of a running process: aliases, providers, keys, the last requests.
    #[cfg(feature = "top")]
    Top(top::Arguments),
    /// Administer a running process: list targets and keys, rest, wake and drain providers, reload.
    Admin(admin::Arguments),
    /// Create a key for a client.
    Key(key::Arguments),
    /// Print the JSON Schema of the file, for completion in editors.
    Schema,
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let arguments =
        read(CommandLine::command()).unwrap_or_else(|error| hinted(masked(error)).exit());
    match arguments.command {
        None => serve::run(&arguments.serve),
        Some(Command::Serve(serve)) => serve::run(&serve),
        Some(Command::Check(check)) => check::run(&check),
        Some(Command::Explain(explain)) => explain::run(&explain),
        Some(Command::Health(health)) => health::run(&health),
        #[cfg(feature = "top")]
        Some(Command::Top(top)) => top::run(&top),
        Some(Command::Admin(arguments)) => admin::run(&arguments),
        Some(Command::Key(arguments)) => key::run(&arguments),
        Some(Command::Schema) => schema::run(),
    }
}

/// Parses the arguments. Help shows the names of environment variables, never their values.
fn read(command: clap::Command) -> Result<CommandLine, clap::Error> {
    let mut matches = without_values(command).try_get_matches()?;
    CommandLine::from_arg_matches_mut(&mut matches)
}

fn without_values(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| argument.hide_env_values(true)).mut_subcommands(without_values)
}

/// Adds a hint where a file stands in place of a command, a common first mistake.
fn hinted(mut error: clap::Error) -> clap::Error {
    let is_file = |value: &ContextValue| match value {
        ContextValue::String(text) => text.ends_with(".json"),
        _ => false,
    };
    if error.get(ContextKind::InvalidSubcommand).is_some_and(is_file) {
        let hint = "pass the file with `--targets FILE`";
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}

/// Masks texts that may be a credential pasted in the wrong place.
fn masked(mut error: clap::Error) -> clap::Error {
    let pasted = |value: &ContextValue| match value {
        ContextValue::String(text) => may_be_credential(text),
        ContextValue::Strings(texts) => texts.iter().any(|text| may_be_credential(text)),
        _ => false,
    };
    let kinds: Vec<ContextKind> =
        error.context().filter(|(_, value)| pasted(value)).map(|(kind, _)| kind).collect();
    if !kinds.is_empty() {
        // The suggestion would repeat the text.
        error.remove(ContextKind::Suggested);
    }
    for kind in kinds {
        error.insert(kind, ContextValue::String("…".to_owned()));
    }
    error
}
