//! Email addresses. File names (`icon@2x.png`) and repository addresses (`git@host:path`) do not
//! match.

use std::ops::Range;

use memchr::memchr;

use super::words::{part, stretch};

/// Calls `found` with each address.
pub(super) fn each(text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    let mut at = 0;
    while let Some(sign) = memchr(b'@', text.get(at..).unwrap_or_default()) {
        let sign = at + sign;
        at = sign + 1;
        let Some(start) = local(text, sign) else { continue };
        let ascii = |byte: u8| byte.is_ascii_alphanumeric();
        let any = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
        let Some(end) = domain(text, sign, ascii).or_else(|| domain(text, sign, any)) else {
            continue;
        };
        let is_repository = part(text, start..sign) == b"git" && text.get(end) == Some(&b':');
        if !is_repository {
            found(start..end);
            at = end;
        }
    }
}

/// Where the part before the sign begins.
fn local(text: &[u8], sign: usize) -> Option<usize> {
    let before = part(text, sign.saturating_sub(LONGEST_LOCAL)..sign);
    let mut length = 0;
    loop {
        match before.get(..before.len() - length) {
            Some([.., byte]) if byte.is_ascii_alphanumeric() || MARKS.contains(byte) => length += 1,
            // Letters of alphabets like this one; those of others are written without a space.
            Some([.., 0xc3..=0xcd, 0x80..=0xbf]) => length += 2,
            _ => break,
        }
    }
    let local = part(text, sign - length..sign);
    // Marks before the first letter are of the text around it.
    let marks = local.iter().take_while(|byte| MARKS.contains(byte) && **byte != b'_').count();
    (length > marks && local.last() != Some(&b'.')).then_some(sign - length + marks)
}

/// Where the domain ends: labels with dots between two, of which the last has only letters.
fn domain(text: &[u8], sign: usize, is_letter: impl Fn(u8) -> bool) -> Option<usize> {
    let from = sign + 1;
    let is_of = |byte: u8| is_letter(byte) || byte == b'-' || byte == b'.';
    let length = stretch(text, from, is_of).min(LONGEST_DOMAIN);
    let mut domain = part(text, from..from + length);
    // A full stop ends the sentence.
    while let Some((last, rest)) = domain.split_last()
        && matches!(last, b'.' | b'-')
    {
        domain = rest;
    }
    let is_image = domain.get(1).is_some_and(|it| *it == b'x')
        && domain.get(2) == Some(&b'.')
        && domain.first().is_some_and(u8::is_ascii_digit);
    if domain.starts_with(b".") || is_image || memchr::memmem::find(domain, b"..").is_some() {
        return None;
    }
    let at = memchr::memrchr(b'.', domain)?;
    let last = part(domain, at + 1..domain.len());
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    let is_top = (2..=63).contains(&last.len())
        && (last.iter().all(letters) || last.to_ascii_lowercase().starts_with(b"xn--"));
    let labels = |label: &[u8]| label.first() != Some(&b'-') && label.last() != Some(&b'-');
    (is_top && domain.split(|byte| *byte == b'.').all(labels)).then(|| from + domain.len())
}

const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 189;
/// Marks that stand in addresses as they are written.
const MARKS: &[u8] = b".!#$%&'*+/=?^_`{|}~-";

/// From where on an address may go on behind the text.
pub(super) fn open(text: &[u8]) -> usize {
    let is_of = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || **byte >= 0x80 || **byte == b'@' || MARKS.contains(byte)
    };
    let length = text.iter().rev().take_while(is_of).count();
    let word = part(text, text.len() - length..text.len());
    let local = memchr(b'@', word).map_or(word.len(), |sign| word.len() - sign + LONGEST_LOCAL);
    let length = if word.contains(&b'@') { local.min(length) } else { length.min(LONGEST_LOCAL) };
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'_';
    let first = part(text, text.len() - length..text.len()).iter().position(is_letter);
    text.len() - first.map_or(0, |first| length - first)
}
