//! Strings: skipped in blocks, decoded only if needed. Inlining was measured: almost all strings
//! end in the first few words.
//!
//! It refuses what `serde_json` refuses: control characters, invalid UTF-8, unknown escapes, lone
//! surrogates.

use super::escape::{Escape, Escaped, quad, simple};
use super::machine::{Expect, Keep, LONGEST_KEY, Machine, Step, Token};
use super::plain::{first_special, special};
use super::prose::pass_over;

impl<const N: usize> Machine<N> {
    /// Reads a string whose opening quote lies before `start`.
    #[inline(always)]
    pub(super) fn string(&mut self, piece: &[u8], start: usize) -> Step {
        let at = near(piece, start);
        if piece.get(at) == Some(&b'"') {
            let run = piece.get(start..at).unwrap_or_default();
            return Ok(self.string_end(run, piece, at + 1));
        }
        self.string_from(piece, start, at)
    }

    /// Goes on inside a string; from `from` to `at` there is nothing special.
    #[inline(never)]
    pub(super) fn string_from(&mut self, piece: &[u8], mut from: usize, mut at: usize) -> Step {
        if self.cut.length > 0 {
            at = self.mend(piece, at)?;
        }
        loop {
            at = near(piece, at);
            if self.keep == Keep::Nothing {
                at = self.unwanted(piece, at)?;
            }
            let run = piece.get(from..at).unwrap_or_default();
            match piece.get(at) {
                Some(b'"') => return Ok(self.string_end(run, piece, at + 1)),
                Some(b'\\') => {
                    self.keep(run);
                    at = self.escape(piece, at)?;
                    if matches!(self.token, Token::Escape(_)) {
                        return Ok(at);
                    }
                    from = at;
                }
                Some(0x80..) => at = self.foreign(piece, at)?,
                Some(..0x20) => return Err(self.base + at as u64),
                Some(_) => at += first_special(piece.get(at..).unwrap_or_default()),
                None => {
                    self.keep(run);
                    self.token = Token::String;
                    return Ok(at);
                }
            }
        }
    }

    /// Goes on in an escape that the previous piece broke off in, then in its string.
    pub(super) fn resume_escape(&mut self, escape: Escape, piece: &[u8]) -> Step {
        let at = self.escape_bytes(escape, piece, 0)?;
        match self.token {
            Token::Escape(_) => Ok(at),
            _ => self.string_from(piece, at, at),
        }
    }

    #[inline(always)]
    fn string_end(&mut self, run: &[u8], piece: &[u8], at: usize) -> usize {
        if self.keep != Keep::Nothing {
            self.kept(run);
        }
        if !matches!(self.expect, Expect::Key | Expect::FirstKey) {
            return self.value_end(piece, at);
        }
        self.key_end(piece, at)
    }

    /// A string of which the text was asked for ends with this run.
    #[inline(never)]
    fn kept(&mut self, run: &[u8]) {
        if self.keep == Keep::Key && self.key.is_empty() {
            self.named(run);
        } else {
            self.keep(run);
            if self.keep == Keep::Key {
                let key = std::mem::take(&mut self.key);
                self.named(&key);
            }
        }
        self.keep = Keep::Nothing;
    }

    #[inline(always)]
    fn keep(&mut self, run: &[u8]) {
        if self.keep != Keep::Nothing {
            self.keep_run(run);
        }
    }

    #[inline(never)]
    fn keep_run(&mut self, run: &[u8]) {
        if self.keep == Keep::Text {
            self.text.extend_from_slice(run);
            return;
        }
        let room = LONGEST_KEY - self.key.len();
        self.key.extend_from_slice(run.get(..room).unwrap_or(run));
    }

    /// Passes over text that is not needed, up to what needs a closer look.
    fn unwanted(&mut self, piece: &[u8], mut at: usize) -> Step {
        loop {
            // A window at a time, so that the second look finds the bytes in the nearest cache.
            let rest = piece.get(at..).unwrap_or_default();
            let window = rest.get(..WINDOW).unwrap_or(rest);
            let passed = pass_over(window);
            let run = window.get(..passed.length).unwrap_or_default();
            let cut_off = run.len() == window.len();
            if passed.foreign {
                self.check(run, at, cut_off)?;
                at = self.mend(piece, at + run.len())?;
            } else {
                at += run.len();
            }
            if !cut_off || at == piece.len() {
                return Ok(at);
            }
        }
    }

    /// Passes over text beyond ASCII that is needed, up to a quote or backslash or as far as
    /// one look goes.
    #[cold]
    fn foreign(&mut self, piece: &[u8], at: usize) -> Step {
        let rest = piece.get(at..).unwrap_or_default();
        let window = rest.get(..WINDOW).unwrap_or(rest);
        let stop = window.iter().position(|&byte| matches!(byte, b'"' | b'\\' | ..0x20));
        let run = stop.and_then(|stop| window.get(..stop)).unwrap_or(window);
        self.check(run, at, stop.is_none())?;
        self.mend(piece, at + run.len())
    }

    /// Looks for broken UTF-8. A run that was cut off may break off in a character.
    fn check(&mut self, run: &[u8], at: usize, cut_off: bool) -> Result<(), u64> {
        let Err(error) = simdutf8::compat::from_utf8(run) else { return Ok(()) };
        let valid = error.valid_up_to();
        if error.error_len().is_some() || !cut_off {
            return Err(self.base + (at + valid) as u64);
        }
        self.cut.set(run.get(valid..).unwrap_or_default());
        Ok(())
    }

    /// Completes a UTF-8 sequence that broke off, as far as the piece goes.
    fn mend(&mut self, piece: &[u8], mut at: usize) -> Step {
        let start = self.base + at as u64 - self.cut.length as u64;
        while self.cut.length > 0
            && let Some(&byte) = piece.get(at)
        {
            at += 1;
            if !self.cut.takes(byte) {
                return Err(start);
            }
        }
        Ok(at)
    }

    /// Reads an escape from its backslash on.
    #[inline(always)]
    fn escape(&mut self, piece: &[u8], at: usize) -> Step {
        match piece.get(at + 1).and_then(|&byte| simple(byte)) {
            Some(decoded) => {
                self.keep(&[decoded]);
                Ok(at + 2)
            }
            None => self.long_escape(piece, at + 1),
        }
    }

    #[inline(never)]
    fn long_escape(&mut self, piece: &[u8], at: usize) -> Step {
        if let Some([b'u', digits @ ..]) = piece.get(at..).and_then(|rest| rest.first_chunk::<5>())
            && let Some(decoded) = quad(*digits).and_then(char::from_u32)
        {
            self.keep_char(decoded);
            return Ok(at + 5);
        }
        self.escape_bytes(Escape::default(), piece, at)
    }

    fn escape_bytes(&mut self, mut escape: Escape, piece: &[u8], mut at: usize) -> Step {
        while let Some(&byte) = piece.get(at) {
            match escape.step(byte) {
                Escaped::More => at += 1,
                Escaped::Done(decoded) => {
                    self.keep_char(decoded);
                    return Ok(at + 1);
                }
                Escaped::Wrong => return Err(self.base + at as u64),
            }
        }
        self.token = Token::Escape(escape);
        Ok(at)
    }

    fn keep_char(&mut self, decoded: char) {
        if self.keep != Keep::Nothing {
            self.keep(decoded.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// Where the first special byte may be; before that place there is none. Most strings are short:
/// the set-up of the long stride would cost more than they do.
#[inline(always)]
fn near(piece: &[u8], start: usize) -> usize {
    let mut at = start;
    for _ in 0..SHORT {
        let Some(word) = piece.get(at..).and_then(|rest| rest.first_chunk()) else { break };
        match special(u64::from_le_bytes(*word)) {
            0 => at += 8,
            hits => return at + hits.trailing_zeros() as usize / 8,
        }
    }
    at
}

/// How many words are looked at before the long stride begins.
const SHORT: usize = 3;
const WINDOW: usize = 16 * 1024;
