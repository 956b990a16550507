//! The `capabilities` of a provider.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::words::Capability;

/// What a provider's model supports (`true`) and what not (`false`). An absent capability is
/// unknown and excludes no request.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Capabilities {
    /// Images and video in requests.
    pub(crate) vision: Option<bool>,
    /// Audio in requests and answers.
    pub(crate) audio: Option<bool>,
    /// PDF and other files in requests.
    pub(crate) documents: Option<bool>,
    /// Tools, tool calls and tool results.
    pub(crate) tools: Option<bool>,
    /// Answers that follow a JSON Schema.
    pub(crate) json_schema: Option<bool>,
    /// Reasoning that the request asks for.
    pub(crate) reasoning: Option<bool>,
    /// Embeddings.
    pub(crate) embeddings: Option<bool>,
}

impl Capabilities {
    /// The capabilities that are `false`.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = Capability> + use<> {
        let said = [
            (Capability::Vision, self.vision),
            (Capability::Audio, self.audio),
            (Capability::Documents, self.documents),
            (Capability::Tools, self.tools),
            (Capability::JsonSchema, self.json_schema),
            (Capability::Reasoning, self.reasoning),
            (Capability::Embeddings, self.embeddings),
        ];
        said.into_iter().filter(|(_, has)| *has == Some(false)).map(|(one, _)| one)
    }
}
