//! The fields that requests of OpenAI Chat Completions, legacy completions and embeddings have.
//! (developers.openai.com, API reference; 2026-11)
//!
//! It is data.

use crate::protocol::strict::want::{
    COUNT, NUMBER, POSITIVE, SHARE, WHOLE,
    Want::{self, Any, Choice, Either, Flag, List, Map, Number, Object, Some, Tagged, Text, Whole},
    Wanted, can, need,
};

pub(super) static CHAT: Want = Object(&[
    can("model", Text),
    need("messages", Some(&MESSAGE)),
    can("audio", Object(&[can("voice", Any), can("format", Text)])),
    can("frequency_penalty", Number(-2.0, 2.0)),
    can("function_call", Either(&[Text, NAMED])),
    can("functions", List(&FUNCTION)),
    can("logit_bias", Map(&BIAS)),
    can("logprobs", Flag),
    can("max_completion_tokens", POSITIVE),
    can("max_tokens", POSITIVE),
    can("metadata", Map(&Any)),
    can("modalities", List(&Text)),
    can("moderation", Map(&Any)),
    can("n", Whole(1, 128)),
    can("parallel_tool_calls", Flag),
    can("prediction", Map(&Any)),
    can("presence_penalty", Number(-2.0, 2.0)),
    can("prompt_cache_key", Text),
    can("prompt_cache_options", Map(&Any)),
    can("prompt_cache_retention", Text),
    can("reasoning_effort", Choice(EFFORTS)),
    can("response_format", FORMAT),
    can("safety_identifier", Text),
    can("seed", WHOLE),
    can("service_tier", Text),
    can("stop", Either(&[Text, TEXTS])),
    can("store", Flag),
    can("stream", Flag),
    can("stream_options", OPTIONS),
    can("temperature", Number(0.0, 2.0)),
    can("tool_choice", Either(&[Text, Map(&Any)])),
    can("tools", List(&TOOL)),
    can("top_logprobs", Whole(0, 20)),
    can("top_p", SHARE),
    can("user", Text),
    can("verbosity", Choice(&["low", "medium", "high"])),
    can("web_search_options", Map(&Any)),
]);

static MESSAGE: Want = Tagged(
    "role",
    &[
        ("user", &[need("content", CONTENT), can("name", Text)]),
        (
            "assistant",
            &[
                can("content", CONTENT),
                can("refusal", Text),
                can("name", Text),
                can("audio", Object(&[need("id", Text)])),
                can("tool_calls", CALLS),
                can("function_call", CALLED),
                can("reasoning_content", Text),
                can("reasoning", Any),
            ],
        ),
        ("tool", &[need("content", CONTENT), need("tool_call_id", Text), can("name", Text)]),
        ("system", &[need("content", CONTENT), can("name", Text)]),
        ("developer", &[need("content", CONTENT), can("name", Text)]),
        ("function", &[can("content", CONTENT), need("name", Text)]),
    ],
);

const CONTENT: Want = Either(&[Text, PARTS]);
const PARTS: Want = List(&PART);
static PART: Want = Tagged(
    "type",
    &[
        ("text", &[need("text", Text), BREAKPOINT]),
        ("image_url", &[need("image_url", Either(&[Text, IMAGE])), BREAKPOINT]),
        (
            "input_audio",
            &[need("input_audio", Object(&[need("data", Text), need("format", Text)])), BREAKPOINT],
        ),
        ("file", &[need("file", FILE), BREAKPOINT]),
        ("refusal", &[need("refusal", Text), BREAKPOINT]),
        // Of other vendors of this protocol.
        ("video_url", &[need("video_url", Either(&[Text, Map(&Any)]))]),
        ("audio_url", &[need("audio_url", Either(&[Text, Map(&Any)]))]),
        ("thinking", &[can("thinking", Any)]),
        ("reference", &[can("reference_ids", Any)]),
        ("document_url", &[can("document_url", Any)]),
    ],
);
/// To where the vendor's cache keeps a prompt.
const BREAKPOINT: Wanted = can("prompt_cache_breakpoint", Map(&Any));
const IMAGE: Want = Object(&[need("url", Text), can("detail", Text)]);
const FILE: Want = Object(&[can("file_data", Text), can("file_id", Text), can("filename", Text)]);

const CALLS: Want = List(&CALL);
static CALL: Want = Object(&[
    can("id", Text),
    can("type", Choice(&["function", "custom"])),
    can("function", CALLED),
    can("custom", Object(&[need("name", Text), can("input", Text)])),
    can("index", COUNT),
]);
const CALLED: Want = Object(&[need("name", Text), can("arguments", Text)]);
const NAMED: Want = Object(&[need("name", Text)]);

static TOOL: Want = Object(&[
    need("type", Text),
    can("function", Want::Within(&FUNCTION)),
    can("custom", Map(&Any)),
]);
static FUNCTION: Want = Object(&[
    need("name", Text),
    can("description", Text),
    can("parameters", Map(&Any)),
    can("strict", Flag),
]);

const FORMAT: Want = Tagged(
    "type",
    &[
        ("text", &[]),
        ("json_object", JSON_OBJECT),
        ("json_schema", JSON_SCHEMA),
        ("grammar", &[]),
        ("regex", &[]),
    ],
);
/// Some vendors take the schema here.
const JSON_OBJECT: &[Wanted] = &[can("schema", Map(&Any))];
const JSON_SCHEMA: &[Wanted] = &[need(
    "json_schema",
    Object(&[
        need("name", Text),
        can("description", Text),
        can("schema", Map(&Any)),
        can("strict", Flag),
    ]),
)];

const OPTIONS: Want = Object(&[can("include_usage", Flag), can("include_obfuscation", Flag)]);
const TEXTS: Want = List(&Text);
static BIAS: Want = Number(-100.0, 100.0);
pub(in crate::protocol) const EFFORTS: &[&str] =
    &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

pub(super) static LEGACY: Want = Object(&[
    can("model", Text),
    need("prompt", Either(&[Text, PROMPTS])),
    can("best_of", Whole(0, 20)),
    can("echo", Flag),
    can("frequency_penalty", Number(-2.0, 2.0)),
    can("logit_bias", Map(&BIAS)),
    can("logprobs", COUNT),
    can("max_tokens", COUNT),
    can("n", Whole(1, 128)),
    can("presence_penalty", Number(-2.0, 2.0)),
    can("seed", WHOLE),
    can("stop", Either(&[Text, TEXTS])),
    can("stream", Flag),
    can("stream_options", OPTIONS),
    can("suffix", Text),
    can("temperature", Number(0.0, 2.0)),
    can("top_p", SHARE),
    can("user", Text),
]);
/// Texts, tokens, or lists of tokens.
const PROMPTS: Want = Some(&PROMPT);
static PROMPT: Want = Either(&[Text, NUMBER, TOKENS]);
const TOKENS: Want = Some(&TOKEN);
static TOKEN: Want = COUNT;

pub(super) static EMBEDDING: Want = Object(&[
    can("model", Text),
    need("input", Either(&[Text, PROMPTS])),
    can("dimensions", POSITIVE),
    can("encoding_format", Choice(&["float", "base64"])),
    can("user", Text),
]);
