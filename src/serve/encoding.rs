//! Decompresses request bodies before they are read: the router must see the model, and a provider
//! must read the same request.
//!
//! A body that decompresses to more than the size limit is refused.

use std::io::{self, Read};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use smallvec::SmallVec;

use super::signature;
use crate::{
    rare::{Name, Rare},
    refusal::Refusal,
    upstream::off_core,
};

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// `gzip`.
    Gzip,
    /// `deflate`: with a zlib wrapper, or raw as some clients send it.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// The codings in the order in which they were applied; usually none.
pub(crate) type Codings = SmallVec<[Coding; 2]>;

/// Takes the `Content-Encoding` header. Every line and every item counts.
///
/// # Errors
/// `UnsupportedEncoding` for an unknown coding.
pub(crate) fn take(headers: &mut HeaderMap, rare: Rare) -> Result<Codings, Refusal> {
    if !rare.has(Name::ContentEncoding) {
        return Ok(Codings::new());
    }
    let codings = read(headers.get_all(header::CONTENT_ENCODING).iter())?;
    if !codings.is_empty() {
        signature::check_unpacked(headers)?;
    }
    headers.remove(header::CONTENT_ENCODING);
    Ok(codings)
}

fn read<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> Result<Codings, Refusal> {
    let mut codings = Codings::new();
    for line in lines {
        let text = line.to_str().map_err(|_| Refusal::UnsupportedEncoding)?;
        for item in text.split(',').map(|item| item.trim().to_ascii_lowercase()) {
            codings.push(match item.as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                _ => return Err(Refusal::UnsupportedEncoding),
            });
        }
    }
    if codings.len() > MOST_CODINGS { Err(Refusal::UnsupportedEncoding) } else { Ok(codings) }
}

/// Decompresses the body to at most this many bytes.
///
/// # Errors
/// It is larger, or is not encoded as its header says.
pub(crate) async fn unpacked(
    codings: Codings,
    packed: Bytes,
    most: u64,
) -> Result<Vec<Bytes>, Refusal> {
    // Even a few hundred bytes may decompress to megabytes.
    off_core::run(move || unpack(&codings, packed, most)).await
}

fn unpack(codings: &[Coding], packed: Bytes, most: u64) -> Result<Vec<Bytes>, Refusal> {
    let mut pieces = vec![packed];
    for coding in codings.iter().rev() {
        let whole = match &mut pieces[..] {
            [only] => std::mem::take(only),
            several => several.concat().into(),
        };
        pieces = match collect(reader(*coding, &whole), most, GROWTH * whole.len() as u64)? {
            Some(pieces) => pieces,
            // It is within the limit after all.
            None => collect(reader(*coding, &whole), most, most)?.unwrap_or_default(),
        };
    }
    Ok(pieces)
}

fn reader(coding: Coding, packed: &[u8]) -> Box<dyn Read + '_> {
    match coding {
        Coding::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        Coding::Deflate if is_zlib(packed) => Box::new(flate2::bufread::ZlibDecoder::new(packed)),
        Coding::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(packed)),
        Coding::Brotli => Box::new(brotli_decompressor::Decompressor::new(packed, PIECE)),
        Coding::Zstd => Box::new(Frames { rest: packed, frame: None }),
    }
}

/// A body of more than `usual` bytes is probably a bomb: from there it is counted but not kept, and
/// `None` means that it is within the limit.
fn collect(
    mut reader: Box<dyn Read + '_>,
    most: u64,
    usual: u64,
) -> Result<Option<Vec<Bytes>>, Refusal> {
    let usual = usual.max(SMALL);
    let (mut pieces, mut total) = (Vec::new(), 0);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let length = read.map_err(|_| Refusal::InvalidJson(UNREADABLE.into()))?;
        if length == 0 {
            return Ok(if total <= usual.min(most) { Some(pieces) } else { None });
        }
        total += length as u64;
        if total > most {
            return Err(Refusal::PayloadTooLarge(most));
        }
        if total <= usual {
            pieces.push(piece.into());
        } else {
            pieces.clear();
        }
    }
}

/// Zstandard frames, one after the other.
struct Frames<'a> {
    rest: &'a [u8],
    frame:
        Option<Box<ruzstd::decoding::StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>>>,
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let frame = match &mut self.frame {
                Some(frame) => frame,
                None if self.rest.is_empty() => return Ok(0),
                None => {
                    let frame = ruzstd::decoding::StreamingDecoder::new(self.rest);
                    self.frame.insert(Box::new(frame.map_err(io::Error::other)?))
                }
            };
            let read = frame.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.rest = self.frame.take().map_or(&[], |frame| (*frame).into_inner());
        }
    }
}

/// Whether it begins like zlib data (RFC 1950).
fn is_zlib(packed: &[u8]) -> bool {
    match packed {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0
        }
        _ => false,
    }
}

/// More than any client applies.
const MOST_CODINGS: usize = 2;
/// The compression ratio above which JSON is probably a bomb, and the size from which that is
/// checked.
const GROWTH: u64 = 16;
const SMALL: u64 = 1024 * 1024;
const PIECE: usize = 64 * 1024;
const UNREADABLE: &str = "it is not packed as its `content-encoding` says";

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write};

    use super::*;

    fn codings(lines: &[&'static str]) -> Result<Vec<Coding>, u16> {
        let lines: Vec<_> = lines.iter().map(|line| HeaderValue::from_static(line)).collect();
        let read = read(lines.iter()).map(|codings| codings.to_vec());
        read.map_err(|why| why.row().status.as_u16())
    }

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut to = write::GzEncoder::new(Vec::new(), Compression::best());
        to.write_all(bytes).unwrap();
        to.finish().unwrap().into()
    }

    fn unpacked(coding: Coding, packed: Bytes, most: u64) -> Result<Vec<u8>, u16> {
        let pieces = unpack(&[coding], packed, most);
        pieces.map(|pieces| pieces.concat()).map_err(|why| why.row().status.as_u16())
    }

    #[test]
    fn every_line_and_item_counts() {
        assert_eq!(codings(&["identity", ""]), Ok(vec![]));
        assert_eq!(codings(&["GZIP"]), Ok(vec![Coding::Gzip]));
        assert_eq!(codings(&["identity, br", "zstd"]), Ok(vec![Coding::Brotli, Coding::Zstd]));
        for wrong in [&["x"][..], &["gzip, compress"], &["gzip", "br", "zstd"]] {
            assert_eq!(codings(wrong), Err(415), "{wrong:?}");
        }
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_the_cap() {
        let text = b"{\"model\":\"m\"}".repeat(10_000);
        let mut zlib = write::ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        let mut bare = write::DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(&text).unwrap();
        let frame = || {
            ruzstd::encoding::compress_to_vec(
                &text[..],
                ruzstd::encoding::CompressionLevel::Fastest,
            )
        };
        for (coding, packed) in [
            (Coding::Gzip, gzip(&text)),
            (Coding::Deflate, zlib.finish().unwrap().into()),
            (Coding::Deflate, bare.finish().unwrap().into()),
            (Coding::Zstd, frame().into()),
        ] {
            let length = text.len() as u64;
            assert_eq!(unpacked(coding, packed.clone(), length), Ok(text.clone()), "{coding:?}");
            assert_eq!(unpacked(coding, packed.clone(), length - 1), Err(413), "{coding:?}");
            let cut = packed.slice(..packed.len() / 2);
            assert_eq!(unpacked(coding, cut, length), Err(400), "{coding:?}");
            assert_eq!(unpacked(coding, Bytes::from_static(b"oops"), length), Err(400));
        }
        let two = Bytes::from([frame(), frame()].concat());
        assert_eq!(unpacked(Coding::Zstd, two, 1 << 20), Ok(text.repeat(2)));
        // Brotli of `hello`, from the examples of its specification's tools.
        let hello = Bytes::from_static(&[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03]);
        assert_eq!(unpacked(Coding::Brotli, hello.clone(), 5), Ok(b"hello".to_vec()));
        assert_eq!(unpacked(Coding::Brotli, hello, 4), Err(413));
        let both = unpack(
            &[Coding::Gzip, Coding::Zstd],
            Bytes::from(ruzstd::encoding::compress_to_vec(
                &gzip(&text)[..],
                ruzstd::encoding::CompressionLevel::Fastest,
            )),
            1 << 20,
        );
        assert_eq!(both.unwrap().concat(), text);
    }

    #[test]
    fn a_bomb_is_as_large_as_what_it_unpacks_to() {
        let bomb = gzip(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 128 * 1024);
        assert_eq!(unpacked(Coding::Gzip, bomb, 32 << 20), Err(413));
        let spaces = vec![b' '; 4 << 20];
        assert_eq!(unpacked(Coding::Gzip, gzip(&spaces), 32 << 20), Ok(spaces));
    }
}
