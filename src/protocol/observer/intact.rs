//! How far a piece of a stream is what a client's parser can read.
//!
//! It looks at whole events alone, and keeps nothing.

use bytes::Bytes;

use super::content::{closes, is_json};
use crate::sse;

/// How many bytes at the beginning of these whole events belong to events whose data is JSON, or says
/// that the stream is over.
pub(crate) fn intact(events: &Bytes) -> usize {
    if is_readable(events.clone()) {
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
}
