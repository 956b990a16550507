//! Counts a text by kinds of characters: words, digits, punctuation, scripts. A tokenizer's count
//! is a weighted sum of these. No text is kept, and chunks may be split anywhere.

mod plain;

/// The counts of one text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    counts: [u32; KINDS],
    last: Last,
    /// How long the run of `last` is, as far as that matters.
    run: u8,
    /// The end of the last piece was inside an escape or a character, of which this was the beginning.
    cut: Cut,
}

/// What is counted. The weights of a family stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words of Latin letters; a capital after a small letter begins one.
    Word,
    /// Letters of a word beyond its sixth.
    Long,
    /// Capitals inside a word.
    Capital,
    /// Groups of up to three digits.
    DigitGroup,
    /// Digits.
    Digit,
    /// Spaces before a digit: no token of a number begins with one.
    SpacedNumber,
    /// Runs of ASCII punctuation.
    Marks,
    /// ASCII punctuation.
    Mark,
    /// Runs of line feeds and tabs.
    Line,
    /// Spaces beyond one between words: indentation.
    Indent,
    /// Han.
    Han,
    /// Hiragana and katakana.
    Kana,
    /// Hangul.
    Hangul,
    /// Punctuation and full-width forms of East Asia.
    Wide,
    /// Latin letters beyond ASCII.
    Accented,
    /// Greek and Cyrillic.
    Cyrillic,
    /// Arabic, Hebrew and their neighbours.
    Arabic,
    /// Scripts of South and Southeast Asia, and others.
    Indic,
    /// Dashes, quotes, arrows.
    Typography,
    /// Emoji and others beyond the first plane.
    Emoji,
}

/// How many kinds there are.
pub(super) const KINDS: usize = 20;

/// What the last character was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Small,
    Capital,
    Digit,
    Mark,
    Space,
    Line,
}

/// The beginning of what a piece cut through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cut {
    bytes: [u8; 5],
    length: u8,
}

impl Census {
    /// Counts more of a text.
    #[cfg(test)]
    pub(crate) fn text(&mut self, text: &[u8]) {
        self.count(text, false);
    }

    /// Counts more of a text as JSON has it, between its quotes.
    pub(crate) fn json(&mut self, escaped: &[u8]) {
        self.count(escaped, true);
    }

    /// The text has ended; what follows is another.
    pub(crate) fn end(&mut self) {
        self.last = Last::Other;
        self.cut = Cut::default();
    }

    /// The counts, each at the place of its kind.
    pub(super) fn counts(&self) -> &[u32; KINDS] {
        &self.counts
    }

    fn count(&mut self, piece: &[u8], is_json: bool) {
        let cut = std::mem::take(&mut self.cut);
        if cut.length == 0 {
            return self.count_from(piece, is_json);
        }
        // A few bytes join the beginning to the rest of what was cut; whatever they hold is counted once.
        let begun = usize::from(cut.length);
        let mut joined = [0; 16];
        let taken = piece.len().min(joined.len() - begun);
        joined[..begun].copy_from_slice(&cut.bytes[..begun]);
        joined[begun..begun + taken].copy_from_slice(&piece[..taken]);
        let length = length_at(&joined[..begun + taken], is_json);
        match length {
            Some(length) => {
                self.count_from(&joined[..length], is_json);
                self.count_from(&piece[length - begun..], is_json);
            }
            None => self.keep(&joined[..begun + taken]),
        }
    }

    fn count_from(&mut self, piece: &[u8], is_json: bool) {
        // From where on many may be counted at once.
        let (mut at, mut next) = (0, 0);
        while let Some(&byte) = piece.get(at) {
            if at >= next {
                let (plain, counted) = self.plain(&piece[at..]);
                next = at + plain + 1;
                if counted {
                    at += plain;
                    continue;
                }
            }
            if byte < 0x80 && (byte != b'\\' || !is_json) {
                self.ascii(byte);
                at += 1;
                continue;
            }
            let rest = &piece[at..];
            let Some(length) = length_at(rest, is_json) else { return self.keep(rest) };
            self.one(&rest[..length]);
            at += length;
        }
    }

    fn keep(&mut self, begun: &[u8]) {
        let length = begun.len().min(5);
        self.cut.bytes[..length].copy_from_slice(&begun[..length]);
        self.cut.length = length as u8;
    }

    fn ascii(&mut self, byte: u8) {
        match byte {
            b'a'..=b'z' => self.letter(Last::Small),
            b'A'..=b'Z' => self.letter(Last::Capital),
            b' ' => self.space(),
            b'0'..=b'9' => self.digit(),
            b'\n' | b'\r' | b'\t' => {
                self.add_if(self.last != Last::Line, Kind::Line);
                self.last = Last::Line;
            }
            _ => {
                self.add_if(self.last != Last::Mark, Kind::Marks);
                self.add(Kind::Mark);
                self.last = Last::Mark;
            }
        }
    }

    fn letter(&mut self, case: Last) {
        let goes_on = match self.last {
            Last::Small => case == Last::Small,
            Last::Capital => true,
            _ => false,
        };
        if goes_on {
            self.run = self.run.saturating_add(1);
            self.add_if(self.run > USUAL_WORD, Kind::Long);
            self.add_if(case == Last::Capital, Kind::Capital);
        } else {
            self.add(Kind::Word);
            self.run = 1;
        }
        self.last = case;
    }

    fn digit(&mut self) {
        if self.last != Last::Digit {
            self.add_if(self.last == Last::Space, Kind::SpacedNumber);
            self.run = 0;
        }
        self.add_if(self.run == 0, Kind::DigitGroup);
        self.run = (self.run + 1) % 3;
        self.add(Kind::Digit);
        self.last = Last::Digit;
    }

    fn space(&mut self) {
        match self.last {
            Last::Space => {
                self.add_if(self.run == 0, Kind::Indent);
                self.run = 1;
            }
            Last::Line => {
                self.add(Kind::Indent);
                self.run = 1;
            }
            _ => self.run = 0,
        }
        self.last = Last::Space;
    }

    /// One escape or one character beyond ASCII.
    fn one(&mut self, bytes: &[u8]) {
        match bytes {
            [b'\\', b'u', hex @ ..] => self.scalar(of_hex(hex)),
            [b'\\', b'n' | b'r' | b't'] => self.ascii(b'\n'),
            [b'\\', other] => self.ascii(*other),
            bytes => match std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
                Some(c) => self.scalar(u32::from(c)),
                None => self.scalar(REPLACEMENT),
            },
        }
    }

    fn scalar(&mut self, code: u32) {
        if let Ok(ascii @ ..0x80) = u8::try_from(code) {
            return self.ascii(ascii);
        }
        let kind = match code {
            ..=0x24f => {
                self.letter(Last::Small);
                return self.add(Kind::Accented);
            }
            0x250..=0x52f => Kind::Cyrillic,
            0x530..=0x8ff | 0xfb00..=0xfeff => Kind::Arabic,
            0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7af => Kind::Hangul,
            0x900..=0x10ff | 0x1200..=0x1fff | 0xa000..=0xabff | 0xd7b0..=0xd7ff => Kind::Indic,
            0x2000..=0x2e7f | 0xe000..=0xf8ff => Kind::Typography,
            0x3040..=0x30ff | 0x31f0..=0x31ff => Kind::Kana,
            0x3000..=0x303f | 0xff00..=0xffff => Kind::Wide,
            // The second half of a pair: the first was counted.
            0xdc00..=0xdfff => return,
            0x2e80..=0xffff if !(0xd800..=0xdbff).contains(&code) => Kind::Han,
            0x20000..=0x3ffff => Kind::Han,
            _ => Kind::Emoji,
        };
        self.add(kind);
        self.last = Last::Other;
    }

    fn add(&mut self, kind: Kind) {
        let count = &mut self.counts[kind as usize];
        *count = count.saturating_add(1);
    }

    fn add_if(&mut self, counts: bool, kind: Kind) {
        self.counts[kind as usize] = self.counts[kind as usize].saturating_add(u32::from(counts));
    }
}

/// The length of the escape or the character beyond ASCII that these bytes begin with; `None` where it goes
/// on behind them.
fn length_at(bytes: &[u8], is_json: bool) -> Option<usize> {
    let length = match bytes {
        [b'\\', b'u', ..] if is_json => 6,
        [b'\\', ..] if is_json => 2,
        [0xf0..=0xf7, ..] => 4,
        [0xe0..=0xef, ..] => 3,
        [0xc0..=0xdf, ..] => 2,
        _ => 1,
    };
    (length <= bytes.len()).then_some(length)
}

fn of_hex(hex: &[u8]) -> u32 {
    let text = std::str::from_utf8(hex).ok();
    text.and_then(|text| u32::from_str_radix(text, 16).ok()).unwrap_or(REPLACEMENT)
}

/// Letters that a word of one token usually has at most.
const USUAL_WORD: u8 = 6;
/// What stands for a character that cannot be read.
const REPLACEMENT: u32 = 0xfffd;
