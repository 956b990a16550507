//! Undoes percent-encoding completely, however often it was applied, in one pass.

use smallvec::SmallVec;

/// Any text with nothing left to decode; what is not UTF-8 is replaced.
pub(crate) fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&decoded_bytes(text)).into_owned()
}

/// The bytes of the same: whatever a decoded byte completes is decoded at once.
pub(super) fn decoded_bytes(path: &str) -> Vec<u8> {
    let mut bytes: SmallVec<[u8; 256]> = SmallVec::new();
    for &byte in path.as_bytes() {
        bytes.push(byte);
        while let &[.., b'%', high, low] = bytes.as_slice()
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            bytes.truncate(bytes.len() - 3);
            bytes.push(high << 4 | low);
        }
    }
    bytes.into_vec()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
