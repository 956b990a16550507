//! The header of one part: which field is it?
//!
//! It never accepts what form readers understand differently: folded lines, bare line ends, two
//! names, names in the extended notation.

use super::parameters::{Wrong, parameters};

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
        if !name.eq_ignore_ascii_case(b"content-disposition") {
            return Ok(());
        }
        let field = disposition(value.get(1..).unwrap_or_default())?;
        match self.field.replace(field) {
            None => Ok(()),
            Some(_) => Err(Wrong),
        }
    }
}

fn disposition(value: &[u8]) -> Result<Field, Wrong> {
    let mut field = None;
    for (name, value) in parameters(value)? {
        if name.starts_with("name*") {
            return Err(Wrong);
        }
        if name == "name" {
            let named = match value.as_slice() {
                b"model" => Field::Model,
                b"stream" => Field::Stream,
                _ => Field::Other,
            };
            if field.replace(named).is_some() {
                return Err(Wrong);
            }
        }
    }
    Ok(field.unwrap_or(Field::Other))
}

/// Nothing that belongs into a part's header is longer.
const LONGEST: usize = 16 * 1024;
