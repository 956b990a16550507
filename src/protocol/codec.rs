//! The interface of every protocol: reads its bytes into the neutral forms, and writes them from
//! these.

use bytes::Bytes;
use http::HeaderMap;

use super::conversation::{Conversation, Delivery, Event, Failure, Losses, Media, Reply};
use super::embedding::Embeddings;
use super::object::Object;
use super::told;

pub(crate) use super::misfit::ReadError;
pub use super::misfit::Refused;
pub use super::sides::{Client, Head, Platform, Reading, Target};

/// A wire protocol: the functions of its folder, each called by the method of its name. All are pure.
#[derive(Debug)]
pub struct Codec {
    pub(in crate::protocol) read_request: fn(&[u8], &Head<'_>) -> Result<Conversation, ReadError>,
    pub(in crate::protocol) write_request:
        fn(&Conversation, &Target<'_>) -> Result<Written, Refused>,
    pub(in crate::protocol) read_response: fn(&[u8], &Reading) -> Result<Reply, Failure>,
    pub(in crate::protocol) write_response: fn(&Reply, &Client<'_>) -> Vec<u8>,
    /// Whether a whole answer can contain a medium; `None` if it can contain none.
    pub(in crate::protocol) has_place_for: Option<fn(&Media) -> bool>,
    pub(in crate::protocol) stream_reader: fn(Reading) -> Box<dyn StreamReader>,
    pub(in crate::protocol) stream_writer: fn(&Client<'_>) -> Box<dyn StreamWriter>,
    /// The media type of a stream.
    pub(in crate::protocol) stream_type: &'static str,
    pub(in crate::protocol) read_error: fn(u16, &HeaderMap, &[u8]) -> Failure,
    /// Takes the request's ID, too.
    pub(in crate::protocol) write_error: fn(&Failure, &str) -> WrittenError,
    /// What ends a stream that another event has begun, if not what a failed stream is.
    pub(in crate::protocol) write_broken: Option<fn(&Failure) -> Vec<u8>>,
    pub(in crate::protocol) write_in_place_of: Option<WriteInPlaceOf>,
    pub(in crate::protocol) write_models: fn(&[Model<'_>]) -> Vec<u8>,
    pub(in crate::protocol) write_model: fn(&Model<'_>) -> Vec<u8>,
    pub(in crate::protocol) write_count: Option<WriteCount>,
    pub(in crate::protocol) count: Count,
    pub(in crate::protocol) embeddings: Option<&'static dyn Embeddings>,
}

/// The form of a count of tokens: an object with the number, and its type if it bears one.
#[derive(Debug)]
pub(in crate::protocol) struct Count {
    pub(in crate::protocol) field: &'static str,
    pub(in crate::protocol) object: Option<&'static str>,
}

/// Takes a provider's error, what stands in its place, and the model.
type WriteInPlaceOf = fn(&[u8], &Failure, &str) -> Vec<u8>;
/// Writes a request that counts tokens; `None` if this model cannot count.
type WriteCount = fn(&Conversation, &Target<'_>) -> Result<Option<Written>, Refused>;

impl Count {
    /// How most protocols write it.
    pub(in crate::protocol) const USUAL: Self = Self::of("input_tokens");

    /// The number alone, under this name.
    pub(in crate::protocol) const fn of(field: &'static str) -> Self {
        Self { field, object: None }
    }
}

impl Codec {
    /// Reads a client's request.
    ///
    /// Fields without a neutral form go to `Conversation::extras`, except those without effect
    /// (`null`, `false`, empty). Only an unreadable request is an error.
    ///
    /// # Errors
    /// The field that is missing or has the wrong type.
    pub fn read_request(&self, body: &[u8], head: &Head<'_>) -> Result<Conversation, ReadError> {
        (self.read_request)(body, head)
    }

    /// Writes a request for a provider, anew for each attempt.
    ///
    /// # Errors
    /// The field that cannot be expressed, if losing it is refused.
    pub fn write_request(
        &self,
        from: &Conversation,
        target: &Target<'_>,
    ) -> Result<Written, Refused> {
        (self.write_request)(from, target)
    }

    /// Reads a provider's whole answer (2xx).
    ///
    /// # Errors
    /// The failure that the body describes, or one of kind `Malformed`.
    pub fn read_response(&self, body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
        (self.read_response)(body, reading)
    }

    /// Writes a whole answer for a client.
    pub fn write_response(&self, reply: &Reply, to: &Client<'_>) -> Vec<u8> {
        (self.write_response)(reply, to)
    }

    /// Whether a whole answer can contain this medium. A stream cannot contain any.
    pub(crate) fn has_place_for(&self, medium: &Media) -> bool {
        self.has_place_for.is_some_and(|has_place_for| has_place_for(medium))
    }

    /// Begins to read a provider's stream.
    pub fn stream_reader(&self, reading: Reading) -> Box<dyn StreamReader> {
        (self.stream_reader)(reading)
    }

    /// Begins to write a stream for a client.
    pub fn stream_writer(&self, to: &Client<'_>) -> Box<dyn StreamWriter> {
        (self.stream_writer)(to)
    }

    /// Reads a provider's error (not 2xx); any body gives a failure. The caller relays
    /// `retry-after` and rate-limit headers; a delay in the *body* goes to `Failure::retry_after`.
    pub fn read_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        (self.read_error)(status, headers, body)
    }

    /// Reads an error inside a success. Its status is its own number, otherwise that of its words,
    /// otherwise 502.
    pub fn read_error_inside(&self, headers: &HeaderMap, body: &[u8]) -> Failure {
        let said = self.read_error(told::status_inside(body), headers, body);
        told::with_its_own_status(said, body)
    }

    /// Writes an error for a client.
    pub fn write_error(&self, failure: &Failure, request_id: &str) -> WrittenError {
        (self.write_error)(failure, request_id)
    }

    /// Writes a stream that fails before any content.
    pub(crate) fn write_failed(&self, failure: Failure) -> Vec<u8> {
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
    pub(crate) fn write_broken(&self, failure: Failure) -> Vec<u8> {
        match self.write_broken {
            Some(write) => write(&failure),
            None => self.write_failed(failure),
        }
    }

    /// Replaces an event with a provider's error: in the same form if clients depend on it, without
    /// its text.
    pub(crate) fn write_in_place_of(&self, told: &[u8], failure: Failure, model: &str) -> Vec<u8> {
        match self.write_in_place_of {
            Some(write) => write(told, &failure, model),
            None => self.write_broken(failure),
        }
    }

    /// The media type of an answer to a client.
    pub fn content_type(&self, delivery: Delivery) -> &'static str {
        match delivery {
            Delivery::Whole | Delivery::Array => "application/json",
            Delivery::Events => self.stream_type,
        }
    }

    /// Writes the list of models for `GET /v1/models` and similar paths.
    pub fn write_models(&self, models: &[Model<'_>]) -> Vec<u8> {
        (self.write_models)(models)
    }

    /// Writes one of them, for `GET /v1/models/{id}`.
    pub fn write_model(&self, model: &Model<'_>) -> Vec<u8> {
        (self.write_model)(model)
    }

    /// Writes a token-count request; `None` if the protocol has none, and the caller estimates.
    ///
    /// # Errors
    /// As [`Codec::write_request`].
    pub fn write_count(
        &self,
        from: &Conversation,
        target: &Target<'_>,
    ) -> Result<Option<Written>, Refused> {
        self.write_count.map_or(Ok(None), |write| write(from, target))
    }

    /// Reads a provider's count of tokens.
    ///
    /// # Errors
    /// A failure of kind `Malformed`.
    pub fn read_count(&self, body: &[u8]) -> Result<u64, Failure> {
        let count = Object::parse(body).and_then(|mut count| count.require(self.count.field));
        count.map_err(|_| Failure::malformed("the provider's answer is not a count of tokens"))
    }

    /// Writes a count of tokens for a client.
    pub fn write_counted(&self, tokens: u64) -> Vec<u8> {
        let Count { field, object } = &self.count;
        let object = object.map_or_else(String::new, |it| format!(r#""object":"{it}","#));
        format!(r#"{{{object}"{field}":{tokens}}}"#).into_bytes()
    }

    /// Its embeddings; `None` if the protocol has none.
    pub fn embeddings(&self) -> Option<&'static dyn Embeddings> {
        self.embeddings
    }
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

/// The media type of server-sent events.
pub(in crate::protocol) const SERVER_SENT_EVENTS: &str = "text/event-stream";

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

/// Appends a server-sent event of this name.
pub(crate) fn append_event(name: &str, data: &impl serde::Serialize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    append_json(data, out);
    out.extend_from_slice(b"\n\n");
}
