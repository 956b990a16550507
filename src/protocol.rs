//! The wire protocols: what a client may speak and what a provider may speak.
//!
//! Hub and spokes. Each protocol reads its bytes into the neutral forms of [`conversation`] and
//! writes its bytes from them; a pair of protocols is one reader and one writer that do not know
//! each other.
//!
//! ```text
//! client's request ─ read_request ─▶ Conversation ─ write_request ─▶ provider's request
//! client's answer ◀─ write_response ─ Reply ◀─ read_response ─ provider's answer
//! client's stream ◀─ stream_writer ─ Event, Event, … ◀─ stream_reader ─ provider's stream
//! client's error  ◀─ write_error ─ Failure ◀─ read_error ─ provider's error
//! ```
//!
//! Embeddings go the same way through the forms of [`embedding`].
//!
//! # How to add a protocol
//! 1. A folder with the five files `request`, `response`, `stream`, `error` and `profile` (its paths,
//!    its headers, how its streams end), and beside it `<name>.rs` with a [`Codec`], a
//!    table of the functions of those files; with embeddings, a sixth, `embedding`.
//!    Requests and their like are read with `object::Object`, which knows the fields that were not taken; streams
//!    of server-sent events with `frames::FrameReader`, their parts opened and closed by
//!    `parts::Parts`; JSON is written with `codec::json`.
//! 2. One line in the table of protocols below, and one in the table of their names in `words.rs`.
//! 3. Its corpus in `tests/golden/<name>/`: `tests/protocols.rs` finds it by itself and runs it
//!    against every other protocol.
//!
//! What a field of one protocol means is decided once, where it is read: a reader puts it into the
//! neutral form, or names it in `Conversation::extras`. What a writer cannot say, it gives to
//! `conversation::Losses`; it never leaves it out in silence. Hints that change no answer (cache
//! marks and keys, the user's name, another vendor's reasoning signatures, `false` and empty values)
//! are no loss.
//!
//! Nothing here does I/O, reads a clock or draws a random number: ids and times are arguments.

// ── what a path asks for
pub(crate) mod endpoint;
pub(crate) mod family;
pub(crate) mod in_path;
pub(crate) mod pasted;
pub(crate) mod token;
// ── the interface of a protocol
pub mod codec;
pub(crate) mod sides;
pub(crate) mod misfit;
pub(crate) mod profile;
// ── the neutral forms
pub mod conversation;
pub mod embedding;
pub(crate) mod bounds;
// ── the protocols
pub(crate) mod openai;
pub(crate) mod openai_responses;
pub(crate) mod anthropic;
pub(crate) mod gemini;
pub(crate) mod cohere;
pub(crate) mod bedrock;
pub(crate) mod vertex;
// ── what their readers and writers share
pub(crate) mod object;
mod fields;
mod usual;
pub(crate) mod chat;
pub(crate) mod structured;
pub mod cache;
mod fit;
mod schema;
pub(crate) mod frames;
mod surrogates;
pub(crate) mod parts;
pub(crate) mod calls;
mod quoted;
pub mod replay;
// ── errors
pub mod told;
// ── what is passed on unchanged: requests
pub mod service;
pub(crate) mod foreign;
pub(crate) mod gates;
pub(crate) mod needs;
pub(crate) mod members;
pub(crate) mod mask;
// ── what is passed on unchanged: answers
pub(crate) mod observer;
pub(crate) mod marks;
pub(crate) mod nesting;
pub(crate) mod usage;
pub(crate) mod reasons;
pub(crate) mod spoken;
pub(crate) mod limits;
// ── what is looked at field by field
pub(crate) mod guarded;
pub mod strict;

use http::HeaderMap;

pub(crate) use codec::Codec;
pub use endpoint::{Endpoint, Operation};
pub(crate) use family::{Family, Surface};
pub(crate) use observer::Observer;
pub(crate) use profile::Profile;

pub use crate::words::Protocol;

/// Declares the table of protocols: variant, module.
macro_rules! protocols {
    ($( $variant:ident: $module:ident; )+) => {
        impl Protocol {
            /// How it is read and written.
            pub const fn codec(self) -> &'static Codec {
                match self { $( Self::$variant => &$module::CODEC, )+ }
            }

            /// Its profile.
            pub const fn profile(self) -> &'static Profile {
                match self { $( Self::$variant => &$module::profile::PROFILE, )+ }
            }
        }
    };
}

protocols! {
    OpenAi: openai;
    OpenAiResponses: openai_responses;
    Anthropic: anthropic;
    Gemini: gemini;
    Bedrock: bedrock;
    Cohere: cohere;
}

/// The headers about limits that vendors write, each family in its protocol's folder.
pub(crate) const LIMITS: [&limits::Limits; 3] =
    [&openai::profile::LIMITS, &openai::profile::DRAFT_LIMITS, &anthropic::profile::LIMITS];

impl Protocol {
    /// The protocol that a client's headers identify.
    pub(crate) fn told(headers: &HeaderMap) -> Option<Self> {
        let is_there = |name| headers.contains_key(name);
        Self::ALL.iter().copied().find(|it| it.profile().told_by.is_some_and(is_there))
    }

    /// The protocol that a path outside of every protocol most probably belongs to.
    pub(crate) fn likely(path: &str) -> Option<Self> {
        let ends_so = |end: &str| path.ends_with(end);
        Self::ALL.iter().copied().find(|it| it.profile().likely_end.is_some_and(ends_so))
    }
}
