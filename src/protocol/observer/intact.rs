//! How much of a chunk a client's parser can read. It checks whole events only.

use bytes::Bytes;
use memchr::memchr2;

use super::content::closes;
use crate::{body::is_json, sse};

/// The number of leading bytes of these events whose data is JSON or the end marker.
pub(crate) fn intact(events: &Bytes) -> usize {
    if are_plain(events) || is_readable(events.clone()) {
        return events.len();
    }
    let (mut from, mut line) = (0, 0);
    let mut bytes = events.iter().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        if !matches!(byte, b'\n' | b'\r') {
            continue;
        }
        let mut end = at + 1;
        if *byte == b'\r' && bytes.next_if(|(_, next)| **next == b'\n').is_some() {
            end += 1;
        }
        if at == line {
            if !is_readable(events.slice(from..end)) {
                return from;
            }
            from = end;
        }
        line = end;
    }
    from
}

/// Whether each of these events has at most one line of data, which is JSON. Nearly all are so, and need
/// not be taken apart for it.
fn are_plain(events: &[u8]) -> bool {
    let (mut rest, mut has_data) = (events, false);
    while let Some(end) = memchr2(b'\n', b'\r', rest) {
        let (line, after) = rest.split_at(end);
        rest = after.strip_prefix(b"\r\n").unwrap_or(&after[1..]);
        match line {
            [] => has_data = false,
            [b'd', b'a', b't', b'a', b':', data @ ..] if !has_data => {
                has_data = true;
                if !is_json(data) {
                    return false;
                }
            }
            // A further line of data, or one behind a byte order mark.
            [b'd' | 0x80.., ..] => return false,
            _ => {}
        }
    }
    rest.is_empty()
}

fn is_readable(events: Bytes) -> bool {
    let mut parser = sse::Parser::new();
    parser.push(events);
    while let Ok(Some(event)) = parser.next_event() {
        let data = event.data.trim_ascii();
        if !data.is_empty() && !closes(data) && !is_json(data) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_before_the_broken_one_are_intact() {
        let good = [": hi\n\n", "data: {\"a\":1}\n\n", "event: x\r\ndata:[1]\r\n\r\n", "data\n\n"];
        let joined = good.concat() + "data: {\"a\":\ndata: 1}\n\n" + "data: [DONE]\n\n";
        assert_eq!(intact(&Bytes::from(joined.clone())), joined.len());
        for broken in ["data: {\"a\":\n\n", "data: oops\r\n\r\n", "event: x\rdata: <html>\r\r"] {
            for count in 0..good.len() {
                let before = good[..count].concat();
                let text = before.clone() + broken + "data: {}\n\n";
                assert_eq!(intact(&Bytes::from(text)), before.len(), "{broken:?} after {count}");
            }
        }
        assert_eq!(intact(&Bytes::from_static(b"data: {\"a\":1}")), 13);
    }

    #[test]
    fn data_of_several_lines_is_read_as_one() {
        for whole in [
            "data: {\ndata: }\n\n",
            "event: a\r\ndata:{}\r\n\r\n: b\r\rdata: {}\n\n",
            "\u{feff}data: {}\n\n",
            "data\n\n",
        ] {
            assert_eq!(intact(&Bytes::from(whole)), whole.len(), "{whole:?}");
        }
        for broken in
            ["data: 1\r\ndata: 2\r\n\r\n", "data: {}\ndata\ndata:x\n\n", "\u{feff}data: {\n\n"]
        {
            assert_eq!(intact(&Bytes::from(broken)), 0, "{broken:?}");
        }
    }
}
