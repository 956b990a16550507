//! The header of one part, which tells its field.
//!
//! What readers understand differently is refused: folded lines, bare line ends, duplicate or
//! extended names, encoded content.

use percent_encoding::percent_decode;

use super::super::further;
use super::parameters::{Wrong, is_utf8, parameters};

/// The fields that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Model,
    Stream,
    Other,
}

/// The header lines of a part as they arrive.
#[derive(Default)]
pub(super) struct Head {
    line: Vec<u8>,
    length: usize,
    returned: bool,
    field: Option<Field>,
    has_type: bool,
}

impl Head {
    /// Takes one byte; `true` when it ended the empty line.
    pub(super) fn takes(&mut self, byte: u8) -> Result<bool, Wrong> {
        self.length += 1;
        if self.length > LONGEST {
            return Err(Wrong);
        }
        match (self.returned, byte) {
            (true, b'\n') => {
                self.returned = false;
                let line = std::mem::take(&mut self.line);
                if line.is_empty() {
                    return Ok(true);
                }
                self.read(&line)?;
            }
            (true, _) | (false, b'\n') => return Err(Wrong),
            (false, b'\r') => self.returned = true,
            (false, _) => self.line.push(byte),
        }
        Ok(false)
    }

    /// The field whose header this was.
    pub(super) fn field(self) -> Field {
        self.field.unwrap_or(Field::Other)
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Wrong> {
        let colon = line.iter().position(|&byte| byte == b':').ok_or(Wrong)?;
        let (name, value) = line.split_at(colon);
        if name.is_empty() || name.iter().any(|byte| !byte.is_ascii_graphic()) {
            return Err(Wrong);
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if value.iter().any(|&byte| byte != b'\t' && byte.is_ascii_control()) {
            return Err(Wrong);
        }
        match name.to_ascii_lowercase().as_slice() {
            b"content-disposition" => self.field.replace(disposition(value)?).is_none(),
            b"content-type" => !std::mem::replace(&mut self.has_type, true) && is_plain(value)?,
            b"content-transfer-encoding" => {
                PLAIN.iter().any(|plain| value.eq_ignore_ascii_case(plain))
            }
            _ => true,
        }
        .then_some(())
        .ok_or(Wrong)
    }
}

/// Whether a part's type leaves its text as it is: no charset but UTF-8, no parts of its own.
fn is_plain(content_type: &[u8]) -> Result<bool, Wrong> {
    let mut charsets = parameters(content_type)?;
    charsets.retain(|(name, _)| name.starts_with("charset"));
    let is_multipart =
        content_type.get(..10).is_some_and(|it| it.eq_ignore_ascii_case(b"multipart/"));
    Ok(!is_multipart && charsets.iter().all(|(name, value)| name == "charset" && is_utf8(value)))
}

fn disposition(value: &[u8]) -> Result<Field, Wrong> {
    let kind = value.split(|&byte| byte == b';').next().unwrap_or_default();
    if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
        return Err(Wrong);
    }
    let mut field = None;
    for (name, value) in parameters(value)? {
        if name.starts_with("name*") {
            return Err(Wrong);
        }
        if name == "name" && field.replace(named(&value)?).is_some() {
            return Err(Wrong);
        }
    }
    Ok(field.unwrap_or(Field::Other))
}

/// The field of that name. Providers differ in whether they take notice of the case of letters, and
/// in what else they take for the same name: a part that names the model by another name is the model,
/// and one that may name several is refused.
fn named(name: &[u8]) -> Result<Field, Wrong> {
    if name.eq_ignore_ascii_case(b"model") || further::names_one_model(name) {
        return Ok(Field::Model);
    }
    let decoded: Vec<u8> = percent_decode(name).collect();
    if further::may_name_model(&decoded) || name.eq_ignore_ascii_case(b"_charset_") {
        return Err(Wrong);
    }
    Ok(if name == b"stream" { Field::Stream } else { Field::Other })
}

/// Encodings that leave the bytes as they are.
const PLAIN: [&[u8]; 3] = [b"7bit", b"8bit", b"binary"];
/// Nothing that belongs into a part's header is longer.
const LONGEST: usize = 16 * 1024;
