//! The request fields of Gemini, in both spellings. (ai.google.dev, API reference; 2026-11)
//!
//! It is data.

use crate::protocol::strict::want::{
    NUMBER, POSITIVE, SHARE, WHOLE,
    Want::{self, Any, Either, Flag, List, Map, Number, Object, Some, Text, Whole},
    Wanted, can, need,
};

pub(super) static REQUEST: Want = Object(&[
    can("model", Text),
    need("contents", Either(&[Some(&CONTENT), Want::Within(&CONTENT)])),
    can("systemInstruction", Either(&[Text, Want::Within(&CONTENT)])),
    can("system_instruction", Either(&[Text, Want::Within(&CONTENT)])),
    can("tools", Any),
    can("toolConfig", Map(&Any)),
    can("tool_config", Map(&Any)),
    can("safetySettings", List(&SETTING)),
    can("safety_settings", List(&SETTING)),
    can("generationConfig", Want::Within(&CONFIG)),
    can("generation_config", Want::Within(&CONFIG)),
    can("cachedContent", Text),
    can("cached_content", Text),
    can("labels", Map(&Text)),
    can("store", Flag),
    can("serviceTier", Text),
    can("service_tier", Text),
]);

pub(super) static COUNTED: Want = Object(&[
    can("model", Text),
    can("contents", Either(&[Some(&CONTENT), Want::Within(&CONTENT)])),
    can("generateContentRequest", Map(&Any)),
    can("generate_content_request", Map(&Any)),
    can("systemInstruction", Any),
    can("system_instruction", Any),
    can("tools", Any),
    can("generationConfig", Any),
    can("generation_config", Any),
    can("instances", Any),
]);

pub(super) static EMBEDDED: Want = Object(EMBED);
pub(super) static BATCH: Want = Object(&[can("model", Text), need("requests", Some(&ONE))]);
static ONE: Want = Object(EMBED);
const EMBED: &[Wanted] = &[
    can("model", Text),
    need("content", Want::Within(&ONE_CONTENT)),
    can("taskType", Text),
    can("task_type", Text),
    can("title", Text),
    can("outputDimensionality", POSITIVE),
    can("output_dimensionality", POSITIVE),
    can("embedContentConfig", Any),
];

static ONE_CONTENT: Want = Either(&[Text, Want::Within(&CONTENT)]);
static CONTENT: Want = Object(&[can("role", Text), can("parts", Want::Within(&PARTS))]);
static PARTS: Want = Either(&[List(&PART), Want::Within(&PART)]);
static PART: Want = Either(&[Text, FIELDS]);
const FIELDS: Want = Object(&[
    can("text", Text),
    can("thought", Flag),
    can("thoughtSignature", Text),
    can("thought_signature", Text),
    can("inlineData", Map(&Any)),
    can("inline_data", Map(&Any)),
    can("fileData", Map(&Any)),
    can("file_data", Map(&Any)),
    can("functionCall", Map(&Any)),
    can("function_call", Map(&Any)),
    can("functionResponse", Map(&Any)),
    can("function_response", Map(&Any)),
    can("executableCode", Map(&Any)),
    can("executable_code", Map(&Any)),
    can("codeExecutionResult", Map(&Any)),
    can("code_execution_result", Map(&Any)),
    can("videoMetadata", Map(&Any)),
    can("video_metadata", Map(&Any)),
    can("mediaResolution", Any),
    can("media_resolution", Any),
    can("partMetadata", Any),
    can("toolCall", Any),
    can("toolResponse", Any),
    can("audioMetadata", Any),
    can("audio_metadata", Any),
    can("audioTranscription", Any),
    can("audio_transcription", Any),
    can("documentMetadata", Any),
    can("document_metadata", Any),
    can("mediaProcessing", Any),
    can("media_processing", Any),
    can("speechMetadata", Any),
    can("speech_metadata", Any),
    can("spreadsheetMetadata", Any),
    can("spreadsheet_metadata", Any),
]);

static SETTING: Want =
    Object(&[can("category", Text), can("threshold", Text), can("method", Text)]);
static CONFIG: Want = Object(&[
    can("stopSequences", List(&Text)),
    can("stop_sequences", List(&Text)),
    can("responseMimeType", Text),
    can("response_mime_type", Text),
    can("responseSchema", Map(&Any)),
    can("response_schema", Map(&Any)),
    can("responseJsonSchema", Any),
    can("_responseJsonSchema", Any),
    can("response_json_schema", Any),
    can("responseModalities", List(&Text)),
    can("response_modalities", List(&Text)),
    can("candidateCount", Whole(1, 8)),
    can("candidate_count", Whole(1, 8)),
    can("maxOutputTokens", POSITIVE),
    can("max_output_tokens", POSITIVE),
    can("temperature", Number(0.0, 2.0)),
    can("topP", SHARE),
    can("top_p", SHARE),
    can("topK", NUMBER),
    can("top_k", NUMBER),
    can("seed", WHOLE),
    can("presencePenalty", NUMBER),
    can("presence_penalty", NUMBER),
    can("frequencyPenalty", NUMBER),
    can("frequency_penalty", NUMBER),
    can("responseLogprobs", Flag),
    can("response_logprobs", Flag),
    can("logprobs", Whole(0, 20)),
    can("enableEnhancedCivicAnswers", Flag),
    can("speechConfig", Any),
    can("speech_config", Any),
    can("thinkingConfig", Want::Within(&THINKING)),
    can("thinking_config", Want::Within(&THINKING)),
    can("imageConfig", Any),
    can("image_config", Any),
    can("mediaResolution", Any),
    can("media_resolution", Any),
    can("audioTimestamp", Flag),
    can("routingConfig", Any),
    can("audioTranscriptionConfig", Any),
    can("audio_transcription_config", Any),
    can("enableAffectiveDialog", Flag),
    can("enable_affective_dialog", Flag),
    can("modelSelectionConfig", Any),
    can("model_selection_config", Any),
    can("responseFormat", Any),
    can("response_format", Any),
    can("translationConfig", Any),
    can("translation_config", Any),
]);
static THINKING: Want = Object(&[
    can("includeThoughts", Flag),
    can("include_thoughts", Flag),
    can("thinkingBudget", WHOLE),
    can("thinking_budget", WHOLE),
    can("thinkingLevel", Text),
    can("thinking_level", Text),
]);
