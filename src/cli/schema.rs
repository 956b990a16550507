//! `onwards schema`: what editors complete from.

use std::process::ExitCode;

pub(super) fn run() -> ExitCode {
    match serde_json::to_string_pretty(&crate::config::schema()) {
        Ok(text) => {
            super::say(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            super::complain(&format!("onwards: the schema cannot be written: {error}"));
            ExitCode::FAILURE
        }
    }
}
