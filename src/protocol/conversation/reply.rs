//! A whole answer: its parts, its finish reason, its usage.

use super::media::Media;
use super::part::{Content, Part};
use super::tool::ToolCall;
use crate::failure::Failure;
use crate::protocol::bounds;

/// A whole answer with one choice; only OpenAI and Gemini can return more.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The vendor's id of it, for logs.
    pub id: Option<String>,
    /// The vendor's name of the model.
    pub model: Option<String>,
    /// What the model says.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub finish: Finish,
    /// The stop sequence that ended it, if the vendor reports it.
    pub stop_sequence: Option<String>,
    /// What it used.
    pub usage: Usage,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Finish {
    /// The answer is complete; also used for unknown reasons.
    #[default]
    Stop,
    /// A stop sequence.
    StopSequence,
    /// The limit of tokens.
    Length,
    /// The context window was full.
    ContextWindow,
    /// The model waits for tools.
    ToolCalls,
    /// A filter, or the model's own refusal.
    ContentFilter,
    /// The vendor paused a long turn, which may be continued.
    Pause,
    /// The model's output was invalid, such as a broken tool call.
    Malformed,
}

/// Tokens used. `input` and `output` are whole sums; the others are parts of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Everything read, cached or not.
    pub input: u64,
    /// Everything written, reasoning included.
    pub output: u64,
    /// Input tokens read from a cache.
    pub cache_read: u64,
    /// Input tokens written to a cache.
    pub cache_write: u64,
    /// Reasoning tokens of the output, if reported.
    pub reasoning: u64,
}

impl Reply {
    /// The answer's text: its text parts, joined.
    pub fn text(&self) -> String {
        self.parts.iter().filter_map(Part::as_text).collect()
    }

    /// The media that the model made.
    pub(crate) fn media(&self) -> impl Iterator<Item = &Media> {
        self.parts.iter().filter_map(|part| match &part.content {
            Content::Media(medium) => Some(medium),
            _ => None,
        })
    }

    /// The same answer where a call of this tool may stand for it: then the arguments of the first
    /// call are the text, other text is reasoning, and no tool is waiting.
    #[must_use]
    pub(crate) fn answered_through(self, tool: Option<&str>) -> Self {
        let is_answer = |call: &ToolCall| Some(call.name.as_str()) == tool;
        let is_given =
            |part: &Part| matches!(&part.content, Content::ToolCall(call) if is_answer(call));
        if !self.parts.iter().any(is_given) {
            return self;
        }
        let mut answered = false;
        let read = |part: Part| {
            let content = match part.content {
                Content::ToolCall(call) if is_answer(&call) => {
                    let is_first = !std::mem::replace(&mut answered, true);
                    let kind = if is_first { Content::Text } else { Content::Reasoning };
                    kind(call.arguments)
                }
                Content::Text(text) => Content::Reasoning(text),
                other => other,
            };
            Part { content, ..part }
        };
        let parts = self.parts.into_iter().filter(|part| !part.is_blank()).map(read).collect();
        let finish = if self.finish == Finish::ToolCalls { Finish::Stop } else { self.finish };
        Self { parts, finish, ..self }
    }

    /// The same answer.
    ///
    /// # Errors
    /// It calls a tool without a name, or has more parts or calls than any model's.
    pub(crate) fn checked(self) -> Result<Self, Failure> {
        if self.parts.len() > bounds::PARTS {
            return Err(Failure::malformed(bounds::TOO_MANY_PARTS));
        }
        let is_call = |part: &&Part| matches!(part.content, Content::ToolCall(_));
        if self.parts.iter().filter(is_call).count() > bounds::CALLS {
            return Err(Failure::malformed(bounds::TOO_MANY_CALLS));
        }
        let is_nameless =
            |part: &Part| matches!(&part.content, Content::ToolCall(call) if call.name.is_empty());
        if self.parts.iter().any(is_nameless) { Err(Failure::nameless_call()) } else { Ok(self) }
    }

    /// Whether the model refuses in words.
    pub(crate) fn refuses(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.content, Content::Refusal(_)))
    }

    /// Whether the model calls a tool.
    pub fn calls_tools(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)))
    }
}

impl Usage {
    /// For input reported without cached tokens.
    #[must_use]
    pub(crate) fn with_cache_beside(self) -> Self {
        let cached = self.cache_read.saturating_add(self.cache_write);
        Self { input: self.input.saturating_add(cached), ..self }
    }

    /// Adds reasoning reported beside the output, unless the total shows that the output includes
    /// it.
    #[must_use]
    pub(crate) fn with_thoughts(self, reasoning: u64, total: Option<u64>) -> Self {
        let is_held = self.output >= reasoning && total == Some(self.total());
        let output = if is_held { self.output } else { self.output.saturating_add(reasoning) };
        Self { output, reasoning, ..self }
    }

    /// Each count under the name that metrics and files have for it.
    pub(crate) fn by_kind(self) -> [(&'static str, u64); 5] {
        [
            ("input", self.input),
            ("output", self.output),
            ("cache_read", self.cache_read),
            ("cache_write", self.cache_write),
            ("reasoning", self.reasoning),
        ]
    }

    /// The larger of each pair of growing counts.
    #[must_use]
    pub(crate) fn or_more(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write: self.cache_write.max(other.cache_write),
            reasoning: self.reasoning.max(other.reasoning),
        }
    }

    /// Both.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }

    /// `None` if all counts are zero.
    pub(crate) fn if_any(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }

    /// The input that went through no cache.
    pub(crate) fn uncached(&self) -> u64 {
        self.input.saturating_sub(self.cache_read).saturating_sub(self.cache_write)
    }

    /// Input and output.
    pub(crate) fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

impl Finish {
    /// What reports call it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::StopSequence => "stop_sequence",
            Self::Length => "length",
            Self::ContextWindow => "context_window",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Pause => "pause",
            Self::Malformed => "malformed",
        }
    }

    /// Whether the answer is complete.
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Self::Stop | Self::StopSequence | Self::ToolCalls)
    }

    /// `ContentFilter` instead of `Stop` if the model refused, for protocols where a refusal is a
    /// finish reason.
    #[must_use]
    pub(crate) fn with_refusal(self, refused: bool) -> Self {
        if refused && self == Self::Stop { Self::ContentFilter } else { self }
    }

    /// `ToolCalls` instead of `Stop` if tools were called, since some vendors report only `Stop`.
    #[must_use]
    pub fn with_calls(self, called: bool) -> Self {
        if called && self == Self::Stop { Self::ToolCalls } else { self }
    }
}
