//! Output to the terminal. A closed pipe is not an error.

use std::io::Write as _;

/// Prints to standard output.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A count of aliases in words.
pub(super) fn aliases(count: usize) -> String {
    match count {
        1 => "1 alias".to_owned(),
        count => format!("{count} aliases"),
    }
}
