//! What reads the answers of one attempt and makes one answer for the client of them.
//!
//! It asks nothing: it is given what was asked.

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Exchange, Make, vectors::Vectors};
use crate::{
    protocol::{codec::Reading, conversation::Conversation},
    upstream::{answer::Answer, failed::Failed, request::Call},
};

/// What reads the answers of one attempt.
pub(in crate::upstream) struct Translated<'a> {
    pub(in crate::upstream) exchange: Exchange<'a>,
    pub(in crate::upstream) kind: Kind<'a>,
}

/// What was asked, and what reading the answer takes.
pub(in crate::upstream) enum Kind<'a> {
    /// The next turn of a conversation, or its tokens, in one call. Without a call the provider cannot
    /// count tokens, and the router estimates.
    Conversation {
        conversation: &'a Conversation,
        reading: Reading,
        /// What the provider could not be told.
        dropped: Vec<String>,
    },
    /// Vectors, in several calls.
    Vectors(Vectors<'a>),
}

impl Translated<'_> {
    /// The client's answer, of those that the `calls` bring when each is made.
    ///
    /// # Errors
    /// One of them failed, by its status or inside a success, or it cannot be read.
    pub(in crate::upstream) async fn read<'c>(
        self,
        calls: &'c [Call],
        make: &Make<'c>,
    ) -> Result<Answer, Failed> {
        let Self { exchange, kind } = self;
        match kind {
            Kind::Conversation { conversation, reading, mut dropped } => {
                let Some(call) = calls.first() else {
                    return Ok(exchange.counted(exchange.estimate(), Vec::new()));
                };
                let answer = exchange.accepted(make(call).await?).await?;
                let answer = exchange.read(answer, reading, conversation, &mut dropped).await?;
                Ok(naming(answer, &dropped))
            }
            Kind::Vectors(vectors) => {
                let answer = vectors.read(&exchange, calls, make).await?;
                Ok(naming(answer, &vectors.dropped))
            }
        }
    }
}

/// The answer, with the names of what its provider could not be told.
pub(in crate::upstream) fn naming(mut answer: Answer, dropped: &[String]) -> Answer {
    let names: Vec<_> =
        dropped.iter().map(|name| utf8_percent_encode(name, NOT_IN_NAMES).to_string()).collect();
    let mut names = names.join(",");
    if names.len() > LONGEST {
        names.truncate(LONGEST);
        names.push_str("...");
    }
    if !names.is_empty()
        && let Ok(names) = HeaderValue::try_from(names)
    {
        answer.dropped = Some(names);
    }
    answer
}

/// In bytes: libraries refuse an answer whose headers are too long.
const LONGEST: usize = 2048;
/// What no header can hold, and what stands between the names. Clients choose their fields' names.
const NOT_IN_NAMES: &AsciiSet = &CONTROLS.add(b',').add(b'%');
