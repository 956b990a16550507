//! The fields that answers of Gemini have, whole and in chunks.
//!
//! It is data.

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
]);
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
]);
static VECTOR: Shape = Object(&[
    must("values", List(&Number)),
    may("shape", List(&Number)),
    may("statistics", Object(&[may("tokenCount", Number), may("truncated", Flag)])),
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
]);
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

static GROUNDING: Shape = Object(&[
    may("webSearchQueries", List(&Text)),
    may("imageSearchQueries", List(&Text)),
    may("retrievalQueries", List(&Text)),
    may("googleMapsWidgetContextToken", Text),
    may("searchEntryPoint", Object(&[may("renderedContent", Text), may("sdkBlob", Text)])),
    may("groundingChunks", List(&GROUND)),
    may("groundingSupports", List(&SUPPORT)),
    may("retrievalMetadata", Object(&[may("googleSearchDynamicRetrievalScore", Number)])),
]);
static GROUND: Shape = Object(&[
    may("web", Object(GROUND_FIELDS)),
    may("retrievedContext", Object(GROUND_FIELDS)),
    may("maps", Object(GROUND_FIELDS)),
    may("image", Object(GROUND_FIELDS)),
]);
const GROUND_FIELDS: &[Field] = &[
    may("uri", Text),
    may("title", Text),
    may("domain", Text),
    may("text", Text),
    may("placeId", Text),
    may("fileSearchStore", Text),
    may("sourceUri", Text),
    may("imageUri", Text),
    may("documentName", Text),
    may("pageNumber", Number),
    may("mediaId", Text),
];
static SUPPORT: Shape = Object(&[
    may("groundingChunkIndices", List(&Number)),
    may("confidenceScores", List(&Number)),
    may("renderedParts", List(&Number)),
    may(
        "segment",
        Object(&[
            may("partIndex", Number),
            may("startIndex", Number),
            may("endIndex", Number),
            may("text", Text),
        ]),
    ),
]);

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
