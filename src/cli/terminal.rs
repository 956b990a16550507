//! What is written to the terminal.
//!
//! A closed pipe is no reason to fail.

use std::io::Write as _;

/// Writes a text to the standard output.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Writes a text about what went wrong to the standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// So many aliases.
pub(super) fn aliases(count: usize) -> String {
    match count {
        1 => "1 alias".to_owned(),
        count => format!("{count} aliases"),
    }
}
