//! An operator's regular expression, matched in linear time.
//!
//! A pattern that matches the empty text is refused, since it would match everywhere.

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
        let longest = self.longest.map_or(UNBOUNDED, |longest| longest.saturating_add(BESIDE));
        text.len().saturating_sub(longest)
    }
}

#[cfg(feature = "regex")]
impl Pattern {
    /// Reads a pattern in the syntax of the `regex` crate.
    ///
    /// # Errors
    /// It is not a pattern, matches the empty text, or takes too much memory.
    pub(crate) fn new(text: &str) -> Result<Self, Wrong> {
        let hir = syntax::parse(text).map_err(|error| wrong(text, &error))?;
        if hir.properties().minimum_len().is_none_or(|least| least == 0) {
            return Err(Wrong::new("it matches the empty text, and so every text"));
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

    /// The first match.
    pub(super) fn first(&self, text: &[u8]) -> Option<Range<usize>> {
        self.regex.find(text).map(|place| place.range())
    }

    /// Calls `found` with each match. Each may take a look at all that follows, where the length of a match has
    /// no bound: when that has come to be too much, all that is left is taken for one match.
    pub(super) fn each(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        self.each_within(MOST_LOOKED, text, found);
    }

    fn each_within(&self, most: u64, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let mut looked = 0_u64;
        for place in self.regex.find_iter(text) {
            if self.longest.is_none() {
                looked += (text.len() - place.start()) as u64;
                if looked > most {
                    return found(place.start()..text.len());
                }
            }
            found(place.range());
        }
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
        _ => return Wrong::new("it is not a valid regular expression"),
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
    pub(super) fn first(&self, _text: &[u8]) -> Option<Range<usize>> {
        None
    }

    /// Finds nothing.
    pub(super) fn each(&self, _text: &[u8], _found: &mut dyn FnMut(Range<usize>)) {}
}

/// How much of a text waits for a pattern whose matches have no bound: none looks at streams.
const UNBOUNDED: usize = 256;
/// What stands beside a match may belong to it: one character.
const BESIDE: usize = 4;
/// The most bytes that all matches of a pattern without a bound may look at.
#[cfg(feature = "regex")]
const MOST_LOOKED: u64 = 1 << 32;
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

    /// Each match of it takes a look at all that follows.
    #[cfg(feature = "regex")]
    #[test]
    fn pattern_without_a_bound_takes_no_square_of_the_text() {
        let pattern = Pattern::new("a[^b]*b|a").unwrap();
        let text = "a".repeat(20_000);
        let mut places = Vec::new();
        pattern.each_within(1 << 20, text.as_bytes(), &mut |place| places.push(place));
        assert!(places.len() < 60, "{}", places.len());
        assert_eq!(places.last().map(|place| place.end), Some(text.len()));
        assert!(places.windows(2).all(|it| it[0].end == it[1].start));
        assert_eq!(pattern.first(text.as_bytes()), Some(0..1));
        // A bound takes no more than its length.
        let mut count = 0;
        Pattern::new("a[^b]{0,9}b|a").unwrap().each(text.as_bytes(), &mut |_| count += 1);
        assert_eq!(count, text.len());
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
