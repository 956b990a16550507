//! Frames of `application/vnd.amazon.eventstream`, out of bytes that arrive in any pieces, and back.
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of the whole frame |
//! | 4 | length of its headers |
//! | 4 | CRC-32 of these eight |
//! | … | headers: length of the name, name, type, value |
//! | … | payload |
//! | 4 | CRC-32 of everything before |
//!
//! It never looks into a payload.

/// Collects bytes and returns frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What has arrived and is not read yet starts at `at`.
    buffer: Vec<u8>,
    at: usize,
}

/// One frame.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Whether it is an event or an exception.
    pub(super) kind: FrameKind,
    /// The type of the event or of the exception.
    pub(super) name: String,
    /// What it says.
    pub(super) payload: Vec<u8>,
}

/// What a frame is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    #[default]
    Event,
    Exception,
    /// An error that the service's description does not know; its sentence is the payload.
    Error,
}

/// The bytes are not a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Frames {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame; `None` if more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        let bytes = &self.buffer[self.at..];
        let Some((prelude, _)) = bytes.split_first_chunk::<PRELUDE>() else { return Ok(None) };
        let (total, headers) = (number(prelude, 0)?, number(prelude, 4)?);
        if crc32fast::hash(&prelude[..8]) != number(prelude, 8)?
            || !(PRELUDE + CHECKSUM..=LONGEST_FRAME).contains(&(total as usize))
            || headers > total - (PRELUDE + CHECKSUM) as u32
        {
            return Err(Broken);
        }
        let total = total as usize;
        let Some(frame) = bytes.get(..total) else { return Ok(None) };
        let (checked, checksum) = frame.split_at(total - CHECKSUM);
        if crc32fast::hash(checked) != number(checksum, 0)? {
            return Err(Broken);
        }
        let (headers, payload) = checked[PRELUDE..].split_at(headers as usize);
        let frame = read_frame(headers, payload)?;
        self.at += total;
        Ok(Some(frame))
    }
}

/// Appends a frame.
pub(super) fn write(kind: FrameKind, name: &str, payload: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; PRELUDE]);
    let (message_type, type_header) = match kind {
        FrameKind::Event => ("event", EVENT_TYPE),
        FrameKind::Exception => ("exception", EXCEPTION_TYPE),
        FrameKind::Error => ("error", ERROR_CODE),
    };
    write_header(type_header, name, out);
    write_header(":content-type", "application/json", out);
    write_header(MESSAGE_TYPE, message_type, out);
    let headers = (out.len() - start - PRELUDE) as u32;
    out.extend_from_slice(payload);
    let total = (out.len() - start + CHECKSUM) as u32;
    out[start..start + 4].copy_from_slice(&total.to_be_bytes());
    out[start + 4..start + 8].copy_from_slice(&headers.to_be_bytes());
    let prelude = crc32fast::hash(&out[start..start + 8]);
    out[start + 8..start + PRELUDE].copy_from_slice(&prelude.to_be_bytes());
    let checksum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&checksum.to_be_bytes());
}

/// Writes a header with a text value. Names and values here are our own and short.
fn write_header(name: &str, value: &str, out: &mut Vec<u8>) {
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
    out.push(TEXT);
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value.as_bytes());
}

fn read_frame(mut headers: &[u8], payload: &[u8]) -> Result<Frame, Broken> {
    let mut frame = Frame { payload: payload.to_vec(), ..Frame::default() };
    while !headers.is_empty() {
        let name_length = take(&mut headers, 1)?[0];
        let name = take(&mut headers, name_length.into())?;
        let kind = take(&mut headers, 1)?[0];
        let length = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            BYTES | TEXT => {
                let length = take(&mut headers, 2)?;
                usize::from(length[0]) << 8 | usize::from(length[1])
            }
            9 => 16,
            _ => return Err(Broken),
        };
        let value = take(&mut headers, length)?;
        if kind == TEXT {
            let name = std::str::from_utf8(name).map_err(|_| Broken)?;
            let value = std::str::from_utf8(value).map_err(|_| Broken)?;
            frame.set(name, value);
        }
    }
    Ok(frame)
}

impl Frame {
    fn set(&mut self, header: &str, value: &str) {
        match header {
            MESSAGE_TYPE => {
                self.kind = match value {
                    "exception" => FrameKind::Exception,
                    "error" => FrameKind::Error,
                    _ => FrameKind::Event,
                }
            }
            EVENT_TYPE | EXCEPTION_TYPE | ERROR_CODE => value.clone_into(&mut self.name),
            ":error-message" => {
                let message = serde_json::json!({ "message": value });
                self.payload = message.to_string().into_bytes();
            }
            _ => {}
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Broken> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Broken)?;
    *bytes = rest;
    Ok(taken)
}

fn number(bytes: &[u8], at: usize) -> Result<u32, Broken> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map(u32::from_be_bytes).ok_or(Broken)
}

const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;
/// The vendor's limit: 16 MiB of payload and 128 KiB of headers.
const LONGEST_FRAME: usize = (16 * 1024 + 128) * 1024 + PRELUDE + CHECKSUM;
const BYTES: u8 = 6;
const TEXT: u8 = 7;
const MESSAGE_TYPE: &str = ":message-type";
const EVENT_TYPE: &str = ":event-type";
const EXCEPTION_TYPE: &str = ":exception-type";
const ERROR_CODE: &str = ":error-code";

#[cfg(test)]
mod tests;
