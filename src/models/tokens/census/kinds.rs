//! What is counted of a text.

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
pub(in crate::models::tokens) const KINDS: usize = 20;
