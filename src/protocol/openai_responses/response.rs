//! A whole response, and the token count.
//!
//! Each part of an answer is an item, in a response as in a stream.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error;
use super::item::{Item, ItemOut};
use crate::protocol::codec::{Client, Reading, json};
use crate::protocol::conversation::{Failure, Finish, Reply, Usage, proofs};
use crate::protocol::openai_responses::profile::USAGE;
use crate::protocol::usage::Written;

/// Reads an answer; the body of a 200 may also be a failed response.
pub(super) fn read(body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
    let mut response: Response = serde_json::from_slice(body)
        .map_err(|_| Failure::malformed("the provider's answer is no response"))?;
    if let Some(failure) = response.take_failure() {
        return Err(failure);
    }
    let Some(output) = response.output.take() else {
        return Err(Failure::malformed("the provider's answer holds no output"));
    };
    let mut reply = Reply {
        finish: response.finish(),
        usage: response.usage.as_ref().map(|usage| usage.by(&USAGE)).unwrap_or_default(),
        id: response.id,
        model: response.model,
        ..Reply::default()
    };
    let mut calls = 0;
    for item in output {
        item.into_parts(reading, &mut calls, &mut reply.parts);
    }
    proofs::join(&mut reply.parts);
    reply.finish = reply.finish.with_calls(calls > 0);
    reply.checked()
}

/// Writes an answer.
pub(super) fn write(reply: &Reply, to: &Client<'_>) -> Vec<u8> {
    let mut output = Vec::with_capacity(reply.parts.len());
    for part in &reply.parts {
        output.extend(ItemOut::proof_of(part, to.id, output.len()));
        output.extend(ItemOut::of(part, to.id, output.len()));
    }
    let head = Head::of(to);
    json(&head.response(Outcome::Ended(reply.finish), &output, Some(&reply.usage)))
}

/// A response of a provider, whole or in a stream's event.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Response {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) status: Option<String>,
    pub(super) error: Option<Box<RawValue>>,
    pub(super) incomplete_details: Option<Incomplete>,
    output: Option<Vec<Item>>,
    pub(super) usage: Option<Written>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Incomplete {
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

/// What every state of one response has in common.
#[derive(Debug)]
pub(super) struct Head {
    id: String,
    created: u64,
    model: String,
}

/// How far a response is.
#[derive(Clone, Copy)]
pub(super) enum Outcome<'a> {
    Begun,
    Ended(Finish),
    Failed(&'a Failure),
}

#[derive(Serialize)]
pub(super) struct ResponseOut<'a, I> {
    id: &'a str,
    object: &'static str,
    created_at: u64,
    status: &'static str,
    background: bool,
    error: Option<error::Out<'a>>,
    incomplete_details: Option<IncompleteOut>,
    instructions: Option<()>,
    max_output_tokens: Option<u64>,
    model: &'a str,
    output: &'a [I],
    parallel_tool_calls: bool,
    previous_response_id: Option<()>,
    store: bool,
    temperature: Option<f64>,
    tool_choice: &'static str,
    tools: [(); 0],
    top_p: Option<f64>,
    truncation: &'static str,
    usage: Option<UsageOut>,
    metadata: Empty,
}

#[derive(Serialize)]
struct IncompleteOut {
    reason: &'static str,
}

#[derive(Serialize)]
struct Empty {}

/// Usage as a client gets it.
#[derive(Serialize)]
struct UsageOut {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

impl Response {
    /// The failure that it describes.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        let error = self.error.take();
        if self.status.as_deref() == Some("failed") || error.is_some() {
            Some(error::read_failed(error.as_deref()))
        } else {
            None
        }
    }

    /// Its items.
    pub(super) fn take_output(&mut self) -> Vec<Item> {
        self.output.take().unwrap_or_default()
    }

    /// Why it ended; tools apart.
    pub(super) fn finish(&self) -> Finish {
        let reason = self.incomplete_details.as_ref().and_then(|details| details.reason.as_deref());
        match (self.status.as_deref(), reason) {
            (_, Some("content_filter")) => Finish::ContentFilter,
            (Some("incomplete" | "in_progress" | "cancelled"), _) | (_, Some(_)) => Finish::Length,
            _ => Finish::Stop,
        }
    }
}

impl Head {
    /// Of one response.
    pub(super) fn of(to: &Client<'_>) -> Self {
        let (id, model) = (format!("resp_{}", to.id), to.model.to_owned());
        Self { id, created: to.created, model }
    }

    /// The model that serves, as its vendor names it.
    pub(super) fn named(&mut self, model: &str) {
        model.clone_into(&mut self.model);
    }

    /// The response in one of its states.
    pub(super) fn response<'a, I: Serialize>(
        &'a self,
        outcome: Outcome<'a>,
        output: &'a [I],
        usage: Option<&Usage>,
    ) -> ResponseOut<'a, I> {
        ResponseOut {
            id: &self.id,
            object: "response",
            created_at: self.created,
            status: outcome.status(),
            background: false,
            error: match outcome {
                Outcome::Failed(failure) => Some(error::Out::of(failure)),
                _ => None,
            },
            incomplete_details: outcome.incomplete().map(|reason| IncompleteOut { reason }),
            instructions: None,
            max_output_tokens: None,
            model: &self.model,
            output,
            parallel_tool_calls: true,
            previous_response_id: None,
            store: false,
            temperature: None,
            tool_choice: "auto",
            tools: [],
            top_p: None,
            truncation: "disabled",
            usage: usage.map(UsageOut::of),
            metadata: Empty {},
        }
    }
}

impl Outcome<'_> {
    /// Its name, also that of the event that ends a stream.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Begun => "in_progress",
            Self::Failed(_) => "failed",
            Self::Ended(_) if self.incomplete().is_some() => "incomplete",
            Self::Ended(_) => "completed",
        }
    }

    /// A broken or interrupted answer must not look like a complete one.
    fn incomplete(self) -> Option<&'static str> {
        let Self::Ended(finish) = self else { return None };
        match finish {
            Finish::Stop | Finish::StopSequence | Finish::ToolCalls => None,
            Finish::ContentFilter => Some("content_filter"),
            Finish::Length | Finish::ContextWindow | Finish::Pause | Finish::Malformed => {
                Some("max_output_tokens")
            }
        }
    }
}

impl UsageOut {
    fn of(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.input,
            input_tokens_details: InputDetails {
                cached_tokens: Some(usage.cache_read),
                cache_write_tokens: Some(usage.cache_write).filter(|count| *count > 0),
            },
            output_tokens: usage.output,
            output_tokens_details: OutputDetails { reasoning_tokens: Some(usage.reasoning) },
            total_tokens: usage.total(),
        }
    }
}
