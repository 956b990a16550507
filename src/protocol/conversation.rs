//! The neutral form of requests, answers, streams and errors, independent of any protocol's
//! spelling.

pub(crate) mod part;
mod marks;
pub(crate) mod media;
mod turn;
pub(crate) mod tool;
pub(crate) mod thinking;
pub(crate) mod turns;
mod ids;
mod allowed;
pub(crate) mod late;
pub(crate) mod proofs;
pub(crate) mod names;
pub(crate) mod search;
pub(crate) mod losses;
pub(crate) mod reply;
pub(crate) mod event;
pub(crate) mod extra;
use std::collections::HashMap;

pub(crate) use serde_json::value::RawValue;

use super::bounds;
use super::misfit::ReadError;

pub use crate::{
    failure::{Failure, Kind},
    models::Effort,
};
pub use event::Event;
pub use extra::Extra;
pub(crate) use extra::Extras;
pub use late::Late;
pub(crate) use losses::Losses;
pub use losses::Lossy;
pub use marks::{CacheMark, Signature};
pub use media::{Media, MediaKind, Source};
pub(crate) use names::ToolNames;
pub use part::{Content, Part, ToolResult};
pub use reply::{Finish, Reply, Usage};
pub use search::WebSearch;
pub use thinking::Thinking;
pub(crate) use tool::Arguments;
pub use tool::{Tool, ToolCall, ToolChoice};
pub use turn::{Role, Turn};
pub use turns::Merged;

/// A request: everything that a client asks of a model.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// The model as the client names it.
    pub model: String,
    /// Instructions before the first turn; each part is a `Content::Text`.
    pub system: Vec<Part>,
    /// The turns in order, as the client sent them. [`Conversation::alternating_with`] returns them
    /// in the form that stricter vendors need.
    pub turns: Vec<Turn>,
    /// The tools on offer.
    pub tools: Vec<Tool>,
    /// The vendor's own search of the web, if it may use it.
    pub search: Option<WebSearch>,
    /// Which of them must be called; the vendor's default when absent.
    pub tool_choice: Option<ToolChoice>,
    /// Whether one turn may call several tools; the vendor's default when absent.
    pub parallel_tool_calls: Option<bool>,
    /// How the next token is drawn.
    pub sampling: Sampling,
    /// The longest answer, in tokens, reasoning included.
    pub max_tokens: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The form of the answer; free text when absent.
    pub format: Option<OutputFormat>,
    /// How much the model reasons; the vendor's default if absent.
    pub thinking: Option<Thinking>,
    /// The client's name for its own user.
    pub user: Option<String>,
    /// A prompt cache is wanted wherever it helps: how long it should live.
    pub cache: Option<CacheMark>,
    /// How the answer is wanted.
    pub delivery: Delivery,
    /// Whether a streaming client asked for usage (or its protocol always sends it).
    pub include_usage: bool,
    /// Fields of the client's protocol that have no place here, with their values: each name once.
    pub extras: Vec<Extra>,
    /// The index of each name in them. An extra beyond the limit is here and not among them.
    pub extra_places: HashMap<String, usize>,
}

/// How the next token is drawn. What is absent is the vendor's default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2 for most vendors, 0 to 1 for some.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Only among so many.
    pub top_k: Option<u64>,
    /// For repeatable draws.
    pub seed: Option<i64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
}

/// The form of an answer.
#[derive(Debug, Clone)]
pub enum OutputFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema's name; absent if the client's protocol has none.
        name: Option<String>,
        /// What the schema is for.
        description: Option<String>,
        /// The JSON Schema, as the client wrote it.
        schema: Box<RawValue>,
        /// Whether the model must keep to it exactly.
        strict: Option<bool>,
    },
}

/// How an answer is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Delivery {
    /// At once.
    #[default]
    Whole,
    /// As events.
    Events,
    /// As the elements of one JSON array (Gemini without `alt=sse`).
    Array,
}

impl Conversation {
    /// Whether the answer is wanted in pieces.
    pub fn is_stream(&self) -> bool {
        self.delivery != Delivery::Whole
    }

    /// Keeps a field without a neutral form, unless it is empty.
    pub(crate) fn keep_extra(&mut self, name: impl Into<String>, value: &RawValue) {
        let name = name.into();
        let says_nothing = match value.get() {
            "null" | "false" | "[]" | "\"\"" => true,
            "{}" => !SWITCHES.contains(&name.as_str()),
            value => is_usual(&name, value),
        };
        if says_nothing {
            return;
        }
        if let Some(extra) = self.extra_places.get(&name).and_then(|at| self.extras.get_mut(*at)) {
            // The last one counts, as everywhere.
            extra.value = value.to_owned();
        } else if self.extra_places.len() <= bounds::DROPPED {
            self.extra_places.insert(name.clone(), self.extras.len());
            self.extras.push(Extra { name, value: value.to_owned() });
        }
    }

    /// The same, if there is not more of anything than vendors take.
    ///
    /// # Errors
    /// What there is too much of, and the most.
    pub fn bounded(self) -> Result<Self, ReadError> {
        let results = |part: &Part| match &part.content {
            Content::ToolResult(result) => 1 + result.content.len(),
            _ => 1,
        };
        let turns = self.turns.iter().flat_map(|turn| &turn.parts);
        let parts: usize = self.system.iter().chain(turns).map(results).sum();
        for (field, number, most) in [
            ("messages", parts.max(self.turns.len()), bounds::PARTS),
            ("tools", self.tools.len(), bounds::TOOLS),
            ("stop", self.stop.len(), bounds::STOPS),
            ("the list of fields that cannot be translated", self.extras.len(), bounds::DROPPED),
        ] {
            if number > most {
                return Err(bounds::too_many(field, most));
            }
        }
        let answers = |extra: &&Extra| NUMBERS_OF_ANSWERS.contains(&extra.name.as_str());
        for extra in self.extras.iter().filter(answers) {
            if extra.value.get().parse::<f64>().is_ok_and(|n| n > bounds::CHOICES as f64) {
                let most = bounds::CHOICES;
                return Err(ReadError::new(&extra.name, format!("must not be more than {most}")));
            }
        }
        Ok(self)
    }

    /// An effort takes precedence over a budget, but does not turn disabled thinking on.
    pub(crate) fn ask_effort(&mut self, effort: Option<String>) {
        if let Some(effort) = effort.filter(|_| self.thinking != Some(Thinking::Off)) {
            self.thinking = Some(Thinking::in_words(&effort));
        }
    }

    /// For a form of the answer that the neutral form does not have: the field is kept by name, and the form is `None`.
    pub(crate) fn keep_unknown_format(&mut self) -> Option<OutputFormat> {
        self.keep_extra("response_format", RawValue::TRUE);
        None
    }

    /// Each extra field that a writer does not take is lost, unless it is a hint that changes no
    /// answer.
    ///
    /// # Errors
    /// The first field, when losing is refused.
    pub(crate) fn lose_extras(
        &self,
        takes: impl Fn(&str) -> bool,
        losses: &mut Losses,
    ) -> Result<(), super::misfit::Refused> {
        let names = self.extras.iter().map(|extra| extra.name.as_str());
        let mut lost = names.filter(|name| !HINTS.contains(name) && !takes(name));
        lost.try_for_each(|name| losses.lose(name))
    }
}

impl Delivery {
    /// What a body's `stream` field asks for.
    pub(crate) fn from_flag(stream: Option<bool>) -> Self {
        if stream == Some(true) { Self::Events } else { Self::Whole }
    }
}

/// Extra fields that help a vendor's caches or abuse monitoring, or control how reasoning is
/// displayed, and change no answer. Like `Conversation::user`, omitting them is not a loss.
const HINTS: &[&str] = &[
    "cache_control",
    "messages.cache_control",
    "messages.content.cache_control",
    "tools.cache_control",
    "tools.eager_input_streaming",
    "tools.function.cache_control",
    "messages.tool_calls.cache_control",
    "system.cache_control",
    "input.cache_control",
    "input.content.cache_control",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "messages.content.prompt_cache_breakpoint",
    "input.content.prompt_cache_breakpoint",
    "safety_identifier",
    "client_metadata",
    "diagnostics",
    "reasoning.summary",
];

/// Fields that ask for several answers to one question.
const NUMBERS_OF_ANSWERS: &[&str] = &["n", "candidateCount", "generationConfig.candidateCount"];

/// Fields that ask for something by being there: an empty object turns it on.
const SWITCHES: &[&str] = &["web_search_options"];

/// Whether a field has every vendor's default value, in any spacing.
fn is_usual(name: &str, value: &str) -> bool {
    let mut values = USUAL.iter().filter(|(usual, _)| *usual == name).map(|(_, value)| *value);
    values.any(|usual| value.len() >= usual.len() && tool::compact(value) == usual)
}

/// Fields with their default values.
const USUAL: &[(&str, &str)] = &[
    ("n", "1"),
    ("service_tier", "\"auto\""),
    ("service_tier", "\"default\""),
    ("service_tier", "\"standard_only\""),
    ("serviceTier", "\"standard\""),
    ("serviceTier", "{\"type\":\"default\"}"),
    ("performanceConfig", "{\"latency\":\"standard\"}"),
    ("generationConfig.mediaResolution", "\"MEDIA_RESOLUTION_UNSPECIFIED\""),
    ("context_management", "{\"edits\":[]}"),
    ("speed", "\"standard\""),
    ("modalities", "[\"text\"]"),
    ("citation_options", "{\"mode\":\"OFF\"}"),
    ("citation_options", "{\"mode\":\"DISABLED\"}"),
    ("safety_mode", "\"CONTEXTUAL\""),
    ("priority", "0"),
    ("top_logprobs", "0"),
    ("truncation", "\"disabled\""),
    ("verbosity", "\"medium\""),
];
