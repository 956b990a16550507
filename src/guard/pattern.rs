//! A pattern of the operator's: matched in time linear in the text, whatever the pattern.
//!
//! It never matches nothing: a pattern that fits the empty text fits everywhere.

use std::ops::Range;

#[cfg(feature = "regex")]
use regex_automata::{meta, util::syntax};

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    #[cfg(feature = "regex")]
    regex: meta::Regex,
    /// The most bytes of a match, where there is a most.
    longest: Option<usize>,
}

/// Why a pattern cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The character, from 1, at which it is wrong, where it is one.
    pub(crate) at: Option<usize>,
    /// What is wrong.
    pub(crate) what: String,
}

impl Wrong {
    fn new(what: impl Into<String>) -> Self {
        Self { at: None, what: what.into() }
    }
}

impl Pattern {
    /// The most bytes of a match, where there is a most.
    pub(crate) fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// From where on a match may begin of which more would show.
    pub(super) fn open(&self, text: &[u8]) -> usize {
        let longest = self.longest.unwrap_or(text.len());
        text.len().saturating_sub(longest.saturating_add(BESIDE))
    }
}

#[cfg(feature = "regex")]
impl Pattern {
    /// Reads a pattern in the syntax of the `regex` crate.
    ///
    /// # Errors
    /// It is no pattern, fits the empty text, or takes too much memory.
    pub(crate) fn new(text: &str) -> Result<Self, Wrong> {
        let hir = syntax::parse(text).map_err(|error| wrong(text, &error))?;
        if hir.properties().minimum_len().is_none_or(|least| least == 0) {
            return Err(Wrong::new("it fits the empty text, and so every text"));
        }
        let config = meta::Config::new()
            .nfa_size_limit(Some(LARGEST))
            .onepass_size_limit(Some(LARGEST))
            .hybrid_cache_capacity(LARGEST);
        let built = meta::Regex::builder().configure(config).build_from_hir(&hir);
        let regex = built.map_err(|error| match error.size_limit() {
            Some(_) => Wrong::new(format!("it takes more than {} MiB compiled", LARGEST >> 20)),
            None => Wrong::new("it cannot be compiled"),
        })?;
        Ok(Self { regex, longest: hir.properties().maximum_len() })
    }

    /// Calls `found` with each match.
    pub(super) fn each(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        self.regex.find_iter(text).for_each(|place| found(place.range()));
    }
}

/// What the parser says, without the pattern itself.
#[cfg(feature = "regex")]
fn wrong(text: &str, error: &regex_syntax::Error) -> Wrong {
    let (offset, what) = match error {
        regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
        regex_syntax::Error::Translate(error) => {
            (error.span().start.offset, error.kind().to_string())
        }
        _ => return Wrong::new("it is no regular expression"),
    };
    let before = text.get(..offset).unwrap_or(text);
    Wrong { at: Some(before.chars().count() + 1), what }
}

#[cfg(not(feature = "regex"))]
impl Pattern {
    /// Reads no pattern.
    ///
    /// # Errors
    /// Always: this build has no patterns.
    pub(crate) fn new(_text: &str) -> Result<Self, Wrong> {
        Err(Wrong::new("this build is without the feature `regex`"))
    }

    /// Finds nothing.
    pub(super) fn each(&self, _text: &[u8], _found: &mut dyn FnMut(Range<usize>)) {}
}

/// What stands beside a match may belong to it: one character.
const BESIDE: usize = 4;
/// The most bytes that a compiled pattern takes, and that matching keeps.
#[cfg(feature = "regex")]
const LARGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    #[cfg(feature = "regex")]
    use super::*;

    #[cfg(feature = "regex")]
    #[test]
    fn what_is_no_pattern_says_where() {
        for (text, at) in [
            ("a(b", Some(2)),
            ("é[z-a]", Some(3)),
            (r"\p{Nope}", Some(1)),
            ("a**", None),
            ("a*", None),
            ("", None),
            ("(?:a{1000}){1000}", None),
        ] {
            let wrong = Pattern::new(text).unwrap_err();
            if at.is_some() {
                assert_eq!(wrong.at, at, "{text}: {wrong:?}");
            }
            assert!(!wrong.what.is_empty());
        }
    }

    #[cfg(feature = "regex")]
    #[test]
    fn a_pattern_knows_the_length_of_its_longest_match() {
        assert_eq!(Pattern::new("[a-c]{2,5}x").unwrap().longest(), Some(6));
        assert_eq!(Pattern::new("ab+").unwrap().longest(), None);
    }

    /// The pattern that takes engines that backtrack years.
    #[cfg(feature = "regex")]
    #[test]
    fn matching_is_linear() {
        let pattern = Pattern::new("(a+)+$").unwrap();
        let mut text = "a".repeat(100_000);
        text.push('b');
        let began = std::time::Instant::now();
        let mut count = 0;
        pattern.each(&text.as_bytes()[..20_000], &mut |_| count += 1);
        assert_eq!(count, 1);
        assert!(began.elapsed().as_secs() < 20);
    }
}
