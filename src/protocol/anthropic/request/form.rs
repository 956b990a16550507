//! The serialized form of a Messages request, with borrowed parts.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::protocol::cache;
use crate::protocol::conversation::{Arguments, CacheMark};
use crate::protocol::fields::Fields;
use crate::protocol::fit::claude::ThinkingOut;
use crate::protocol::quoted;
use crate::protocol::structured::ANSWER_TOOL;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    pub(super) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) system: Vec<Block<'a>>,
    pub(super) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<AnyTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<ThinkingOut>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    pub(super) output_config: OutputConfig<'a>,
    #[serde(flatten)]
    pub(super) fields: Fields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) user_id: &'a str,
}

#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'a>>,
}

/// A block with its cache mark.
#[derive(Serialize)]
pub(super) struct Block<'a> {
    #[serde(flatten)]
    pub(super) content: BlockContent<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<Cache<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum BlockContent<'a> {
    Text {
        #[serde(serialize_with = "quoted::text")]
        text: &'a str,
    },
    Image {
        source: SourceOut<'a>,
    },
    Document {
        source: SourceOut<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Arguments<'a>,
    },
    ToolResult {
        tool_use_id: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum SourceOut<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Text { media_type: &'a str, data: Cow<'a, str> },
    Url { url: &'a str },
}

/// A tool of the client's, or Anthropic's own search.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AnyTool<'a> {
    Own(ToolOut<'a>),
    Search(SearchOut<'a>),
}

#[derive(Serialize)]
pub(super) struct SearchOut<'a> {
    pub(super) r#type: &'static str,
    pub(super) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_uses: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) allowed_domains: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) blocked_domains: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_location: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<Cache<'a>>,
}

#[derive(Serialize)]
pub(super) struct ToolOut<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    pub(super) input_schema: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<Cache<'a>>,
}

#[derive(Serialize)]
pub(super) struct Choice<'a> {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disable_parallel_tool_use: Option<bool>,
}

impl Choice<'_> {
    /// Forces the tool that stands for a structured answer.
    pub(super) fn of_answer() -> Self {
        Self { r#type: "tool", name: Some(ANSWER_TOOL), disable_parallel_tool_use: None }
    }
}

#[derive(Default, Serialize)]
pub(super) struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Format<'a> {
    JsonSchema { schema: Cow<'a, RawValue> },
}

impl<'a> Body<'a> {
    /// Sets this mark where it helps, and leaves no more marks than are taken.
    pub(super) fn fit_marks(&mut self, mark: Option<Cache<'a>>) {
        if mark.is_some() {
            self.tools.iter_mut().last().into_iter().for_each(|tool| *tool.mark() = mark);
            self.system.iter_mut().last().into_iter().for_each(|block| block.cache_control = mark);
            let users = self.messages.iter().map(|message| message.role == "user");
            for turn in cache::last_turns(users) {
                let last = self.messages[turn].content.last_mut();
                last.into_iter().for_each(|block| block.cache_control = mark);
            }
            return;
        }
        let all = self.marks().filter(|mark| mark.is_some()).count();
        let marks = self.marks().filter(|mark| mark.is_some()).enumerate();
        marks.filter(|(at, _)| !cache::stays(*at, all)).for_each(|(_, mark)| *mark = None);
    }

    /// The places of marks, in the order in which a model reads them.
    fn marks(&mut self) -> impl Iterator<Item = &mut Option<Cache<'a>>> {
        let tools = self.tools.iter_mut().map(AnyTool::mark);
        let said = self.messages.iter_mut().flat_map(|message| &mut message.content);
        tools.chain(self.system.iter_mut().chain(said).map(|block| &mut block.cache_control))
    }
}

impl<'a> AnyTool<'a> {
    fn mark(&mut self) -> &mut Option<Cache<'a>> {
        match self {
            Self::Own(tool) => &mut tool.cache_control,
            Self::Search(tool) => &mut tool.cache_control,
        }
    }
}

impl OutputConfig<'_> {
    /// Whether it is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none()
    }
}

/// A cache mark.
#[derive(Clone, Copy)]
pub(super) struct Cache<'a>(pub(super) &'a CacheMark);

impl Serialize for Cache<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            r#type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            ttl: Option<&'a str>,
        }
        Form { r#type: "ephemeral", ttl: self.0.ttl.as_deref() }.serialize(serializer)
    }
}
