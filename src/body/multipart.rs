//! Form bodies (`multipart/form-data`): finds the fields `model` and `stream`, chunk by chunk.
//!
//! Files are not copied or taken for fields, and a form that two readers could read differently is
//! refused.

use memchr::memmem::Finder;

use super::{Found, Invalid, Model};
use delimiter::{Delimiter, Progress};
use lookalike::Lookalike;
use part::{Field, Head};

mod boundary;
mod delimiter;
mod lookalike;
mod parameters;
mod part;

pub(crate) use boundary::boundary;
pub(crate) use parameters::{is_utf8, parameters};

/// Reads a form as it arrives. Feed every piece, then [`finish`](Scanner::finish).
///
/// A field counts by its name alone; a file part named `model` is taken for the model, because
/// the provider might take it for that, too.
pub(crate) struct Scanner {
    delimiter: Delimiter,
    finder: Finder<'static>,
    lookalike: Lookalike,
    place: Place,
    /// Bytes of all the pieces before this one.
    base: u64,
    head: Head,
    field: Field,
    /// Where the content of the current part began.
    start: u64,
    text: Vec<u8>,
    /// Whether a field `stream` was there.
    streams: bool,
    found: Found,
    failed: Option<Invalid>,
}

/// Where in the form the last piece broke off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first delimiter.
    Preamble,
    /// After a delimiter: a line's end, or the two dashes of the last one.
    Delimited(Tail),
    Head,
    Content,
    /// After the last delimiter, with so many bytes of the line's end behind it.
    Epilogue(usize),
}

/// What has been read after a delimiter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    Dash,
    Return,
}

impl Scanner {
    /// A scanner for a form with this boundary, as [`boundary`] reads it from the content type.
    pub(crate) fn new(boundary: &str) -> Self {
        let mut delimiter = Delimiter::new(boundary);
        delimiter.at_line_start();
        Self {
            finder: Finder::new(delimiter.bytes()).into_owned(),
            lookalike: Lookalike::new(boundary),
            delimiter,
            place: Place::Preamble,
            base: 0,
            head: Head::default(),
            field: Field::Other,
            start: 0,
            text: Vec::new(),
            streams: false,
            found: Found::default(),
            failed: None,
        }
    }

    /// Reads the next piece. After the first mistake nothing more is read.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.run(piece).err();
        }
        self.base += piece.len() as u64;
    }

    /// The name of the model, as soon as it has been read. What follows may still refuse the form.
    pub(crate) fn model_so_far(&self) -> Option<&str> {
        self.found.model.as_ref()?.name.as_deref()
    }

    /// Says what was found, once every piece has been fed. Without a field `model` there is no
    /// model; its span covers the value, and its name is the value.
    ///
    /// # Errors
    /// When the pieces together are not a whole form, or `model` cannot be told.
    pub(crate) fn finish(self) -> Result<Found, Invalid> {
        match self.failed {
            Some(invalid) => Err(invalid),
            None if matches!(self.place, Place::Epilogue(0 | 2)) => Ok(self.found),
            None => Err(Invalid::Multipart { offset: self.base }),
        }
    }

    fn run(&mut self, piece: &[u8]) -> Result<(), Invalid> {
        let mut at = 0;
        while at < piece.len() {
            at = match self.place {
                Place::Preamble | Place::Content => self.content(piece, at)?,
                Place::Delimited(tail) => self.delimited(tail, piece, at)?,
                Place::Head => self.head(piece, at)?,
                Place::Epilogue(behind) => {
                    // Some readers look for parts in what follows.
                    if LINE_END.get(behind) != piece.get(at) {
                        return Err(self.wrong(at));
                    }
                    self.place = Place::Epilogue(behind + 1);
                    at + 1
                }
            };
        }
        Ok(())
    }

    /// Skips (or keeps) content up to the next delimiter.
    fn content(&mut self, piece: &[u8], mut at: usize) -> Result<usize, Invalid> {
        if self.delimiter.begun() {
            match self.delimiter.go_on(piece, at) {
                Progress::Whole(end) => return self.content_end(end),
                Progress::More => return Ok(piece.len()),
                Progress::Content(content, end) => {
                    self.keep(&content)?;
                    at = end;
                }
            }
        }
        let rest = piece.get(at..).unwrap_or_default();
        match self.finder.find(rest) {
            Some(length) => {
                self.keep(rest.get(..length).unwrap_or_default())?;
                self.content_end(at + length + self.delimiter.len())
            }
            None => {
                let content = self.delimiter.begin_at_end_of(rest);
                self.keep(content)?;
                Ok(piece.len())
            }
        }
    }

    fn keep(&mut self, content: &[u8]) -> Result<(), Invalid> {
        // Some readers look for parts in a preamble, or take a delimiter in any line.
        if (self.place == Place::Preamble && !content.is_empty()) || self.lookalike.is_in(content) {
            return Err(Invalid::Multipart { offset: self.start });
        }
        let most = match self.field {
            Field::Other => return Ok(()),
            Field::Model => LONGEST_MODEL,
            Field::Stream => LONGEST_FLAG,
        };
        if self.text.len() + content.len() > most {
            if self.field == Field::Model {
                return Err(Invalid::ModelTooLong);
            }
            self.text.clear();
            self.field = Field::Other;
            return Ok(());
        }
        self.text.extend_from_slice(content);
        Ok(())
    }

    /// The delimiter after a part's content ends before `at`.
    fn content_end(&mut self, at: usize) -> Result<usize, Invalid> {
        if self.place == Place::Content
            && self.base + (at as u64) < self.start + self.delimiter.len() as u64
        {
            // The line end of the empty line would have to end the part, too: readers differ.
            return Err(self.wrong(at));
        }
        let text = std::mem::take(&mut self.text);
        match std::mem::replace(&mut self.field, Field::Other) {
            Field::Other => {}
            Field::Stream if self.streams => return Err(Invalid::DuplicateStream),
            Field::Stream => {
                self.streams = true;
                self.found.stream = flag(&text);
            }
            Field::Model => {
                if self.found.model.is_some() {
                    return Err(Invalid::DuplicateModel);
                }
                let span = self.start..self.start + text.len() as u64;
                let name = String::from_utf8(text).map_err(|error| Invalid::Multipart {
                    offset: span.start + error.utf8_error().valid_up_to() as u64,
                })?;
                self.found.model = Some(Model { span, name: Some(name.into_boxed_str()) });
            }
        }
        self.place = Place::Delimited(Tail::Nothing);
        self.lookalike.forget();
        Ok(at)
    }

    /// Reads the byte at `at`, after a delimiter.
    fn delimited(&mut self, tail: Tail, piece: &[u8], at: usize) -> Result<usize, Invalid> {
        self.place = match (tail, piece.get(at)) {
            (Tail::Nothing, Some(b'-')) => Place::Delimited(Tail::Dash),
            (Tail::Dash, Some(b'-')) => Place::Epilogue(0),
            (Tail::Nothing, Some(b'\r')) => Place::Delimited(Tail::Return),
            (Tail::Return, Some(b'\n')) => Place::Head,
            _ => return Err(self.wrong(at)),
        };
        Ok(at + 1)
    }

    /// Reads header lines of a part up to the empty one.
    fn head(&mut self, piece: &[u8], mut at: usize) -> Result<usize, Invalid> {
        let (begun, start) = (at, self.start);
        let mut odd = None;
        while let Some(&byte) = piece.get(at) {
            let Ok(whole) = self.head.takes(byte) else {
                odd = Some(self.wrong(at));
                break;
            };
            at += 1;
            if whole {
                self.field = std::mem::take(&mut self.head).field();
                self.start = self.base + at as u64;
                self.place = Place::Content;
                self.delimiter.at_line_start();
                break;
            }
        }
        if self.lookalike.is_in(piece.get(begun..at).unwrap_or_default()) {
            return Err(Invalid::Multipart { offset: start });
        }
        // Only now: with another cut the look-alike would have been met first.
        if let Some(odd) = odd {
            return Err(odd);
        }
        if self.place == Place::Content {
            self.lookalike.forget();
        }
        Ok(at)
    }

    fn wrong(&self, at: usize) -> Invalid {
        Invalid::Multipart { offset: self.base + at as u64 }
    }
}

/// The values that form readers take for a boolean, and no others.
fn flag(text: &[u8]) -> Option<bool> {
    match text.to_ascii_lowercase().as_slice() {
        b"true" | b"1" => Some(true),
        b"false" | b"0" => Some(false),
        _ => None,
    }
}

const LINE_END: &[u8] = b"\r\n";
const LONGEST_MODEL: usize = 64 * 1024;
const LONGEST_FLAG: usize = 8;

#[cfg(test)]
mod tests;
