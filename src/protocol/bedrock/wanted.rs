//! The fields that requests of Bedrock Converse have. (docs.aws.amazon.com, Bedrock Runtime; 2026-11)
//!
//! It is data.

use crate::protocol::strict::want::{
    POSITIVE, SHARE,
    Want::{self, Any, Choice, List, Map, Object, Text},
    can, need,
};

pub(super) static REQUEST: Want = Object(&[
    // With a managed prompt there may be no messages.
    can("messages", List(&MESSAGE)),
    can("system", List(&BLOCK)),
    can("inferenceConfig", INFERENCE),
    can("toolConfig", Want::Within(&TOOLS)),
    can("guardrailConfig", Map(&Any)),
    can("additionalModelRequestFields", Any),
    can("additionalModelResponseFieldPaths", List(&Text)),
    can("projectIdentifier", Text),
    can("promptVariables", Map(&Any)),
    can("requestMetadata", Map(&Text)),
    can("performanceConfig", Map(&Any)),
    can("serviceTier", Map(&Any)),
    can("outputConfig", Map(&Any)),
]);

pub(super) static COUNTED: Want = Object(&[need("input", Map(&Any))]);
/// What an embedding's request holds depends on the model.
pub(super) static EMBEDDED: Want = Map(&Any);

static MESSAGE: Want = Object(&[
    need("role", Choice(&["user", "assistant", "system"])),
    need("content", List(&BLOCK)),
]);
static BLOCK: Want = Object(&[
    can("text", Text),
    can("image", Map(&Any)),
    can("document", Map(&Any)),
    can("video", Map(&Any)),
    can("audio", Map(&Any)),
    can(
        "toolUse",
        Object(&[
            need("toolUseId", Text),
            need("name", Text),
            can("input", Any),
            can("type", Text),
        ]),
    ),
    can(
        "toolResult",
        Object(&[
            need("toolUseId", Text),
            need("content", List(&Any)),
            can("status", Text),
            can("type", Text),
        ]),
    ),
    can("guardContent", Map(&Any)),
    can("cachePoint", Map(&Any)),
    can("reasoningContent", Map(&Any)),
    can("citationsContent", Map(&Any)),
    can("searchResult", Map(&Any)),
    can("toolAddition", Map(&Any)),
    can("toolRemoval", Map(&Any)),
]);
const INFERENCE: Want = Object(&[
    can("maxTokens", POSITIVE),
    can("temperature", SHARE),
    can("topP", SHARE),
    can("stopSequences", List(&Text)),
]);
static TOOLS: Want = Object(&[need("tools", List(&TOOL)), can("toolChoice", Map(&Any))]);
static TOOL: Want =
    Object(&[can("toolSpec", SPEC), can("cachePoint", Map(&Any)), can("systemTool", Map(&Any))]);
const SPEC: Want = Object(&[
    need("name", Text),
    can("description", Text),
    need("inputSchema", Map(&Any)),
    can("strict", Any),
]);
