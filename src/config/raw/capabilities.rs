//! What a provider's model can do and what it cannot, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::words::Capability;

/// What a provider's model can do (`true`) and what it cannot (`false`). What is not said is not known, and excludes it
/// from nothing.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(crate) struct Capabilities {
    /// Images and video in requests.
    pub(crate) vision: Option<bool>,
    /// Sound in requests, and answers of sound.
    pub(crate) audio: Option<bool>,
    /// PDF and other files in requests.
    pub(crate) documents: Option<bool>,
    /// Tools on offer, their calls and their results.
    pub(crate) tools: Option<bool>,
    /// Answers that keep to a JSON Schema.
    pub(crate) json_schema: Option<bool>,
    /// Reasoning that the request asks for.
    pub(crate) reasoning: Option<bool>,
    /// Vectors.
    pub(crate) embeddings: Option<bool>,
}

impl Capabilities {
    /// Each of which it is said that it is lacking.
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
