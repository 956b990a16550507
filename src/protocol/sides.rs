//! The two sides of an exchange for a codec: how the client asked, the provider of a request, and
//! the client of an answer.

use std::collections::BTreeMap;

use super::cache::Cache;
use super::conversation::{Delivery, Losses, Lossy, ToolNames};
use super::service::Service;

/// The parts of a request outside its body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    /// The model that the path names, decoded.
    pub model: Option<&'a str>,
    /// How the path asks for the answer.
    pub delivery: Option<Delivery>,
}

/// Where a vendor's models are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Platform {
    /// At the vendor itself, or at a compatible provider.
    #[default]
    Own,
    /// At Vertex AI, below its publisher.
    Vertex,
    /// At Amazon Bedrock, in the vendor's own protocol.
    Bedrock,
}

/// Whom a request is written for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target<'a> {
    /// The provider's model.
    pub model: &'a str,
    /// The model behind that name, if the name does not tell it.
    pub known_as: Option<&'a str>,
    /// Where the model is served.
    pub platform: Platform,
    /// The betas from the client's headers that are known there.
    pub betas: &'a [&'static str],
    /// Whether fields that cannot be expressed are dropped and named, or refused.
    pub lossy: Lossy,
    /// A text unique to this attempt, from which readers make missing IDs.
    pub seed: &'a str,
    /// Where the provider is, as far as that makes a difference.
    pub service: Service,
    /// Where the ends of prompt caches are marked.
    pub cache: Cache,
}

/// What the writer of a request passes to the reader of its answer.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// A text unique to this attempt, to make ids from.
    pub seed: String,
    /// The client's names of renamed tools, by the names that were sent.
    pub renamed: BTreeMap<String, String>,
    /// The client's IDs of renamed calls, by the IDs that were sent.
    pub calls: BTreeMap<String, String>,
    /// The tool that stands for structured output: its arguments are the answer's text.
    pub answer_tool: Option<&'static str>,
    /// Where the provider is, as far as that makes a difference.
    pub service: Service,
}

/// Whom an answer is written for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client<'a> {
    /// The model that serves, if the provider's answer names none.
    pub model: &'a str,
    /// A text unique to this request, of letters, digits, `-` and `_`; each protocol sets its own
    /// prefix before it.
    pub id: &'a str,
    /// Now, in seconds since 1970.
    pub created: u64,
    /// How the client wants the answer.
    pub delivery: Delivery,
    /// Whether the client asked for usage at the end of a stream.
    pub include_usage: bool,
    /// About how many tokens the request has, for streams that begin with their number: 0 where that is
    /// not known.
    pub prompt_tokens: u64,
}

impl<'a> Target<'a> {
    /// The name that determines what the model supports.
    pub(crate) fn known_as(&self) -> &'a str {
        self.known_as.unwrap_or(self.model)
    }

    /// What the reader of the answer must know.
    pub(crate) fn reading(&self, names: ToolNames, answer_tool: Option<&'static str>) -> Reading {
        let (renamed, calls) = names.back();
        let (seed, service) = (self.seed.to_owned(), self.service);
        Reading { seed, renamed, calls, answer_tool, service }
    }

    /// An empty list of losses under this target's policy.
    pub(crate) fn losses(&self) -> Losses {
        Losses::new(self.lossy)
    }
}

impl Reading {
    /// The client's name for the tool that the provider calls `sent`.
    pub fn tool_name(&self, sent: String) -> String {
        self.renamed.get(&sent).cloned().unwrap_or(sent)
    }

    /// The client's id for the call that the provider calls `sent`.
    pub(crate) fn own_id(&self, sent: String) -> String {
        self.calls.get(&sent).cloned().unwrap_or(sent)
    }

    /// The client's ID for the call with this number, which the provider calls `sent`, if it names it.
    pub(crate) fn id_of(&self, sent: Option<String>, index: u32) -> String {
        let sent = sent.filter(|id| !id.is_empty());
        sent.map_or_else(|| self.call_id(index), |id| self.own_id(id))
    }

    /// An ID for the tool call with this number, if the vendor gives none.
    pub(crate) fn call_id(&self, index: u32) -> String {
        format!("call_{}_{index}", self.seed)
    }
}
