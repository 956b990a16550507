//! Credentials that can be told by their shape: keys and tokens of vendors, private keys, JSON Web Tokens,
//! and passwords in URLs.
//!
//! A prefix alone is not a secret: what follows must be as long and as mixed as the vendor makes it.

mod kinds;
#[cfg(test)]
mod tests;
mod windows;

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, Input, MatchKind};

use self::kinds::{KINDS, Kind, Shape};
use super::words::{begins, is_word, part, stretch};

/// Calls `found` with each credential.
pub(super) fn each(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let (Some(prefixes), Some(plain)) = (&*PREFIXES, &*PLAIN_PREFIXES) else { return };
    let (mut reached, mut none) = (0, [0; KINDS.len()]);
    let others = plain.find_iter(text).map(|hit| hit.range());
    windows::each(text, others, &mut |window| {
        for hit in prefixes.find_iter(Input::new(text).range(window)) {
            let nth = hit.pattern().as_usize();
            let (Some(kind), Some(none)) = (KINDS.get(nth), none.get_mut(nth)) else { continue };
            if hit.end() <= *none {
                continue;
            }
            match kind.place(text, hit.start(), hit.end()) {
                Ok(place) => {
                    // Another of this kind in it would end where it does; one of another kind may go on
                    // behind it.
                    *none = place.end;
                    if place.end > reached {
                        reached = place.end;
                        found(place);
                    }
                }
                Err(end) => *none = end,
            }
        }
    });
}

/// From where on a credential may go on behind the text, or the prefix of one.
pub(super) fn open(text: &[u8]) -> usize {
    let is_begun = |length: &usize| {
        let end = part(text, text.len() - length..text.len());
        KINDS
            .iter()
            .any(|kind| kind.prefix.len() > *length && kind.prefix.as_bytes().starts_with(end))
    };
    let begun = (1..=LONGEST_PREFIX.min(text.len())).rev().find(is_begun).unwrap_or(0);
    let Some(prefixes) = &*PREFIXES else { return text.len() - begun };
    let mut over = [0; KINDS.len()];
    let open = prefixes.find_iter(text).find(|hit| {
        let nth = hit.pattern().as_usize();
        let (Some(kind), Some(over)) = (KINDS.get(nth), over.get_mut(nth)) else { return false };
        if hit.end() <= *over {
            return false;
        }
        *over = kind.reaches(text, hit.start(), hit.end());
        *over == text.len()
    });
    open.map_or(text.len(), |hit| hit.start()).min(text.len() - begun)
}

impl Kind {
    /// Where the end is of what may be a credential that begins with this prefix, or with the same one before
    /// that end; at the end of the text, more of it would show whether it is one.
    fn reaches(&self, text: &[u8], start: usize, end: usize) -> usize {
        let reaches = |is_of: &dyn Fn(u8) -> bool| end + stretch(text, end, is_of);
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        match self.shape {
            Shape::Mixed(marks, _) | Shape::Long(marks, _) => {
                reaches(&|byte| plain(byte) || marks.contains(&byte))
            }
            Shape::Capitals(_) | Shape::Hex(_) => reaches(&plain),
            Shape::Assigned(_) => reaches(&|byte| plain(byte) || b" \t\"'=:>\\/+".contains(&byte)),
            Shape::Token => reaches(&|byte| plain(byte) || b"-_.".contains(&byte)),
            Shape::Url => {
                let all = reaches(&|byte| byte >= 0x80 || plain(byte) || URL.contains(&byte));
                all.min(end + LONGEST_URL)
            }
            Shape::Armour => match armour(text, start, end) {
                Some(place) => place.end,
                None if is_public(text, end) => end,
                None => reaches(&|byte| {
                    plain(byte) || byte.is_ascii_whitespace() || b"-\\+/=:,".contains(&byte)
                }),
            },
        }
    }

    /// The credential that begins here.
    ///
    /// # Errors
    /// There is no secret here, nor behind the same prefix before the returned place. So nothing is walked through
    /// twice, however often the prefix stands in it.
    fn place(&self, text: &[u8], start: usize, end: usize) -> Result<Range<usize>, usize> {
        let begins = begins(text, start);
        let exact = |most: usize, is_of: &dyn Fn(u8) -> bool| {
            let length = stretch(near(text, end + most + 1), end, is_of);
            let is_over = text.get(end + length).is_none_or(|byte| !is_word(*byte));
            (begins && length == most && is_over).then_some(start..end + length)
        };
        let place = match self.shape {
            _ if !begins && self.is_word() => None,
            Shape::Mixed(marks, least) => return mixed(text, start, end, marks, least, |_| true),
            Shape::Long(marks, least) => {
                return mixed(text, start, end, marks, least, |rest| {
                    rest.split(|byte| marks.contains(byte)).any(|part| part.len() >= STRETCH)
                });
            }
            Shape::Token => return token(text, start, end),
            Shape::Capitals(most) => {
                exact(most, &|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            }
            Shape::Hex(most) => exact(most, &|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            Shape::Assigned(most) => assigned(text, end, most),
            Shape::Armour => armour(text, start, end),
            Shape::Url => url(text, end),
        };
        place.ok_or(end)
    }

    /// Whether each has a digit behind its prefix, and is a long word.
    fn has_digit(&self) -> bool {
        matches!(self.shape, Shape::Mixed(..) | Shape::Long(..))
    }

    /// Whether no word may go on before it.
    fn is_word(&self) -> bool {
        !matches!(self.shape, Shape::Assigned(_) | Shape::Armour | Shape::Url)
    }
}

/// The text up to a place.
fn near(text: &[u8], end: usize) -> &[u8] {
    part(text, 0..end.min(text.len()))
}

/// Letters, digits and marks to where they end; what does not match here does not match from a later place on.
fn mixed(
    text: &[u8],
    start: usize,
    end: usize,
    marks: &[u8],
    least: usize,
    is_one: impl Fn(&[u8]) -> bool,
) -> Result<Range<usize>, usize> {
    let length = stretch(text, end, |byte| byte.is_ascii_alphanumeric() || marks.contains(&byte));
    let rest = part(text, end..end + length);
    let is_mixed = length >= least && rest.iter().any(u8::is_ascii_digit);
    if is_mixed && is_one(rest) { Ok(start..end + length) } else { Err(end + length) }
}

/// A value behind marks.
fn assigned(text: &[u8], end: usize, most: usize) -> Option<Range<usize>> {
    let marks = stretch(near(text, end + 9), end, |byte| b" \t\"'=:>\\".contains(&byte));
    let start = end + marks;
    let length = stretch(near(text, start + most + 1), start, |byte| {
        byte.is_ascii_alphanumeric() || b"/+=".contains(&byte)
    });
    ((1..=8).contains(&marks) && length == most).then_some(start..start + length)
}

/// A private key from its first line to its last, or to the end of the text.
fn armour(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let name = stretch(near(text, end + 65), end, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
    });
    let is_private = memchr::memmem::find(part(text, end..end + name), b"PRIVATE KEY").is_some();
    if name > 64 || !is_private || !text.get(end + name..)?.starts_with(b"-----") {
        return None;
    }
    let body = end + name + 5;
    let lines = stretch(text, body, |byte| byte.is_ascii_whitespace() || b"\\nr".contains(&byte));
    let first = stretch(text, body + lines, |byte| {
        byte.is_ascii_alphanumeric() || b"+/=-:, ".contains(&byte)
    });
    if first < 16 {
        return None;
    }
    let rest = part(text, body..text.len());
    let Some(last) = memchr::memmem::find(rest, b"-----END ") else {
        let more = stretch(text, body, |byte| {
            byte.is_ascii_alphanumeric()
                || byte.is_ascii_whitespace()
                || b"+/=\\-:,".contains(&byte)
        });
        return Some(start..body + more);
    };
    let last = body + last + 9;
    let close = memchr::memmem::find(part(text, last..(last + 80).min(text.len())), b"-----");
    Some(start..close.map_or(last, |close| last + close + 5))
}

/// Whether what stands behind the beginning of an armour cannot be a private key, whatever follows.
fn is_public(text: &[u8], end: usize) -> bool {
    let name = stretch(near(text, end + 65), end, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
    });
    let is_private = memchr::memmem::find(part(text, end..end + name), b"PRIVATE KEY").is_some();
    let behind = part(text, end + name..(end + name + 5).min(text.len()));
    name > 64 || !b"-----".starts_with(behind) || (behind.len() == 5 && !is_private)
}

/// A JSON Web Token from its first part, which has been seen to begin; what is not one is not one from a later
/// place in that part either.
fn token(text: &[u8], start: usize, end: usize) -> Result<Range<usize>, usize> {
    let is_of = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let head = stretch(text, end, is_of);
    let dot = end + head;
    if head < 8 || !part(text, dot..text.len()).starts_with(b".eyJ") {
        return Err(dot);
    }
    let claims = stretch(text, dot + 1, is_of);
    if claims < 11 {
        return Err(dot);
    }
    let all = stretch(text, dot, |byte| is_of(byte) || byte == b'.');
    Ok(start..dot + all)
}

/// Name and password from behind `://` to before the host.
fn url(text: &[u8], end: usize) -> Option<Range<usize>> {
    let is_of = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte >= 0x80 || b"-._~!&'()+,;=%#^?".contains(&byte)
    };
    let name = stretch(near(text, end + 129), end, is_of);
    let colon = end + name;
    if name > 128 || text.get(colon) != Some(&b':') {
        return None;
    }
    let password = stretch(near(text, colon + 258), colon + 1, is_of);
    let at = colon + 1 + password;
    let is_host =
        text.get(at + 1).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'[');
    ((3..=256).contains(&password) && text.get(at) == Some(&b'@') && is_host).then_some(end..at)
}

static PREFIXES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| searcher(|_| true));
/// Those of credentials that may have no digit.
static PLAIN_PREFIXES: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| searcher(|kind| !kind.has_digit()));

fn searcher(is_one: impl Fn(&Kind) -> bool) -> Option<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    let builder = builder.match_kind(MatchKind::LeftmostLongest);
    builder.build(KINDS.iter().filter(|kind| is_one(kind)).map(|kind| kind.prefix)).ok()
}

const LONGEST_PREFIX: usize = 32;
/// A name, a password and the marks around them.
const LONGEST_URL: usize = 128 + 1 + 256 + 2;
/// Marks of names and passwords, and those between them.
const URL: &[u8] = b"-._~!&'()+,;=%#^?:@";
/// A stretch that no word of a language is as long as, with a digit in it.
const STRETCH: usize = 16;
