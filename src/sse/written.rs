//! Writes events in the one form that all clients read.

use memchr::memchr;

/// Writes an event; data of several lines stays of several lines.
pub(crate) fn write(name: Option<&[u8]>, data: &[u8], out: &mut Vec<u8>) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name);
        out.push(b'\n');
    }
    let mut rest = data;
    loop {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
        match after.split_first() {
            Some((_, next)) => rest = next,
            None => break,
        }
    }
    out.push(b'\n');
}
