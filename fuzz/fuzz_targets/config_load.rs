//! The configuration loader on arbitrary text: it never panics, and whatever it refuses it names,
//! inside the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onwards::config::{self, references::Nothing};

fuzz_target!(|text: &str| {
    let lines = text.split('\n').count();
    let Err(problems) = config::parse("targets.json", text.to_owned(), &Nothing) else { return };
    assert!(!problems.0.is_empty(), "refused without a reason");
    for problem in &problems.0 {
        assert!(problem.line <= lines + 1, "a problem beyond the file");
        assert!(!problem.message.is_empty());
    }
    assert!(!problems.rendered().is_empty());
});
