//! Names that are not targets: additional names, patterns, and the default target.
//!
//! It is used only for a name that no target has.

use std::collections::HashMap;

use super::PoolId;

/// The names besides those of targets.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Additional names and their targets.
    pub(crate) further: HashMap<Box<str>, Box<str>>,
    /// Patterns among the targets, the longest first.
    pub(crate) patterns: Vec<(Box<str>, PoolId)>,
    /// The default target.
    pub(crate) default: Option<PoolId>,
}

impl Names {
    /// The target's name for an additional name; any other name unchanged.
    pub(crate) fn meant<'a>(&'a self, name: &'a str) -> &'a str {
        self.further.get(name).map_or(name, |meant| meant)
    }

    /// The longest matching pattern.
    pub(crate) fn fitting(&self, name: &str) -> Option<PoolId> {
        let fits = |(pattern, _): &&(Box<str>, PoolId)| fits(pattern, name);
        self.patterns.iter().find(fits).map(|(_, pool)| *pool)
    }

    /// Sorts the patterns by precedence, the most specific first.
    pub(crate) fn order(&mut self) {
        let said = |pattern: &str| pattern.bytes().filter(|byte| *byte != b'*').count();
        self.patterns.sort_by_key(|(pattern, pool)| (usize::MAX - said(pattern), pool.0));
    }
}

/// Whether a target's name is a pattern.
pub(crate) fn is_pattern(name: &str) -> bool {
    name.contains('*')
}

/// Whether a name matches a pattern, in which `*` is any text. The time is linear in the length of
/// the name for each star: the text between two stars is searched once, from the left.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(end)
}

/// Whether some name matches both patterns.
pub(crate) fn may_meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // `met[at]`: whether the prefix of `one` read so far and the first `at` bytes of `other` can
    // match the same text.
    let mut met = vec![false; other.len() + 1];
    met[0] = true;
    for at in 1..=other.len() {
        met[at] = met[at - 1] && other[at - 1] == b'*';
    }
    for &byte in one {
        let mut next = vec![false; other.len() + 1];
        next[0] = met[0] && byte == b'*';
        for at in 1..=other.len() {
            let its = other[at - 1];
            next[at] = match (byte, its) {
                (b'*', _) | (_, b'*') => met[at] || next[at - 1] || met[at - 1],
                _ => met[at - 1] && byte == its,
            };
        }
        met = next;
    }
    met[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_is_any_text_and_nothing_else_is_special() {
        for (pattern, name, expected) in [
            ("claude-*", "claude-", true),
            ("claude-*", "claude-x", true),
            ("claude-*", "claude", false),
            ("*-mini", "gpt-5-mini", true),
            ("*-mini", "gpt-5-mini-x", false),
            ("gpt-*-mini", "gpt-mini", false),
            ("gpt-*-mini", "gpt--mini", true),
            ("*a*b*", "xaxbx", true),
            ("*a*b*", "xbxax", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*", "", true),
            ("g.t*", "gpt-4", false),
            ("GPT*", "gpt-4", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_meet_where_a_name_fits_both() {
        for (one, other, expected) in [
            ("gpt-4", "gpt-4", true),
            ("gpt-4", "gpt-5", false),
            ("gpt-*", "gpt-4", true),
            ("gpt-*", "*-mini", true),
            ("gpt-*", "claude-*", false),
            ("*a", "*b", false),
            ("*", "", true),
            ("a*c", "ab*", true),
            ("a*c", "b*", false),
            ("x", "*x*y*", false),
        ] {
            assert_eq!(may_meet(one, other), expected, "{one} {other}");
            assert_eq!(may_meet(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn longest_pattern_is_tried_first() {
        let patterns = ["*", "gpt-*", "gpt-4*-mini", "*-mini"].map(Box::from);
        let patterns = patterns.into_iter().zip((0..).map(PoolId)).collect();
        let mut names = Names { patterns, ..Names::default() };
        names.order();
        for (name, expected) in [("gpt-4o-mini", 2), ("gpt-5", 1), ("x-mini", 3), ("o3", 0)] {
            assert_eq!(names.fitting(name), Some(PoolId(expected)), "{name}");
        }
    }
}
