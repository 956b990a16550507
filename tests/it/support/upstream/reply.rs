//! One answer of a provider, down to its bytes, and the place where it goes wrong.
//!
//! Never: no I/O here; a reply is compiled to steps that `serve` plays.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

/// How the end of the body is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    Length,
    /// A `content-length` of this many bytes, true or not.
    Claims(usize),
    Chunked,
    UntilClose,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// After the request was read, before the first byte.
    Start,
    /// After so many bytes of the head.
    HeadByte(usize),
    /// After the head.
    Head,
    /// After so many bytes of the body, framing not counted.
    BodyByte(usize),
    /// After so many pieces (events) of the body.
    Piece(usize),
    /// After the body, before what ends it.
    LastPiece,
}

/// What happens there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing more, for ever.
    Stall,
    /// Nothing for so long, then the rest.
    Pause(Duration),
    Reset,
    Fin,
    /// Nothing for so long, then RST,
    LateReset(Duration),
    /// or FIN.
    LateFin(Duration),
}

/// What `serve` does, in order.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(Bytes),
    Pause(Duration),
    Stall,
    Reset,
    Fin,
}

/// An answer, whole unless told otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    before: Vec<u8>,
    raw_head: Option<Bytes>,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<Bytes>,
    framing: Framing,
    gap: Option<Duration>,
    fault: Option<(Place, Fault)>,
    closes: bool,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            before: Vec::new(),
            raw_head: None,
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length,
            gap: None,
            fault: None,
            closes: false,
        }
    }

    /// These bytes in place of an answer; then the connection ends.
    pub(crate) fn raw(bytes: impl Into<Bytes>) -> Self {
        let reply = Self { raw_head: Some(bytes.into()), ..Self::new(0) };
        Self { framing: Framing::UntilClose, ..reply }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status).header("content-type", "application/json").body(value.to_string())
    }

    /// A chat completion that says `text`.
    pub(crate) fn chat(text: &str) -> Self {
        Self::json(
            200,
            &json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "up",
                "choices": [{"index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}),
        )
    }

    /// An error in OpenAI's envelope.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        let error = json!({"message": message, "type": "api_error", "param": null, "code": null});
        Self::json(status, &json!({"error": error}))
    }

    /// A chunked event stream of exactly these pieces.
    pub(crate) fn sse(pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let mut reply = Self::new(200).header("content-type", "text/event-stream").chunked();
        reply.body = pieces.into_iter().map(Into::into).collect();
        reply
    }

    /// A well-formed chat stream of these words, with its `[DONE]`.
    pub(crate) fn chat_stream(words: &[&str]) -> Self {
        let events = words.iter().map(|word| chunk_event(word));
        Self::sse(events.chain(["data: [DONE]\n\n".to_owned()]))
    }

    /// The same pieces as a stream of AWS's frames.
    pub(crate) fn in_frames(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.header("content-type", "application/vnd.amazon.eventstream")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = vec![bytes.into()];
        self
    }

    /// A body of `count` times the same piece.
    pub(crate) fn body_of(mut self, piece: impl Into<Bytes>, count: usize) -> Self {
        self.body = vec![piece.into(); count];
        self
    }

    pub(crate) fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    pub(crate) fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// These bytes before the head: informational responses, for instance.
    pub(crate) fn preceded_by(mut self, bytes: &str) -> Self {
        self.before.extend_from_slice(bytes.as_bytes());
        self
    }

    /// So long a wait after each piece.
    pub(crate) fn paced(mut self, gap: Duration) -> Self {
        self.gap = Some(gap);
        self
    }

    pub(crate) fn fault(mut self, place: Place, fault: Fault) -> Self {
        self.fault = Some((place, fault));
        self
    }

    /// The connection ends after the answer, without having said so.
    pub(crate) fn then_close(mut self) -> Self {
        self.closes = true;
        self
    }

    pub(super) fn closes(&self) -> bool {
        self.closes || matches!(self.framing, Framing::UntilClose)
    }

    /// The body's bytes without any framing.
    pub(crate) fn payload(&self) -> Vec<u8> {
        self.body.concat()
    }

    fn head(&self) -> Bytes {
        if let Some(raw) = &self.raw_head {
            return raw.clone();
        }
        let mut head = self.before.clone();
        let reason = http::StatusCode::from_u16(self.status).ok();
        let reason = reason.and_then(|s| s.canonical_reason()).unwrap_or("Unnamed");
        head.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", self.status).as_bytes());
        for (name, value) in &self.headers {
            head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        let framing = match self.framing {
            Framing::Length if matches!(self.status, 204 | 304) => String::new(),
            Framing::Length => format!("content-length: {}\r\n", self.payload().len()),
            Framing::Claims(length) => format!("content-length: {length}\r\n"),
            Framing::Chunked => "transfer-encoding: chunked\r\n".to_owned(),
            Framing::UntilClose => "connection: close\r\n".to_owned(),
        };
        head.extend_from_slice(framing.as_bytes());
        head.extend_from_slice(b"\r\n");
        head.into()
    }

    fn framed(&self, piece: &Bytes) -> Bytes {
        if !matches!(self.framing, Framing::Chunked) || piece.is_empty() {
            return piece.clone();
        }
        let mut framed = format!("{:x}\r\n", piece.len()).into_bytes();
        framed.extend_from_slice(piece);
        framed.extend_from_slice(b"\r\n");
        framed.into()
    }

    /// Everything to be done, in order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut units = vec![self.head()];
        let mut body = self.body.clone();
        let cut = match self.fault.map(|(place, _)| place) {
            None => usize::MAX,
            Some(Place::Start) => 0,
            Some(Place::HeadByte(count)) => {
                let length = units[0].len();
                let rest = units[0].split_off(count.min(length));
                units.push(rest);
                1
            }
            Some(Place::Head) => 1,
            Some(Place::BodyByte(count)) => 1 + split_at(&mut body, count),
            Some(Place::Piece(count)) => 1 + count,
            Some(Place::LastPiece) => 1 + body.len(),
        };
        let heads = units.len();
        units.extend(body.iter().map(|piece| self.framed(piece)));
        if matches!(self.framing, Framing::Chunked) {
            units.push(Bytes::from_static(b"0\r\n\r\n"));
        }
        self.play_list(units, heads, cut)
    }

    fn play_list(&self, units: Vec<Bytes>, heads: usize, cut: usize) -> Vec<Step> {
        let mut steps = Vec::with_capacity(units.len() + 1);
        let mut struck = cut == usize::MAX;
        for (at, unit) in units.into_iter().enumerate() {
            if at == cut {
                struck = true;
                if self.strike(&mut steps) {
                    return steps;
                }
            }
            steps.push(Step::Write(unit));
            if let Some(gap) = self.gap.filter(|_| at >= heads) {
                steps.push(Step::Pause(gap));
            }
        }
        if !struck {
            self.strike(&mut steps);
        }
        steps
    }

    /// Adds the fault; true when nothing comes after it.
    fn strike(&self, steps: &mut Vec<Step>) -> bool {
        let Some((_, fault)) = self.fault else { return false };
        let (step, last) = match fault {
            Fault::Stall => (Step::Stall, true),
            Fault::Pause(time) => (Step::Pause(time), false),
            Fault::Reset => (Step::Reset, true),
            Fault::Fin => (Step::Fin, true),
            Fault::LateReset(time) => {
                steps.push(Step::Pause(time));
                (Step::Reset, true)
            }
            Fault::LateFin(time) => {
                steps.push(Step::Pause(time));
                (Step::Fin, true)
            }
        };
        steps.push(step);
        last
    }
}

/// One event of a chat stream.
pub(crate) fn chunk_event(word: &str) -> String {
    let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": "up", "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

/// `data` as a gzip file of one stored block: correct, and not compressed.
pub(crate) fn gzip_stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("one stored block holds 64 KiB");
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(data);
    out.extend_from_slice(&crc32(data).to_le_bytes());
    out.extend_from_slice(&u32::from(length).to_le_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// Splits the pieces so that one begins at byte `at`, and says which.
fn split_at(body: &mut Vec<Bytes>, at: usize) -> usize {
    let mut start = 0;
    for index in 0..body.len() {
        let length = body[index].len();
        if at <= start {
            return index;
        }
        if at < start + length {
            let rest = body[index].split_off(at - start);
            body.insert(index + 1, rest);
            return index + 1;
        }
        start += length;
    }
    body.len()
}
