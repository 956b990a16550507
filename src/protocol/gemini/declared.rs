//! The fields that answers of Gemini have, whole and in chunks.
//!
//! It is data.

mod grounding;

use self::grounding::{GROUNDING, is_offset};
use super::{wanted, words};
use crate::protocol::Operation;
use crate::protocol::strict::forms::is_time;
use crate::protocol::strict::shape::{
    Declared, Field,
    Shape::{self, Any, Either, Flag, Like, List, Model, Number, Object, OneOf, Text},
    Words, may, must,
};

pub(in crate::protocol) const DECLARED: &[Declared] = &[
    Declared::of(Operation::Generate, &wanted::REQUEST, &ANSWER).streamed(&CHUNK),
    Declared::of(Operation::CountTokens, &wanted::COUNTED, &COUNTED),
    Declared::of(Operation::Embed, &wanted::EMBEDDED, &EMBEDDED).at(":embedContent"),
    Declared::of(Operation::Embed, &wanted::BATCH, &EMBEDDED).at(":batchEmbedContents"),
];

/// One answer, or the list of chunks that a stream without events is.
static ANSWER: Shape = Either(&[Shape::Within(&CHUNK), List(&CHUNK)]);
static CHUNK: Shape = Object(&[
    may("candidates", List(&CANDIDATE)),
    may(
        "promptFeedback",
        Object(&[
            may("blockReason", OneOf(words::BLOCKS)),
            may("blockReasonMessage", Text),
            may("safetyRatings", List(&RATING)),
        ]),
    ),
    may("usageMetadata", Shape::Within(&USAGE)),
    may("modelVersion", Model),
    may("createTime", Like(is_time)),
    may("responseId", Text),
    may("modelStatus", MODEL_STATUS),
]);
/// How old the model is; the vendor's own words about it are left out.
const MODEL_STATUS: Shape =
    Object(&[may("modelStage", OneOf(words::STAGES)), may("retirementTime", Like(is_time))]);
static COUNTED: Shape = Object(&[
    must("totalTokens", Number),
    may("totalBillableCharacters", Number),
    may("cachedContentTokenCount", Number),
    may("promptTokensDetails", List(&DETAIL)),
    may("cacheTokensDetails", List(&DETAIL)),
]);
static EMBEDDED: Shape = Object(&[
    may("embedding", Shape::Within(&VECTOR)),
    may("embeddings", List(&VECTOR)),
    may("usageMetadata", Shape::Within(&USAGE)),
    may("metadata", Object(&[may("billableCharacterCount", Number)])),
    may("truncated", Flag),
]);
static VECTOR: Shape = Object(&[
    must("values", List(&Number)),
    may("shape", List(&Number)),
    may(
        "statistics",
        Object(&[
            may("tokenCount", Number),
            may("tokensDetails", List(&DETAIL)),
            may("truncated", Flag),
        ]),
    ),
]);

static CANDIDATE: Shape = Object(&[
    may("content", Object(&[may("parts", List(&PART)), may("role", Shape::Words(&ROLE))])),
    may("finishReason", Shape::Words(&FINISH)),
    may("finishMessage", Text),
    may("continuationToken", Text),
    may("index", Number),
    may("safetyRatings", List(&RATING)),
    may(
        "citationMetadata",
        Object(&[may("citationSources", List(&SOURCE)), may("citations", List(&SOURCE))]),
    ),
    may("tokenCount", Number),
    may("groundingMetadata", Shape::Within(&GROUNDING)),
    may("avgLogprobs", Number),
    may(
        "logprobsResult",
        Object(&[
            may("topCandidates", List(&TOP)),
            may("chosenCandidates", List(&TOKEN)),
            may("logProbabilitySum", Number),
        ]),
    ),
    may("urlContextMetadata", Object(&[may("urlMetadata", List(&RETRIEVED))])),
]);

static PART: Shape = Object(&[
    may("text", Text),
    may("thought", Flag),
    may("thoughtSignature", Text),
    may(
        "functionCall",
        Object(&[
            may("id", Text),
            may("name", Text),
            may("args", Any),
            may("partialArgs", List(&ARGUMENT)),
            may("willContinue", Flag),
        ]),
    ),
    may(
        "toolCall",
        Object(&[may("id", Text), may("toolType", OneOf(words::TOOLS)), may("args", Any)]),
    ),
    may(
        "toolResponse",
        Object(&[may("id", Text), may("toolType", OneOf(words::TOOLS)), may("response", Any)]),
    ),
    may("inlineData", Object(BLOB)),
    may("fileData", Object(BLOB)),
    may("functionResponse", Object(&[may("id", Text), may("name", Text), may("response", Any)])),
    may(
        "executableCode",
        Object(&[may("id", Text), may("language", OneOf(words::LANGUAGES)), may("code", Text)]),
    ),
    may(
        "codeExecutionResult",
        Object(&[may("id", Text), may("outcome", OneOf(words::OUTCOMES)), may("output", Text)]),
    ),
    may("audioTranscription", Object(TRANSCRIPTION)),
    may("speechMetadata", Object(&[may("speaker", Text), may("style", Text)])),
    may("videoMetadata", Object(OFFSETS)),
    may("audioMetadata", Object(OFFSETS)),
]);
/// What was said in a sound, and when.
const TRANSCRIPTION: &[Field] = &[
    may("text", Text),
    may("finished", Flag),
    may("languageCode", Text),
    may("speakerLabel", Text),
    may("words", List(&WORD)),
    may("startOffset", Like(is_offset)),
    may("endOffset", Like(is_offset)),
];
static WORD: Shape = Object(&[
    may("word", Text),
    may("startOffset", Like(is_offset)),
    may("endOffset", Like(is_offset)),
]);
const OFFSETS: &[Field] =
    &[may("startOffset", Like(is_offset)), may("endOffset", Like(is_offset)), may("fps", Number)];

/// A piece of a call's arguments.
static ARGUMENT: Shape = Object(&[
    may("jsonPath", Text),
    may("stringValue", Text),
    may("numberValue", Number),
    may("boolValue", Flag),
    may("nullValue", OneOf(&["NULL_VALUE"])),
    may("willContinue", Flag),
]);
const BLOB: &[Field] = &[
    may("mimeType", Shape::Media(&MEDIA)),
    may("data", Text),
    may("fileUri", Text),
    may("displayName", Text),
];

static RATING: Shape = Object(&[
    may("category", Shape::Tag(words::HARMS)),
    may("probability", OneOf(words::PROBABILITIES)),
    may("probabilityScore", Number),
    may("severity", OneOf(words::SEVERITIES)),
    may("severityScore", Number),
    may("blocked", Flag),
    may("overwrittenThreshold", OneOf(words::THRESHOLDS)),
]);
static SOURCE: Shape = Object(&[
    may("startIndex", Number),
    may("endIndex", Number),
    may("uri", Text),
    may("title", Text),
    may("license", Text),
    may(
        "publicationDate",
        Object(&[may("year", Number), may("month", Number), may("day", Number)]),
    ),
]);
static TOP: Shape = Object(&[may("candidates", List(&TOKEN))]);
static TOKEN: Shape =
    Object(&[may("token", Text), may("tokenId", Number), may("logProbability", Number)]);
static RETRIEVED: Shape =
    Object(&[may("retrievedUrl", Text), may("urlRetrievalStatus", OneOf(words::RETRIEVALS))]);

static USAGE: Shape = Object(&[
    may("promptTokenCount", Number),
    may("cachedContentTokenCount", Number),
    may("candidatesTokenCount", Number),
    may("toolUsePromptTokenCount", Number),
    may("thoughtsTokenCount", Number),
    may("totalTokenCount", Number),
    may("promptTokensDetails", List(&DETAIL)),
    may("cacheTokensDetails", List(&DETAIL)),
    may("candidatesTokensDetails", List(&DETAIL)),
    may("toolUsePromptTokensDetails", List(&DETAIL)),
    may("trafficType", OneOf(words::TRAFFIC)),
    may("responseTokenCount", Number),
    may("responseTokensDetails", List(&DETAIL)),
    may("serviceTier", OneOf(words::TIERS)),
]);
static DETAIL: Shape =
    Object(&[may("modality", OneOf(words::MODALITIES)), may("tokenCount", Number)]);

static MEDIA: Words = Words::only(words::MEDIA, "application/octet-stream");
static ROLE: Words = Words::only(&["model", "user"], "model");
static FINISH: Words = Words {
    known: &[
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
        "NO_IMAGE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
        "MODEL_ARMOR",
        "CONTINUATION",
        "ESCALATION",
        "PUP_LIMITED_DISABLED",
        "FINISH_REASON_UNSPECIFIED",
    ],
    near: &[
        ("stop", "STOP"),
        ("end", "STOP"),
        ("tool", "STOP"),
        ("length", "MAX_TOKENS"),
        ("max", "MAX_TOKENS"),
        ("safety", "SAFETY"),
        ("filter", "SAFETY"),
        ("refus", "SAFETY"),
        ("block", "SAFETY"),
    ],
    usual: "OTHER",
};
