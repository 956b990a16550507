//! The conditions of a request, as RFC 9110 has them (13.1.1, 13.1.2): which ETags the file must have or
//! must not have, and whether the named thing must exist.
//!
//! An ETag belongs to the file; `*` asks about the alias or key in the path.

use axum::http::{HeaderMap, HeaderName, header};

/// The values of both headers; several lines of one header are one list.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
}

impl Conditions {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            if_match: list(headers, &header::IF_MATCH),
            if_none_match: list(headers, &header::IF_NONE_MATCH),
        }
    }

    /// Whether they allow a change of the file that has this ETag.
    pub(super) fn allow(&self, etag: &str) -> bool {
        let is_wanted = self.if_match.as_deref().is_none_or(|list| {
            // A strong comparison: a weak tag never matches.
            list == ANY || tags(list).any(|(is_weak, tag)| !is_weak && tag == etag)
        });
        let is_unwanted = self
            .if_none_match
            .as_deref()
            .is_some_and(|list| tags(list).any(|(_, tag)| tag == etag));
        is_wanted && !is_unwanted
    }

    /// Whether they allow a change of a thing that exists, or that does not exist yet.
    pub(super) fn allow_existing(&self, exists: bool) -> bool {
        let forbids = if exists { &self.if_none_match } else { &self.if_match };
        forbids.as_deref() != Some(ANY)
    }
}

fn list(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines = headers.get_all(name).iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(",").trim().to_owned())
}

/// The tags of a list, and whether each is weak. Commas inside quotes belong to the tag. A tag without
/// quotes, as typed by hand, counts as a strong one.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        let weak = rest.strip_prefix("W/");
        let (tag, after) = match weak.unwrap_or(rest).strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        // Anything else before the next comma belongs to no tag.
        rest = after.split_once(',').map_or("", |(_, next)| next);
        Some((weak.is_some(), tag.trim_end()))
    })
}

const ANY: &str = "*";

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(headers: &[(HeaderName, &'static str)]) -> Conditions {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value.parse().unwrap());
        }
        Conditions::of(&all)
    }

    #[test]
    fn lists_of_tags_are_compared_with_the_files() {
        for (list, is_strong, is_weak) in [
            ("\"abc\"", true, true),
            ("\"x\", \"abc\"", true, true),
            ("\"x\",,\t\"abc\" ,", true, true),
            ("abc", true, true),
            ("x, abc ", true, true),
            ("W/\"abc\"", false, true),
            ("W/\"x\", \"abc\"", true, true),
            ("\"x\"", false, false),
            ("\"x,abc,y\"", false, false),
            ("\"x, \"abc", false, false),
            ("w/\"abc\"", false, false),
            ("\"", false, false),
            ("", false, false),
        ] {
            let wanted = conditions(&[(header::IF_MATCH, list)]);
            assert_eq!(wanted.allow("abc"), is_strong, "If-Match: {list}");
            let unwanted = conditions(&[(header::IF_NONE_MATCH, list)]);
            assert_eq!(unwanted.allow("abc"), !is_weak, "If-None-Match: {list}");
            assert!(wanted.allow_existing(false) && unwanted.allow_existing(true), "{list}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [(header::IF_MATCH, "\"x\""), (header::IF_MATCH, "\"abc\"")];
        assert!(conditions(&lines).allow("abc"));
        let both = [(header::IF_MATCH, "\"abc\""), (header::IF_NONE_MATCH, "\"abc\"")];
        assert!(!conditions(&both).allow("abc"));
    }

    #[test]
    fn star_asks_whether_the_thing_exists() {
        let none = conditions(&[]);
        assert!(none.allow("abc") && none.allow_existing(true) && none.allow_existing(false));
        let only_new = conditions(&[(header::IF_NONE_MATCH, " * ")]);
        assert!(only_new.allow("abc") && only_new.allow_existing(false));
        assert!(!only_new.allow_existing(true));
        let only_old = conditions(&[(header::IF_MATCH, "*")]);
        assert!(only_old.allow("abc") && only_old.allow_existing(true));
        assert!(!only_old.allow_existing(false));
    }
}
