//! Writes one event.
//!
//! It never lets a line break in the data or the name end the event early.

use bytes::{BufMut, Bytes, BytesMut};

/// An event as it stands in a stream, with its empty line. Data of several lines becomes several
/// `data` fields; a name ends at its first line break.
pub fn frame(event: Option<&str>, data: &str) -> Bytes {
    let name = event.and_then(|name| name.split(['\n', '\r']).next());
    let length = name.map_or(0, |name| name.len() + 8) + data.len() + 8;
    let mut frame = BytesMut::with_capacity(length);
    if let Some(name) = name {
        put_field(&mut frame, b"event: ", name);
    }
    let mut rest = data;
    while let Some(end) = rest.find(['\n', '\r']) {
        let (line, after) = rest.split_at(end);
        put_field(&mut frame, b"data: ", line);
        let line_end = if after.starts_with("\r\n") { 2 } else { 1 };
        rest = after.get(line_end..).unwrap_or_default();
    }
    put_field(&mut frame, b"data: ", rest);
    frame.put_u8(b'\n');
    frame.freeze()
}

fn put_field(frame: &mut BytesMut, name: &[u8], value: &str) {
    frame.put_slice(name);
    frame.put_slice(value.as_bytes());
    frame.put_u8(b'\n');
}
