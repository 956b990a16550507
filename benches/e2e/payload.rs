//! The requests that are sent, built once, as the bytes on the wire.
//! It never sends one: see `drive`.

use std::fmt::Write as _;

/// The aliases of the generated targets file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alias {
    /// No key, no limits, the model stays as it is.
    Open,
    /// Key and limits; the model is replaced.
    Keyed,
    /// As `Keyed`, with two weighted providers.
    Pair,
    /// As `Keyed`; the first provider always answers 503, the second serves.
    Failing,
}

impl Alias {
    /// What the client puts in `model`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Keyed => "gpt-4",
            Self::Pair => "gpt-4-pair",
            Self::Failing => "gpt-4-failing",
        }
    }

    /// What the provider reads there.
    pub(crate) fn upstream_model(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Keyed | Self::Pair | Self::Failing => "gpt-4-0613",
        }
    }
}

/// A whole request, head and body. `query` tells the upstream how to answer.
pub(crate) fn request(alias: Alias, body_size: usize, query: &str) -> Vec<u8> {
    let body = body(alias.name(), body_size, query.contains("events="));
    let mut request = format!(
        "POST /v1/chat/completions?{query} HTTP/1.1\r\n\
         host: 127.0.0.1\r\n\
         authorization: Bearer {CLIENT_KEY}\r\n\
         content-type: application/json\r\n\
         accept: application/json\r\n\
         user-agent: OpenAI/Python 1.99.0\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body.as_bytes());
    request
}

/// A chat request of about `size` bytes: turns of prose with the escapes that prose has, `model`
/// and `stream` after the messages, where a scan has to pass everything else first.
pub(crate) fn body(model: &str, size: usize, stream: bool) -> String {
    let tail = format!("],\"model\":\"{model}\",\"temperature\":0.7,\"stream\":{stream}}}");
    let mut body = String::with_capacity(size + TURN.len());
    body.push_str("{\"messages\":[");
    let mut turn = 0_usize;
    while body.len() + tail.len() < size {
        let separator = if turn == 0 { "" } else { "," };
        let role = if turn.is_multiple_of(2) { "user" } else { "assistant" };
        let room = size.saturating_sub(body.len() + tail.len() + TURN_FRAME);
        // Long bodies are long messages as well as many.
        let wanted = room.clamp(1, LONGEST_MESSAGE);
        let repeats = wanted.div_ceil(TURN.len());
        let mut text = TURN.repeat(repeats);
        if repeats == 1 {
            text.truncate(wanted.min(PLAIN_PREFIX));
        }
        let _ = write!(body, "{separator}{{\"role\":\"{role}\",\"content\":\"{text}\"}}");
        turn += 1;
    }
    body.push_str(&tail);
    body
}

/// The one client key of the generated targets file.
pub(crate) const CLIENT_KEY: &str = "sk-bench-0000000000000000000000000000";

/// JSON string content, 184 bytes, an escape about every sixty.
const TURN: &str = "Please compare the two drafts below and tell me which of them a careful reader \
would trust.\\nThe first says \\\"it depends\\\", the second gives a figure and its source, \
about 40 \u{b5}s.\\n";
/// How far `TURN` can be cut without cutting an escape.
const PLAIN_PREFIX: usize = 90;
const TURN_FRAME: usize = 34;
const LONGEST_MESSAGE: usize = 16 << 10;
