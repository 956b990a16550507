//! Credentials that can be told by their shape: keys and tokens of vendors, private keys, JSON Web Tokens,
//! and passwords in URLs.
//!
//! A prefix alone is none: what follows must be as long and as mixed as the vendor makes it.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

use super::words::{begins, is_word, part, stretch};

/// Calls `found` with each credential.
pub(super) fn each(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let Some(prefixes) = &*PREFIXES else { return };
    let (mut reached, mut none) = (0, [0; KINDS.len()]);
    for hit in prefixes.find_iter(text) {
        let nth = hit.pattern().as_usize();
        let (Some(kind), Some(none)) = (KINDS.get(nth), none.get_mut(nth)) else { continue };
        if hit.start() < reached || hit.end() <= *none {
            continue;
        }
        match kind.place(text, hit.start(), hit.end()) {
            Ok(place) => {
                reached = place.end;
                found(place);
            }
            Err(end) => *none = end,
        }
    }
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

/// A kind of credential.
struct Kind {
    /// How it begins.
    prefix: &'static str,
    shape: Shape,
}

/// What follows.
enum Shape {
    /// Letters and digits, and these marks: so many at least, of which one is a digit.
    Mixed(&'static [u8], usize),
    /// The same where it may be a word of a language: a stretch without marks is long.
    Long(&'static [u8], usize),
    /// Capitals and digits, exactly so many.
    Capitals(usize),
    /// Small hexadecimal digits, exactly so many.
    Hex(usize),
    /// A value behind a name and marks, exactly so many letters, digits and `/+=`.
    Assigned(usize),
    /// The armour of a private key.
    Armour,
    /// Three parts of base64 with dots between two.
    Token,
    /// A name and a password before a host.
    Url,
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
    /// There is none, and none behind the same prefix before this place: what has been walked through once is
    /// not again, however often the prefix stands in it.
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

static PREFIXES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    let builder = builder.match_kind(MatchKind::LeftmostLongest);
    builder.build(KINDS.iter().map(|kind| kind.prefix)).ok()
});

const LONGEST_PREFIX: usize = 32;
/// A name, a password and the marks around them.
const LONGEST_URL: usize = 128 + 1 + 256 + 2;
/// Marks of names and passwords, and those between them.
const URL: &[u8] = b"-._~!&'()+,;=%#^?:@";
/// A stretch that no word of a language is as long as, with a digit in it.
const STRETCH: usize = 16;
const PLAIN: &[u8] = b"";
const URL_SAFE: &[u8] = b"-_";
const DOTTED: &[u8] = b"-_.";

const fn kind(prefix: &'static str, shape: Shape) -> Kind {
    Kind { prefix, shape }
}

/// Each kind, as its vendor documents it. Of no more than these are all looked for at once, many bytes at a time.
static KINDS: [Kind; 64] = [
    // Model providers.
    kind("sk-", Shape::Long(URL_SAFE, 20)),
    kind("AIza", Shape::Mixed(URL_SAFE, 35)),
    kind("gsk_", Shape::Mixed(PLAIN, 32)),
    kind("xai-", Shape::Long(URL_SAFE, 32)),
    kind("pplx-", Shape::Mixed(PLAIN, 32)),
    kind("hf_", Shape::Mixed(PLAIN, 30)),
    kind("r8_", Shape::Mixed(PLAIN, 32)),
    kind("nvapi-", Shape::Long(URL_SAFE, 40)),
    kind("ABSK", Shape::Mixed(b"+/=", 100)),
    // Clouds.
    kind("AKIA", Shape::Capitals(16)),
    kind("ASIA", Shape::Capitals(16)),
    kind("ABIA", Shape::Capitals(16)),
    kind("ACCA", Shape::Capitals(16)),
    kind("aws_secret_access_key", Shape::Assigned(40)),
    kind("AWS_SECRET_ACCESS_KEY", Shape::Assigned(40)),
    // With a capital, and without.
    kind("ecretAccessKey", Shape::Assigned(40)),
    kind("AccountKey=", Shape::Mixed(b"+/=", 80)),
    kind("SharedAccessKey=", Shape::Mixed(b"+/=", 40)),
    kind("ya29.", Shape::Mixed(DOTTED, 20)),
    kind("GOCSPX-", Shape::Mixed(URL_SAFE, 24)),
    kind("dop_v1_", Shape::Hex(64)),
    kind("doo_v1_", Shape::Hex(64)),
    kind("dapi", Shape::Hex(32)),
    // Code and packages.
    kind("ghp_", Shape::Mixed(PLAIN, 36)),
    kind("gho_", Shape::Mixed(PLAIN, 36)),
    kind("ghu_", Shape::Mixed(PLAIN, 36)),
    kind("ghs_", Shape::Mixed(PLAIN, 36)),
    kind("ghr_", Shape::Mixed(PLAIN, 36)),
    kind("github_pat_", Shape::Mixed(b"_", 40)),
    kind("glpat-", Shape::Mixed(DOTTED, 20)),
    kind("glptt-", Shape::Mixed(URL_SAFE, 20)),
    kind("gldt-", Shape::Mixed(URL_SAFE, 20)),
    kind("npm_", Shape::Mixed(PLAIN, 36)),
    kind("pypi-AgE", Shape::Mixed(URL_SAFE, 50)),
    kind("rubygems_", Shape::Hex(48)),
    kind("dckr_pat_", Shape::Mixed(URL_SAFE, 20)),
    kind("ATATT3", Shape::Mixed(b"-_=", 50)),
    // Messages and mail.
    kind("xoxb-", Shape::Mixed(b"-", 20)),
    kind("xoxp-", Shape::Mixed(b"-", 20)),
    kind("xoxa-", Shape::Mixed(b"-", 20)),
    kind("xoxr-", Shape::Mixed(b"-", 20)),
    kind("xoxs-", Shape::Mixed(b"-", 20)),
    kind("xoxe.", Shape::Mixed(b"-.", 20)),
    kind("xapp-", Shape::Mixed(b"-", 20)),
    kind("hooks.slack.com/services/T", Shape::Mixed(b"/", 30)),
    kind("SG.", Shape::Mixed(DOTTED, 60)),
    // Payment and shops.
    kind("sk_live_", Shape::Mixed(PLAIN, 16)),
    kind("sk_test_", Shape::Mixed(PLAIN, 16)),
    kind("rk_live_", Shape::Mixed(PLAIN, 16)),
    kind("rk_test_", Shape::Mixed(PLAIN, 16)),
    kind("whsec_", Shape::Mixed(b"+/=", 24)),
    kind("shpat_", Shape::Hex(32)),
    kind("shpss_", Shape::Hex(32)),
    kind("sq0csp-", Shape::Mixed(URL_SAFE, 40)),
    // Keepers of secrets and tools.
    kind("hvs.", Shape::Mixed(URL_SAFE, 24)),
    kind("hvb.", Shape::Mixed(URL_SAFE, 24)),
    kind("dp.pt.", Shape::Mixed(PLAIN, 40)),
    kind("lin_api_", Shape::Mixed(PLAIN, 40)),
    kind("AGE-SECRET-KEY-1", Shape::Capitals(58)),
    kind("Bearer ", Shape::Long(b"-_.~+/=", 24)),
    // By their form.
    kind("-----BEGIN ", Shape::Armour),
    kind("eyJ", Shape::Token),
    kind("://", Shape::Url),
    kind("glrt-", Shape::Mixed(URL_SAFE, 20)),
];
