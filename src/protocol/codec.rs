//! The interface of every protocol: reads its bytes into the neutral forms, and writes them from
//! these.

use bytes::Bytes;
use http::HeaderMap;

use super::conversation::{Conversation, Delivery, Event, Failure, Losses, Media, Reply};
use super::embedding::Embeddings;
use super::told;

pub(crate) use super::misfit::ReadError;
pub use super::misfit::Refused;
pub use super::sides::{Client, Head, Platform, Reading, Target};

/// A wire protocol. Its methods are pure.
pub trait Codec: Send + Sync {
    /// Reads a client's request.
    ///
    /// Fields without a neutral form go to `Conversation::extras`, except those without effect
    /// (`null`, `false`, empty). Only an unreadable request is an error.
    ///
    /// # Errors
    /// The field that is missing or has the wrong type.
    fn read_request(&self, body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError>;

    /// Writes a request for a provider, anew for each attempt.
    ///
    /// # Errors
    /// The field that cannot be expressed, if losing it is refused.
    fn write_request(&self, from: &Conversation, target: &Target<'_>) -> Result<Written, Refused>;

    /// Reads a provider's whole answer (2xx).
    ///
    /// # Errors
    /// The failure that the body describes, or one of kind `Malformed`.
    fn read_response(&self, body: &[u8], reading: &Reading) -> Result<Reply, Failure>;

    /// Writes a whole answer for a client.
    fn write_response(&self, reply: &Reply, to: &Client<'_>) -> Vec<u8>;

    /// Whether a whole answer can contain this medium. A stream cannot contain any.
    fn has_place_for(&self, _medium: &Media) -> bool {
        false
    }

    /// Begins to read a provider's stream.
    fn stream_reader(&self, reading: Reading) -> Box<dyn StreamReader>;

    /// Begins to write a stream for a client.
    fn stream_writer(&self, to: &Client<'_>) -> Box<dyn StreamWriter>;

    /// Reads a provider's error (not 2xx); any body gives a failure. The caller relays
    /// `retry-after` and rate-limit headers; a delay in the *body* goes to `Failure::retry_after`.
    fn read_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure;

    /// Reads an error inside a success. Its status is its own number, otherwise that of its words,
    /// otherwise 502.
    fn read_error_inside(&self, headers: &HeaderMap, body: &[u8]) -> Failure {
        let said = self.read_error(told::status_inside(body), headers, body);
        told::with_its_own_status(said, body)
    }

    /// Writes an error for a client.
    fn write_error(&self, failure: &Failure, request_id: &str) -> WrittenError;

    /// Writes a stream that fails before any content.
    fn write_failed(&self, failure: Failure) -> Vec<u8> {
        let nobody = Client {
            model: "",
            id: "",
            created: 0,
            delivery: Delivery::Events,
            include_usage: false,
            prompt_tokens: 0,
        };
        let mut out = Vec::new();
        self.stream_writer(&nobody).write(Event::Failure(failure), &mut out);
        out
    }

    /// Writes the error that ends a stream whose start was written elsewhere.
    fn write_broken(&self, failure: Failure) -> Vec<u8> {
        self.write_failed(failure)
    }

    /// Replaces an event with a provider's error: in the same form if clients depend on it, without
    /// its text.
    fn write_in_place_of(&self, _told: &[u8], failure: Failure, _model: &str) -> Vec<u8> {
        self.write_broken(failure)
    }

    /// The media type of an answer to a client.
    fn content_type(&self, delivery: Delivery) -> &'static str {
        match delivery {
            Delivery::Whole | Delivery::Array => "application/json",
            Delivery::Events => "text/event-stream",
        }
    }

    /// Writes the list of models for `GET /v1/models` and similar paths.
    fn write_models(&self, models: &[Model<'_>]) -> Vec<u8>;

    /// Writes one of them, for `GET /v1/models/{id}`.
    fn write_model(&self, model: &Model<'_>) -> Vec<u8>;

    /// Writes a token-count request; `None` if the protocol has none, and the caller estimates.
    ///
    /// # Errors
    /// As [`Codec::write_request`].
    fn write_count(
        &self,
        _from: &Conversation,
        _target: &Target<'_>,
    ) -> Result<Option<Written>, Refused> {
        Ok(None)
    }

    /// Reads a provider's count of tokens.
    ///
    /// # Errors
    /// A failure of kind `Malformed`.
    fn read_count(&self, _body: &[u8]) -> Result<u64, Failure> {
        Err(Failure::malformed("the protocol has no count of tokens"))
    }

    /// Writes a count of tokens for a client.
    fn write_counted(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"input_tokens":{tokens}}}"#).into_bytes()
    }

    /// Its embeddings; `None` if the protocol has none.
    fn embeddings(&self) -> Option<&'static dyn Embeddings>;
}

/// Reads a stream, piece by piece, however it was cut.
///
/// What it promises to every writer:
/// - the first event is `Start`, once, unless the stream begins with a `Failure`; `Ping` may come
///   anywhere after it;
/// - parts do not interleave: the deltas of one part, then its `PartEnd`, then the next part;
/// - `ToolCallStart::index` counts tool calls from 0; the deltas of a call, joined, are its
///   arguments as the model wrote them: one JSON text, unless the model was cut off in it, and `{}`
///   for a call without arguments. No delta is empty;
/// - `Usage` holds everything known so far: the last one counts, they are not added up;
/// - the last event is either `Done`, after exactly one `Finish`, or `Failure`; nothing follows.
pub trait StreamReader: Send + Sync {
    /// Takes the next bytes and appends their events.
    fn feed(&mut self, bytes: Bytes, events: &mut Vec<Event>);

    /// The bytes have ended. Appends `Done` or `Failure` unless one was already returned: a stream
    /// without its terminal event is a failure of kind `Cut`.
    fn end(&mut self, events: &mut Vec<Event>);
}

/// Writes a stream for a client from events in the order that [`StreamReader`] promises.
pub trait StreamWriter: Send + Sync {
    /// Appends the event's bytes to `out`. `Failure` may come at any time, also before `Start`. It
    /// becomes the protocol's error event and, like `Done`, ends the stream. A failed stream gets
    /// no terminal event that makes it look complete.
    fn write(&mut self, event: Event, out: &mut Vec<u8>);

    /// Whether it keeps the content to repeat it at the end.
    fn gathers(&self) -> bool {
        false
    }
}

/// A request for a provider.
#[derive(Debug, Clone)]
pub struct Written {
    /// The path below the provider's origin, as the vendor documents it, with its query.
    pub path_and_query: String,
    /// Headers that belong to the protocol: `content-type`, versions. Never a credential.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The names of fields that could not be expressed, for `x-onwards-dropped`.
    pub dropped: Vec<String>,
    /// What the reader of the answer must know.
    pub reading: Reading,
}

/// An error for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenError {
    /// The status in the client's protocol.
    pub status: u16,
    /// Headers that belong to the protocol's errors.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// One line of a list of models.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// The alias.
    pub id: &'a str,
    /// Seconds since 1970.
    pub created: u64,
    /// Who provides it.
    pub owned_by: &'a str,
}

impl Written {
    /// A request whose body is JSON.
    pub(crate) fn json(
        path_and_query: impl Into<String>,
        body: Vec<u8>,
        losses: Losses,
        reading: Reading,
    ) -> Self {
        Self {
            path_and_query: path_and_query.into(),
            headers: vec![("content-type", "application/json".to_owned())],
            body,
            dropped: losses.into_names(),
            reading,
        }
    }
}

/// The JSON text of a value that is made of strings, numbers and raw JSON: it cannot fail.
pub(crate) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut body = Vec::with_capacity(1024);
    append_json(value, &mut body);
    body
}

/// The same, appended.
pub(crate) fn append_json(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "{written:?}");
}
