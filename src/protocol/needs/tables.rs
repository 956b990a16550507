//! Words of bodies and what they need: keys, types and media types, of all protocols and of what engines add.
//!
//! It reads nothing.

use crate::words::Capability::{self, Audio, Documents, JsonSchema, Tools, Vision};

/// A word and what it needs.
pub(super) type Table = &'static [(&'static str, Capability)];

/// Keys under which something stands that is needed.
pub(super) const KEYS: Table = &[
    ("image_url", Vision),
    ("input_image", Vision),
    ("image", Vision),
    ("images", Vision),
    ("video", Vision),
    ("videos", Vision),
    ("video_url", Vision),
    ("input_audio", Audio),
    ("audio_url", Audio),
    ("audio", Audio),
    ("audios", Audio),
    ("speechConfig", Audio),
    ("speech_config", Audio),
    ("tools", Tools),
    ("functions", Tools),
    ("tool_calls", Tools),
    ("toolConfig", Tools),
    ("tool_config", Tools),
    ("toolUse", Tools),
    ("toolResult", Tools),
    ("functionCall", Tools),
    ("functionResponse", Tools),
    ("function_call", Tools),
    ("mcp_servers", Tools),
    ("plugins", Tools),
    ("skills", Tools),
    ("web_search_options", Tools),
];
/// Those that an empty object under them asks for.
pub(super) const EMPTY: [&str; 1] = ["web_search_options"];
/// The same that readers tell apart from text.
pub(super) const READ_KEYS: Table =
    &[("input_file", Documents), ("file", Documents), ("document", Documents)];
/// Types of parts and items.
pub(super) const TYPES: Table = &[
    ("video_url", Vision),
    ("input_video", Vision),
    ("input_image", Vision),
    ("image", Vision),
    ("image_url", Vision),
    ("image_embeds", Vision),
    ("computer_screenshot", Vision),
    ("image_generation_call", Vision),
    ("audio_url", Audio),
    ("input_audio", Audio),
    ("document_url", Documents),
    ("file_url", Documents),
    ("container_upload", Documents),
    ("server_tool_use", Tools),
    ("web_search_call", Tools),
    ("mcp_call", Tools),
    ("local_shell_call_output", Tools),
    ("function_call", Tools),
    ("function_call_output", Tools),
    ("tool_use", Tools),
    ("tool_result", Tools),
    ("json_schema", JsonSchema),
];
/// The same that readers tell apart from text.
pub(super) const READ_TYPES: Table =
    &[("input_file", Documents), ("file", Documents), ("document", Documents), ("audio", Audio)];
/// How media types begin.
pub(super) const MEDIA: Table = &[
    ("image/", Vision),
    ("video/", Vision),
    ("audio/", Audio),
    ("application/pdf", Documents),
    ("application/msword", Documents),
    ("application/vnd.", Documents),
];
pub(super) const MEDIA_TYPES: [&str; 5] =
    ["mimeType", "mime_type", "media_type", "mediaType", "content_type"];
pub(super) const MODALITIES: [&str; 4] =
    ["modalities", "responseModalities", "response_modalities", "output_modalities"];
/// Schemas that an answer has to keep to.
pub(super) const SCHEMAS: [&str; 6] = [
    "json_schema",
    "responseSchema",
    "response_schema",
    "responseJsonSchema",
    "response_json_schema",
    "guided_json",
];
pub(super) const SCHEMA_KEYS: Table = &[
    (SCHEMAS[0], JsonSchema),
    (SCHEMAS[1], JsonSchema),
    (SCHEMAS[2], JsonSchema),
    (SCHEMAS[3], JsonSchema),
    (SCHEMAS[4], JsonSchema),
    (SCHEMAS[5], JsonSchema),
];
/// Keys of what a client says for itself: schemas of tools, what they were called with, notes.
pub(super) const GIVEN: [&str; 10] = [
    "parametersJsonSchema",
    "parameters_json_schema",
    "parameter_definitions",
    "input_schema",
    "inputSchema",
    "schema",
    "properties",
    "arguments",
    "args",
    "metadata",
];
/// Where tools and their calls stand.
pub(super) const OF_TOOLS: [&str; 6] = [
    "tools",
    "function",
    "functions",
    "functionDeclarations",
    "function_declarations",
    "tool_calls",
];
/// What stands under a key that asks for nothing.
pub(super) const NOTHING: [&str; 4] = ["null", "false", "[]", "{}"];
