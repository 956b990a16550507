//! Decompresses an answer on its way, chunk by chunk.
//!
//! One chunk never becomes more than [`MOST`] bytes; a compression bomb breaks the answer off.

use std::{
    io::{self, Read, Write},
    task::{Context, Poll, ready},
};

use brotli_decompressor::DecompressorWriter;
use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header;
use tokio::time::Instant;

use crate::{
    failure::{Brief, What},
    protocol::conversation::{Finish, Usage},
    upstream::{
        answer::{Answer, AnswerBody},
        failed::Failed,
        source::Source,
    },
};

/// The decompressed answer.
///
/// # Errors
/// Its coding is not supported.
pub(in crate::upstream) fn decoded(mut answer: Box<Answer>) -> Result<Box<Answer>, Failed> {
    let lines = answer.headers.get_all(header::CONTENT_ENCODING).iter();
    let text: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    let text = text.join(",").to_ascii_lowercase();
    let codings = text.split(',').map(str::trim).filter(|it| !matches!(*it, "" | "identity"));
    let decoders: Option<Vec<Decoder>> = codings.rev().map(Decoder::of).collect();
    let Some(decoders) = decoders.filter(|decoders| decoders.len() <= MOST_CODINGS) else {
        return Err(Failed::malformed(answer.status, "packed in a way that is not known"));
    };
    answer.headers.remove(header::CONTENT_ENCODING);
    answer.headers.remove(header::CONTENT_LENGTH);
    for decoder in decoders {
        let source = std::mem::replace(&mut answer.body, AnswerBody::ended());
        let unpacking = Unpacking { source, decoder, ended: false };
        answer.body = AnswerBody::from_source(Box::new(unpacking));
    }
    Ok(answer)
}

struct Unpacking {
    source: AnswerBody,
    decoder: Decoder,
    ended: bool,
}

impl Source for Unpacking {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        while !self.ended {
            let unpacked = match ready!(self.source.poll_piece(cx)) {
                Some(Ok(piece)) => self.decoder.push(&piece),
                Some(Err(broken)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(broken)));
                }
                None => {
                    self.ended = true;
                    self.decoder.end()
                }
            };
            match unpacked {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(bytes.into()))),
                Err(_) => {
                    self.ended = true;
                    self.source = AnswerBody::ended();
                    return Poll::Ready(Some(Err(Brief::from(What::Malformed(None)))));
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end(&self) -> bool {
        self.ended
    }

    fn remaining(&self) -> Option<u64> {
        None
    }

    fn ends_by(&mut self, end: Option<Instant>) -> bool {
        self.source.end_by(end);
        true
    }

    fn usage(&self) -> Option<Usage> {
        self.source.usage()
    }

    fn reason(&self) -> Option<Finish> {
        self.source.reason()
    }

    fn fault(&self) -> Option<Brief> {
        self.source.fault()
    }
}

/// The decoder and its output.
enum Decoder {
    Gzip(MultiGzDecoder<Capped>),
    /// Its first byte tells which of the two forms it is.
    Deflate,
    Zlib(ZlibDecoder<Capped>),
    Bare(DeflateDecoder<Capped>),
    Brotli(Box<DecompressorWriter<Capped>>),
    /// Decompressed as a whole.
    Zstd(Vec<u8>),
}

impl Decoder {
    fn of(coding: &str) -> Option<Self> {
        Some(match coding {
            "gzip" | "x-gzip" => Self::Gzip(MultiGzDecoder::new(Capped::default())),
            "deflate" => Self::Deflate,
            "br" => Self::Brotli(Box::new(DecompressorWriter::new(Capped::default(), PIECE))),
            "zstd" => Self::Zstd(Vec::new()),
            _ => return None,
        })
    }

    fn push(&mut self, packed: &[u8]) -> io::Result<Vec<u8>> {
        if let (Self::Deflate, Some(first)) = (&*self, packed.first()) {
            *self = match first & 0x0f {
                8 => Self::Zlib(ZlibDecoder::new(Capped::default())),
                _ => Self::Bare(DeflateDecoder::new(Capped::default())),
            };
        }
        match self {
            Self::Gzip(it) => it.write_all(packed).map(|()| it.get_mut().take()),
            Self::Zlib(it) => it.write_all(packed).map(|()| it.get_mut().take()),
            Self::Bare(it) => it.write_all(packed).map(|()| it.get_mut().take()),
            Self::Brotli(it) => it.write_all(packed).map(|()| it.get_mut().take()),
            Self::Zstd(held) if held.len() + packed.len() > MOST => Err(too_much()),
            Self::Zstd(held) => {
                held.extend_from_slice(packed);
                Ok(Vec::new())
            }
            Self::Deflate => Ok(Vec::new()),
        }
    }

    fn end(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(it) => it.try_finish().map(|()| it.get_mut().take()),
            Self::Zlib(it) => it.try_finish().map(|()| it.get_mut().take()),
            Self::Bare(it) => it.try_finish().map(|()| it.get_mut().take()),
            // Closing tells whether it was cut.
            Self::Brotli(it) => it.close().map(|()| it.get_mut().take()),
            Self::Zstd(held) if held.is_empty() => Ok(Vec::new()),
            Self::Zstd(held) => {
                let mut out = Vec::new();
                let decoder = ruzstd::decoding::StreamingDecoder::new(&held[..]);
                let decoder = decoder.map_err(io::Error::other)?;
                decoder.take(MOST as u64 + 1).read_to_end(&mut out)?;
                if out.len() > MOST { Err(too_much()) } else { Ok(out) }
            }
            Self::Deflate => Ok(Vec::new()),
        }
    }
}

/// Accepts a number of bytes until they are taken out.
#[derive(Debug, Default)]
struct Capped(Vec<u8>);

impl Capped {
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(too_much());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_much() -> io::Error {
    io::Error::other("it unpacks to too much")
}

const MOST: usize = 64 * 1024 * 1024;
const MOST_CODINGS: usize = 2;
const PIECE: usize = 64 * 1024;
