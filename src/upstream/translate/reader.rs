//! The reader of an attempt's answers, which makes one answer for the client.

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Exchange, Make, vectors::Vectors};
use crate::{
    protocol::{codec::Reading, conversation::Conversation},
    upstream::{answer::Answer, failed::Failed, request::Call},
};

/// The reader of an attempt's answers.
pub(in crate::upstream) struct Translated<'a> {
    pub(in crate::upstream) exchange: Exchange<'a>,
    pub(in crate::upstream) kind: Kind<'a>,
}

/// What was asked, and what reading the answer needs.
pub(in crate::upstream) enum Kind<'a> {
    /// The next turn of a conversation, or a token count, in one call. Without a call the provider
    /// cannot count tokens, and the router estimates.
    Conversation {
        conversation: &'a Conversation,
        reading: Reading,
        /// The fields that the provider was not sent.
        dropped: Vec<String>,
    },
    /// Embeddings, in several calls.
    Vectors(Vectors<'a>),
}

impl Translated<'_> {
    /// The client's answer from the answers of `calls`.
    ///
    /// # Errors
    /// A call failed, by its status or inside a success, or its answer cannot be read.
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

/// The answer with the names of fields that its provider was not sent.
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

/// In bytes; SDKs refuse answers with too long headers.
const LONGEST: usize = 2048;
/// Characters that a header cannot hold, and the separator. Clients choose the names of their
/// fields.
const NOT_IN_NAMES: &AsciiSet = &CONTROLS.add(b',').add(b'%');
