//! Counts the text of a request from the bytes of its JSON body: the values that a model reads,
//! without the protocol's names.
//!
//! It reads at most 16 KiB; a longer body is sampled.

mod keys;

use std::borrow::Cow;

use self::keys::Key;
use super::{
    census::Census,
    families::Tokenizer,
    rules::{PER_MEDIUM, PER_TURN},
};

/// What the input of a request holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Input {
    text: Census,
    /// Beside a picture in a sample.
    beside: Census,
    turns: u32,
    /// Pictures, documents, sounds.
    media: u32,
    /// Numbers in lists: tokens that the client has made itself.
    numbers: u32,
    /// Bytes that stand for the whole, and the length of the whole.
    sampled: Option<(u64, u64)>,
}

impl Input {
    /// What the input of a request holds whose body is these pieces, `length` bytes in all.
    pub(crate) fn read<'a>(body: impl Iterator<Item = &'a [u8]>, length: u64) -> Self {
        let mut input = Self::default();
        if length <= MOST_READ {
            input.read_whole(&joined(body), &mut |_, _| {});
        } else {
            input.sample(body, length);
        }
        input
    }

    /// The same of a body that is not sampled, of which each field is shown on the way: its name as it is written, and
    /// its value, of an object or a list only the first bracket.
    pub(crate) fn read_and_see<'a>(
        body: impl Iterator<Item = &'a [u8]>,
        length: u64,
        mut see: impl FnMut(&[u8], &[u8]),
    ) -> Option<Self> {
        let mut input = Self::default();
        (length <= MOST_READ).then(|| input.read_whole(&joined(body), &mut see))?;
        Some(input)
    }

    /// The tokens that this family of tokenizers makes of it.
    pub(crate) fn tokens(&self, tokenizer: &Tokenizer) -> u64 {
        let text = tokenizer.tokens(&self.text) + u64::from(self.numbers);
        let text = match self.sampled {
            Some((seen, length)) => {
                text.saturating_mul(length) / seen.max(1) + tokenizer.tokens(&self.beside)
            }
            None => text,
        };
        text + PER_TURN * u64::from(self.turns) + PER_MEDIUM as u64 * u64::from(self.media)
    }
}

/// Most small bodies are one piece.
fn joined<'a>(mut body: impl Iterator<Item = &'a [u8]>) -> Cow<'a, [u8]> {
    let first = body.next().unwrap_or_default();
    match body.next() {
        None => first.into(),
        Some(second) => {
            let mut all = [first, second].concat();
            body.for_each(|piece| all.extend_from_slice(piece));
            all.into()
        }
    }
}

impl Input {
    /// Looks at every value.
    fn read_whole(&mut self, body: &[u8], see: &mut dyn FnMut(&[u8], &[u8])) {
        let (mut key, mut may_be_key, mut name) = (Key::Own, false, &b""[..]);
        // For each bracket that is open, whether it is a list's; deeper ones are taken for objects.
        let (mut lists, mut depth, mut at) = (0_u64, 0_usize, 0);
        while let Some(&byte) = body.get(at) {
            let start = at;
            at += 1;
            match byte {
                b'"' if may_be_key => {
                    let length = text_length(&body[at..]);
                    let text = &body[at..at + length];
                    at += length + 1;
                    let behind = body.get(at..).unwrap_or_default().trim_ascii_start();
                    if behind.first() == Some(&b':') {
                        (key, name, may_be_key) = (self.key(text), text, false);
                    } else {
                        self.value(key, text);
                    }
                }
                b'"' => {
                    at += self.value(key, &body[at..]) + 1;
                    if depth == 1 {
                        see(name, &body[start..at.min(body.len())]);
                    }
                }
                b'{' | b'[' => {
                    if depth == 1 {
                        see(name, &body[start..at]);
                    }
                    let is_list = byte == b'[';
                    (lists, depth) = (lists << 1 | u64::from(is_list), depth + 1);
                    may_be_key = !is_list;
                }
                b'}' | b']' => {
                    (lists, depth, name) = (lists >> 1, depth.saturating_sub(1), b"");
                }
                b',' => may_be_key = lists & 1 == 0,
                b'0'..=b'9' | b'-' | b't' | b'f' | b'n' => {
                    let rest = &body[at..];
                    let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}') || *byte <= b' ';
                    at += rest.iter().position(is_end).unwrap_or(rest.len());
                    if depth == 1 {
                        see(name, &body[start..at]);
                    }
                    self.numbers += (lists & 1) as u32 & u32::from(byte <= b'9');
                }
                _ => {}
            }
        }
    }

    fn key(&mut self, name: &[u8]) -> Key {
        let key = Key::of(name);
        match key {
            Key::Role => self.turns += 1,
            Key::Own => self.count(name),
            Key::Structure | Key::Medium | Key::NoText => {}
        }
        key
    }

    /// The value of a key, from behind its first quote. Returns its length.
    fn value(&mut self, key: Key, from: &[u8]) -> usize {
        match key {
            Key::NoText | Key::Role => return text_length(from),
            Key::Medium => {
                let length = text_length(from);
                let begins = |start: &[u8]| from.starts_with(start);
                if length > LONG_NAME || begins(b"data:") || begins(b"http") {
                    self.media += 1;
                    return length;
                }
            }
            Key::Structure | Key::Own => {}
        }
        if is_base64(from) {
            self.media += 1;
            return text_length(from);
        }
        self.text.quoted(from)
    }

    fn count(&mut self, text: &[u8]) {
        self.text.json(text);
        self.text.end();
    }

    /// Looks at samples, as far from each other as they can be. A sample that holds a picture does not count as text.
    fn sample<'a>(&mut self, body: impl Iterator<Item = &'a [u8]>, length: u64) {
        let step = length / SAMPLES;
        // Where the next one begins, and where in the body the piece does.
        let (mut next, mut begin, mut seen) = (0, 0, 0);
        for piece in body {
            let end = begin + piece.len() as u64;
            while next < end {
                let from = usize::try_from(next.saturating_sub(begin)).unwrap_or_default();
                let rest = &piece[from.min(piece.len())..];
                seen += self.sample_one(&rest[..rest.len().min(SAMPLE)]);
                next += step;
            }
            begin = end;
        }
        self.turns = 1;
        self.sampled = Some((seen, length));
    }

    /// Counts a sample; answers how many bytes of the body are like it. Where a picture begins or ends, what
    /// is beside it stands for itself alone.
    fn sample_one(&mut self, sample: &[u8]) -> u64 {
        let (begin, end) = (base64_run(sample.iter()), base64_run(sample.iter().rev()));
        if begin.max(end) < SHORTEST_MEDIUM {
            self.count(sample);
        } else {
            // One at least: how many there are is not known.
            self.media = 1;
            if begin < sample.len() {
                let text = &sample[begin..sample.len().saturating_sub(end).max(begin)];
                self.beside.json(text);
                self.beside.end();
            }
        }
        sample.len() as u64
    }
}

/// How many of these bytes, one after the other, may be digits of a picture's bytes; nothing where there are
/// few.
fn base64_run<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let run = bytes.take_while(|byte| is_base64_digit(byte)).count();
    if run < SHORTEST_MEDIUM { 0 } else { run }
}

/// The length of a text from behind its first quote, the last one not included.
fn text_length(text: &[u8]) -> usize {
    // Names and words are short, and a loop is quicker to start than a search.
    let near = &text[..text.len().min(SHORT)];
    match near.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        Some(at) if text[at] == b'"' => at,
        _ => long_text_length(text),
    }
}

fn long_text_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        at += found;
        if text[at] == b'"' {
            return at;
        }
        at += 2;
        if at >= text.len() {
            break;
        }
    }
    text.len()
}

/// Whether a text is long and not in a language: it has no space, escape or quote.
fn is_base64(text: &[u8]) -> bool {
    text.len() >= SHORTEST_MEDIUM && text[..SHORTEST_MEDIUM].iter().all(is_base64_digit)
}

fn is_base64_digit(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte)
}

/// A longer body is sampled.
const MOST_READ: u64 = 16 * 1024;
const SAMPLES: u64 = 16;
const SAMPLE: usize = 1024;
/// A name or an address of a medium is shorter than its bytes.
const LONG_NAME: usize = 256;
const SHORTEST_MEDIUM: usize = 256;
const SHORT: usize = 24;
