//! `onwards schema`: prints the JSON Schema of the file, for completion in editors.

use std::process::ExitCode;

use super::terminal;

pub(super) fn run() -> ExitCode {
    match serde_json::to_string_pretty(&crate::config::published()) {
        Ok(text) => {
            terminal::say(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            terminal::complain(&format!("onwards: the schema cannot be written: {error}"));
            ExitCode::FAILURE
        }
    }
}
