//! The serialized form of a Converse request, with borrowed parts.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::MODEL_FIELDS;
use crate::protocol::cache;
use crate::protocol::conversation::{Arguments, CacheMark, Extra, Extras};
use crate::protocol::fields::Fields;
use crate::protocol::fit::claude::ThinkingOut;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) system: Vec<BlockOut<'a>>,
    pub(super) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub(super) inference_config: Fields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "ModelFields::is_empty")]
    pub(super) additional_model_request_fields: ModelFields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_config: Option<Output<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_metadata: Option<Metadata<'a>>,
    #[serde(flatten)]
    pub(super) extras: Extras<'a>,
}

impl<'a> Body<'a> {
    /// Sets this mark where it helps, and leaves no more marks than are taken.
    pub(super) fn fit_marks(&mut self, mark: Option<CachePoint<'a>>, in_tools: bool) {
        if let Some(mark) = mark {
            if let Some(config) = self.tool_config.as_mut().filter(|_| in_tools) {
                config.tools.push(ToolOut::CachePoint(mark));
            }
            if !self.system.is_empty() {
                self.system.push(BlockOut::CachePoint(mark));
            }
            let users = self.messages.iter().map(|message| message.role == "user");
            for turn in cache::last_turns(users) {
                self.messages[turn].content.push(BlockOut::CachePoint(mark));
            }
            return;
        }
        let is_mark = |block: &BlockOut<'_>| matches!(block, BlockOut::CachePoint(_));
        let is_tools = |tool: &ToolOut<'_>| matches!(tool, ToolOut::CachePoint(_));
        let tools = self.tool_config.iter().flat_map(|config| &config.tools);
        let said = self.messages.iter().flat_map(|message| &message.content);
        let all = tools.filter(|tool| is_tools(tool)).count()
            + self.system.iter().chain(said).filter(|block| is_mark(block)).count();
        let mut at = 0;
        let mut stays = |is_mark: bool| {
            at += usize::from(is_mark);
            !is_mark || cache::stays(at - 1, all)
        };
        if let Some(config) = &mut self.tool_config {
            config.tools.retain(|tool| stays(is_tools(tool)));
        }
        self.system.retain(|block| stays(is_mark(block)));
        for message in &mut self.messages {
            message.content.retain(|block| stays(is_mark(block)));
        }
    }
}

/// A request that counts tokens.
#[derive(Serialize)]
pub(super) struct Count<'a> {
    pub(super) input: CountInput<'a>,
}

#[derive(Serialize)]
pub(super) struct CountInput<'a> {
    pub(super) converse: CountConverse<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CountConverse<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) system: Vec<BlockOut<'a>>,
    pub(super) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_config: Option<ToolConfig<'a>>,
}

#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<BlockOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum BlockOut<'a> {
    Text(Cow<'a, str>),
    Image(Medium<'a>),
    Video(Medium<'a>),
    Audio(Medium<'a>),
    Document(NamedMedium<'a>),
    ToolUse(ToolUse<'a>),
    ToolResult(ToolResultOut<'a>),
    ReasoningContent(Reasoning<'a>),
    CachePoint(CachePoint<'a>),
}

#[derive(Serialize)]
pub(crate) struct Medium<'a> {
    pub(super) format: Cow<'a, str>,
    pub(super) source: SourceOut<'a>,
}

#[derive(Serialize)]
pub(super) struct NamedMedium<'a> {
    pub(super) format: Cow<'a, str>,
    pub(super) name: String,
    pub(super) source: SourceOut<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SourceOut<'a> {
    Bytes(Cow<'a, str>),
    S3Location { uri: &'a str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    pub(super) tool_use_id: &'a str,
    pub(super) name: &'a str,
    pub(super) input: Arguments<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResultOut<'a> {
    pub(super) tool_use_id: &'a str,
    pub(super) content: Vec<BlockOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reasoning<'a> {
    ReasoningText { text: &'a str, signature: &'a str },
    RedactedContent(&'a str),
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct CachePoint<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    pub(super) tools: Vec<ToolOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ToolOut<'a> {
    ToolSpec(Spec<'a>),
    CachePoint(CachePoint<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    pub(super) input_schema: InputSchema<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct InputSchema<'a> {
    pub(super) json: Cow<'a, RawValue>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Choice<'a> {
    Auto {},
    Any {},
    Tool { name: &'a str },
}

/// Fields that the model itself knows.
#[derive(Default)]
pub(super) struct ModelFields<'a> {
    pub(super) thinking: Option<ThinkingOut>,
    pub(super) output_config: Option<Effort>,
    pub(super) reasoning_effort: Option<&'static str>,
    pub(super) reasoning_config: Option<NovaReasoning>,
    pub(super) top_k: Option<u64>,
    pub(super) nova_top_k: Option<u64>,
    pub(super) betas: &'a [&'static str],
    pub(super) extras: &'a [Extra],
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Effort {
    pub(super) effort: &'static str,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NovaReasoning {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_reasoning_effort: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output<'a> {
    pub(super) text_format: TextFormat<'a>,
}

#[derive(Serialize)]
pub(super) struct TextFormat<'a> {
    pub(super) r#type: &'static str,
    pub(super) structure: Structure<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Structure<'a> {
    pub(super) json_schema: JsonSchema<'a>,
}

/// The schema is a text that holds JSON.
#[derive(Serialize)]
pub(super) struct JsonSchema<'a> {
    #[serde(serialize_with = "as_text")]
    pub(super) schema: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
}

fn as_text<S: Serializer>(schema: &RawValue, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(schema.get())
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) user: &'a str,
}

impl<'a> CachePoint<'a> {
    /// The cache point for a mark; a TTL that Bedrock does not have becomes its default.
    pub(super) fn of(mark: &'a CacheMark) -> Self {
        let ttl = mark.ttl.as_deref().filter(|ttl| matches!(*ttl, "5m" | "1h"));
        Self { r#type: "default", ttl }
    }
}

impl<'a> ModelFields<'a> {
    /// Whether it is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.thinking.is_none()
            && self.output_config.is_none()
            && self.reasoning_effort.is_none()
            && self.reasoning_config.is_none()
            && self.top_k.is_none()
            && self.nova_top_k.is_none()
            && self.betas.is_empty()
            && self.named().next().is_none()
    }

    /// The client's own fields of this kind.
    fn named(&self) -> impl Iterator<Item = (&'a str, &'a RawValue)> {
        self.extras.iter().filter_map(|extra| {
            extra.name.strip_prefix(MODEL_FIELDS).map(|name| (name, &*extra.value))
        })
    }
}

impl Serialize for ModelFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct NovaInference {
            #[serde(rename = "topK")]
            top_k: u64,
        }
        let mut map = serializer.serialize_map(None)?;
        if let Some(thinking) = &self.thinking {
            map.serialize_entry("thinking", thinking)?;
        }
        if let Some(effort) = &self.output_config {
            map.serialize_entry("output_config", effort)?;
        }
        if let Some(effort) = self.reasoning_effort {
            map.serialize_entry("reasoning_effort", effort)?;
        }
        if let Some(config) = &self.reasoning_config {
            map.serialize_entry("reasoningConfig", config)?;
        }
        if let Some(top_k) = self.top_k {
            map.serialize_entry("top_k", &top_k)?;
        }
        if let Some(top_k) = self.nova_top_k {
            map.serialize_entry("inferenceConfig", &NovaInference { top_k })?;
        }
        if !self.betas.is_empty() {
            map.serialize_entry("anthropic_beta", self.betas)?;
        }
        for (name, value) in self.named() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
