//! A whole `generateContent` answer, the token count and the list of models. Only one candidate is
//! returned.

use super::finish::{read_finish, write_finish};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::protocol::bounds::{CHOICES, Few};
use crate::protocol::codec::{Client, Model, Reading, json};
use crate::protocol::conversation::{Failure, Finish, Reply, Usage};
use crate::protocol::gemini::profile::USAGE;
use crate::protocol::told::At;
use crate::protocol::usage::Written;

use super::error;
use super::part::{PartIn, PartOut};
use super::signature;

/// Reads an answer; the body of a 200 may also be an error. A prompt that was blocked has no
/// candidate.
pub(super) fn read(body: &[u8], reading: &Reading) -> Result<Reply, Failure> {
    let answer: Chunk = serde_json::from_slice(body)
        .map_err(|_| Failure::malformed("the provider's answer is no generated content"))?;
    if answer.error.is_some()
        && let Some(failure) = error::read_inside(At::Success, body)
    {
        return Err(failure);
    }
    let mut reply = Reply {
        id: answer.response_id,
        model: answer.model_version,
        usage: answer.usage_metadata.map(|usage| usage.by(&USAGE)).unwrap_or_default(),
        ..Reply::default()
    };
    let candidate = answer.candidates.into_iter().flatten().find(|found| found.index == 0);
    let Some(candidate) = candidate else {
        if answer.prompt_feedback.is_some_and(|feedback| feedback.is_block()) {
            return Ok(Reply { finish: Finish::ContentFilter, ..reply });
        }
        return Err(Failure::malformed("the provider's answer holds no candidate"));
    };
    let mut calls = 0;
    for part in candidate.content.and_then(|content| content.parts).into_iter().flatten() {
        part.add_to(&mut reply, &mut calls, reading);
    }
    // A signature may come on an empty text of its own.
    reply.parts.retain(|part| part.as_text() != Some(""));
    let finish = candidate.finish_reason.as_deref().map(read_finish).unwrap_or_default();
    reply.finish = finish.with_calls(reply.calls_tools());
    reply.checked()
}

/// Writes an answer.
pub(super) fn write(reply: &Reply, to: &Client<'_>) -> Vec<u8> {
    let mut parts: Vec<PartOut<'_>> = reply.parts.iter().filter_map(PartOut::of).collect();
    if let Some(first) = parts.iter_mut().find(|part| part.function_call.is_some()) {
        first.thought_signature.get_or_insert_with(signature::of_unsigned_call);
    }
    json(&Answer {
        candidates: [CandidateOut {
            content: ContentOut { parts, role: "model" },
            finish_reason: write_finish(reply.finish),
            index: 0,
        }],
        usage_metadata: UsageOut::of(&reply.usage),
        model_version: to.model,
        response_id: to.id,
    })
}

/// Writes the list of models, on one page.
pub(super) fn write_models(models: &[Model<'_>]) -> Vec<u8> {
    json(&Models { models: models.iter().map(ModelOut::of).collect() })
}

/// Writes one model.
pub(super) fn write_model(model: &Model<'_>) -> Vec<u8> {
    json(&ModelOut::of(model))
}

/// A whole answer, or one chunk of a stream: they have one form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chunk {
    pub(super) candidates: Option<Few<Candidate, CHOICES>>,
    pub(super) prompt_feedback: Option<PromptFeedback>,
    pub(super) usage_metadata: Option<Written>,
    pub(super) model_version: Option<String>,
    pub(super) response_id: Option<String>,
    pub(super) error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    #[serde(default)]
    pub(super) index: u32,
    pub(super) content: Option<ContentIn>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ContentIn {
    pub(super) parts: Option<Vec<PartIn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptFeedback {
    block_reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    candidates: [CandidateOut<'a>; 1],
    usage_metadata: UsageOut,
    model_version: &'a str,
    response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CandidateOut<'a> {
    content: ContentOut<'a>,
    finish_reason: &'static str,
    index: u32,
}

#[derive(Serialize)]
struct ContentOut<'a> {
    parts: Vec<PartOut<'a>>,
    role: &'static str,
}

/// Usage as a client gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageOut {
    prompt_token_count: u64,
    candidates_token_count: u64,
    total_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cached_content_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    thoughts_token_count: u64,
}

#[derive(Serialize)]
struct Models {
    models: Vec<ModelOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelOut {
    name: String,
    display_name: String,
    supported_generation_methods: &'static [&'static str],
}

impl ModelOut {
    fn of(model: &Model<'_>) -> Self {
        Self {
            name: format!("models/{}", model.id),
            display_name: model.id.to_owned(),
            supported_generation_methods: METHODS,
        }
    }
}

impl PromptFeedback {
    /// Whether it reports a blocked prompt.
    pub(super) fn is_block(&self) -> bool {
        self.block_reason.is_some()
    }
}

impl UsageOut {
    /// From the neutral form.
    pub(super) fn of(usage: &Usage) -> Self {
        Self {
            prompt_token_count: usage.input,
            candidates_token_count: usage.output.saturating_sub(usage.reasoning),
            total_token_count: usage.total(),
            cached_content_token_count: usage.cache_read,
            thoughts_token_count: usage.reasoning,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "Serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

const METHODS: &[&str] = &["generateContent", "streamGenerateContent", "countTokens"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_counted_once() {
        for (usage, output) in [
            (
                r#"{"promptTokenCount":5,"candidatesTokenCount":7,"thoughtsTokenCount":3,"totalTokenCount":15}"#,
                10,
            ),
            (
                r#"{"promptTokenCount":5,"candidatesTokenCount":7,"thoughtsTokenCount":3,"totalTokenCount":12}"#,
                7,
            ),
            (r#"{"promptTokenCount":5,"candidatesTokenCount":7,"thoughtsTokenCount":3}"#, 10),
            (r#"{"promptTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":8}"#, 3),
            (r#"{"promptTokenCount":5,"totalTokenCount":5}"#, 0),
        ] {
            let read = serde_json::from_str::<Written>(usage).unwrap().by(&USAGE);
            assert_eq!((read.input, read.output), (5, output), "{usage}");
        }
    }

    #[test]
    fn finish_reason_of_gemini_reads_back() {
        for finish in [Finish::Stop, Finish::Length, Finish::ContentFilter, Finish::Malformed] {
            assert_eq!(read_finish(write_finish(finish)), finish);
        }
        for (reason, finish) in [
            ("RECITATION", Finish::ContentFilter),
            ("IMAGE_SAFETY", Finish::ContentFilter),
            ("UNEXPECTED_TOOL_CALL", Finish::Malformed),
            ("SOMETHING_NEW", Finish::Stop),
        ] {
            assert_eq!(read_finish(reason), finish);
        }
    }
}
