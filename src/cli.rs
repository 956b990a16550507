//! The command line: one file for each subcommand.

mod check;
mod explain;
mod log;
mod schema;
mod serve;
mod values;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// One binary and one JSON file between applications and their LLM providers.
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
    Serve(serve::Arguments),
    /// Print every problem of a file, or a summary of its aliases.
    Check(check::Arguments),
    /// Print who would be asked for an alias, without asking anybody.
    Explain(explain::Arguments),
    /// Print the JSON Schema of the file, for editors.
    Schema,
}

/// Runs what the arguments say.
pub fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    match arguments.command {
        None => serve::run(&arguments.serve),
        Some(Command::Serve(serve)) => serve::run(&serve),
        Some(Command::Check(check)) => check::run(&check),
        Some(Command::Explain(explain)) => explain::run(&explain),
        Some(Command::Schema) => schema::run(),
    }
}

/// Text for whoever called; a closed pipe is no reason to fail.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Text about what went wrong.
fn complain(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
