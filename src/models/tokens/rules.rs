//! Rules of thumb for all vendors: no row names one. Written down on 2026-11-21.

/// Bytes of text to a token: what vendors say of English.
pub(crate) const BYTES_PER_TOKEN: usize = 4;

/// Tokens of an image or a document: a picture of a megapixel costs about as much at most vendors.
pub(crate) const PER_MEDIUM: usize = 1_600;

/// Tokens around a turn.
pub(crate) const PER_TURN: u64 = 4;

/// Bytes that certainly hold a token: three times as many as usual, more than an estimate can be wrong.
pub(crate) const CERTAIN_BYTES_PER_TOKEN: u64 = 12;
