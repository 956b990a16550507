//! Taking a request's body in: piece by piece, bounded in size and in silence, read for its model
//! while it arrives.
//!
//! The pieces are never joined, and nothing is held for the request yet.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::{
    body::{A_FEW, Found, Invalid, Pieces, Scanner, multipart},
    live::{Room, Share},
    refusal::Refusal,
    within::within,
};

/// How much and how slowly a client may send.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// The largest body.
    pub max_bytes: u64,
    /// The longest silence inside a body.
    pub stall: Duration,
    /// What all of them together may take.
    pub room: Arc<Room>,
}

/// What a body says about where it wants to go.
pub struct Read {
    /// Its `model` and `stream`, or why they cannot be read.
    pub found: Result<Found, Refusal>,
    /// Whether it is a form.
    pub form: bool,
    /// What it takes of the room for all, if it is large.
    pub share: Option<Share>,
}

/// Reads the whole body.
pub async fn read(
    headers: &HeaderMap,
    mut incoming: Incoming,
    limits: &BodyLimits,
) -> Result<(Pieces, Read), Refusal> {
    let announced = incoming.size_hint().lower();
    if announced > limits.max_bytes {
        return Err(Refusal::PayloadTooLarge(limits.max_bytes));
    }
    if is_encoded(headers) {
        return Err(Refusal::UnsupportedEncoding);
    }
    let mut reader = Reader::for_content(headers)?;
    let (mut body, mut share, mut loose) = (Pieces::new(), None, 0);
    loop {
        let frame = within(limits.stall, incoming.frame());
        let frame = match frame.await.ok_or(Refusal::RequestTimeout)? {
            None => break,
            Some(frame) => frame.map_err(|_| Refusal::InvalidJson("it broke off".into()))?,
        };
        let Ok(piece) = frame.into_data() else { continue };
        if body.len() + piece.len() as u64 > limits.max_bytes {
            return Err(Refusal::PayloadTooLarge(limits.max_bytes));
        }
        reader.feed(&piece);
        body.push(piece);
        loose += 1;
        if loose == A_FEW {
            body.join_crumbs(A_FEW);
            loose = 0;
        }
        let room = || limits.room.share();
        if body.len() > SMALL && !share.get_or_insert_with(room).grow_to(body.len()) {
            return Err(Refusal::NoRoom);
        }
    }
    let form = matches!(reader, Reader::Form(_));
    let found = if body.is_empty() { Ok(Found::default()) } else { reader.finish() };
    Ok((body, Read { found, form, share }))
}

/// Reads a body by its content type; what is no form is taken for JSON.
#[expect(clippy::large_enum_variant, reason = "nearly all bodies are of the large one")]
enum Reader {
    Json(Scanner),
    Form(Box<multipart::Scanner>),
}

impl Reader {
    fn for_content(headers: &HeaderMap) -> Result<Self, Refusal> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let Some(content_type) = content_type.filter(|value| is_form(value)) else {
            return Ok(Self::Json(Scanner::new()));
        };
        let boundary = multipart::boundary(content_type)
            .ok_or_else(|| Refusal::InvalidJson("its content type names no boundary".into()))?;
        Ok(Self::Form(Box::new(multipart::Scanner::new(&boundary))))
    }

    fn feed(&mut self, piece: &[u8]) {
        match self {
            Self::Json(scanner) => scanner.feed(piece),
            Self::Form(scanner) => scanner.feed(piece),
        }
    }

    fn finish(self) -> Result<Found, Refusal> {
        let found = match self {
            Self::Json(scanner) => scanner.finish(),
            Self::Form(scanner) => scanner.finish(),
        };
        found.map_err(|invalid| match invalid {
            Invalid::DuplicateModel => Refusal::DuplicateModel,
            other => Refusal::InvalidJson(other.to_string()),
        })
    }
}

fn is_form(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("multipart/form-data")
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity")
}

/// Bodies up to here are not counted, as the number of connections bounds them; nearly all are
/// smaller, and cost nothing here.
const SMALL: u64 = 64 * 1024;
