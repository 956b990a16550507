//! Server-sent events out of bytes that arrive in any pieces.
//!
//! Lines end with LF, CRLF or CR; comments are skipped; several `data` lines are joined by LF. It
//! never looks into the data.

use memchr::memchr2;

/// Collects bytes and gives out events.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// What has arrived and is not read yet starts at `at`.
    buffer: Vec<u8>,
    at: usize,
    /// No line end stands between `at` and here.
    searched: usize,
    /// A CR ended the last line: an LF now belongs to it.
    after_cr: bool,
    event: Frame,
}

/// One event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its type; empty when it has none.
    pub(crate) event: String,
    /// Its data.
    pub(crate) data: String,
    has_data: bool,
}

/// An event is longer than any that a vendor sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Frames {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.searched -= self.at;
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Reads the next whole event into `frame`; false when more bytes are needed.
    pub(crate) fn next_into(&mut self, frame: &mut Frame) -> Result<bool, TooLong> {
        while let Some(found) = memchr2(b'\n', b'\r', &self.buffer[self.searched..]) {
            let end = self.searched + found;
            let (start, ended_by) = (self.at, self.buffer[end]);
            self.at = end + 1;
            self.searched = self.at;
            let belongs_to_cr = self.after_cr && ended_by == b'\n' && start == end;
            self.after_cr = ended_by == b'\r';
            if belongs_to_cr {
                continue;
            }
            if start < end {
                self.event.line(&self.buffer[start..end]);
            } else if self.event.take_into(frame) {
                return Ok(true);
            }
        }
        self.searched = self.buffer.len();
        let held = self.buffer.len() - self.at + self.event.data.len();
        if held > LONGEST_EVENT { Err(TooLong) } else { Ok(false) }
    }

    /// The bytes have ended: reads an event whose closing blank line is missing. Vendors forget it
    /// after their last event, and an event that was cut in its midst fails where it is parsed.
    pub(crate) fn last_into(&mut self, frame: &mut Frame) -> bool {
        let rest = self.buffer.split_off(self.at);
        self.at = 0;
        self.searched = 0;
        self.buffer.clear();
        self.event.line(&rest);
        self.event.take_into(frame)
    }
}

impl Frame {
    fn line(&mut self, line: &[u8]) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match line[..colon].strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line[..colon]) {
            b"data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                // Whole lines only: a character split between reads is whole again here.
                match std::str::from_utf8(value) {
                    Ok(text) => self.data.push_str(text),
                    Err(_) => self.data.push_str(&String::from_utf8_lossy(value)),
                }
            }
            b"event" => {
                self.event.clear();
                self.event.push_str(&String::from_utf8_lossy(value));
            }
            _ => {}
        }
    }

    /// Gives the event away, if it has data, and begins a new one in the other's memory.
    fn take_into(&mut self, frame: &mut Self) -> bool {
        let whole = self.has_data;
        if whole {
            std::mem::swap(self, frame);
        }
        self.event.clear();
        self.data.clear();
        self.has_data = false;
        whole
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const LONGEST_EVENT: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let (mut frames, mut frame, mut all) = (Frames::default(), Frame::default(), Vec::new());
        for piece in pieces {
            frames.push(piece);
            while frames.next_into(&mut frame).unwrap() {
                all.push((frame.event.clone(), frame.data.clone()));
            }
        }
        if frames.last_into(&mut frame) {
            all.push((frame.event.clone(), frame.data.clone()));
        }
        all
    }

    #[test]
    fn every_split_gives_the_same_events() {
        let stream = "\u{feff}: hi\r\n\r\nevent: a\r\ndata:1\r\ndata: 2\r\n\r\ndata: ü€😀\r\rid: 7\n\ndata\n\ndata: end";
        let expected = [("a", "1\n2"), ("", "ü€😀"), ("", ""), ("", "end")]
            .map(|(event, data)| (event.to_owned(), data.to_owned()));
        let bytes = stream.as_bytes();
        assert_eq!(read(&[bytes]), expected);
        for at in 0..=bytes.len() {
            assert_eq!(read(&[&bytes[..at], &bytes[at..]]), expected, "split at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected);
    }

    #[test]
    fn an_event_without_end_is_too_long() {
        let mut frames = Frames::default();
        let piece = vec![b'x'; LONGEST_EVENT / 2 + 1];
        frames.push(&piece);
        assert_eq!(frames.next_into(&mut Frame::default()), Ok(false));
        frames.push(&piece);
        assert_eq!(frames.next_into(&mut Frame::default()), Err(TooLong));
    }
}
