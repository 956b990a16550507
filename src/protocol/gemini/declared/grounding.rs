//! The fields that tell where an answer of Gemini is grounded: pages, documents, places.
//!
//! It is data.

use crate::protocol::strict::shape::{
    Field,
    Shape::{self, Like, List, Number, Object, Text},
    may,
};

pub(super) static GROUNDING: Shape = Object(&[
    may("webSearchQueries", List(&Text)),
    may("imageSearchQueries", List(&Text)),
    may("retrievalQueries", List(&Text)),
    may("googleMapsWidgetContextToken", Text),
    may("searchEntryPoint", Object(&[may("renderedContent", Text), may("sdkBlob", Text)])),
    may("groundingChunks", List(&GROUND)),
    may("groundingSupports", List(&SUPPORT)),
    may("retrievalMetadata", Object(&[may("googleSearchDynamicRetrievalScore", Number)])),
    may("sourceFlaggingUris", List(&FLAGGING)),
]);
static GROUND: Shape = Object(&[
    may("web", Object(GROUND_FIELDS)),
    may("retrievedContext", Object(RETRIEVED_CONTEXT)),
    may("maps", Object(MAPS)),
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
/// A chunk of the operator's or the client's own documents.
const RETRIEVED_CONTEXT: &[Field] = &[
    may("uri", Text),
    may("title", Text),
    may("text", Text),
    may("documentName", Text),
    may("fileSearchStore", Text),
    may("pageNumber", Number),
    may("mediaId", Text),
    may("customMetadata", List(&OWN_METADATA)),
    may("ragChunk", RAG_CHUNK),
];
const RAG_CHUNK: Shape =
    Object(&[may("text", Text), may("chunkId", Text), may("fileId", Text), may("pageSpan", PAGES)]);
const PAGES: Shape = Object(&[may("firstPage", Number), may("lastPage", Number)]);
static OWN_METADATA: Shape = Object(&[
    may("key", Text),
    may("stringValue", Text),
    may("numericValue", Number),
    may("stringListValue", Object(&[may("values", List(&Text))])),
]);
/// A place of Google Maps, with the reviews that were used.
const MAPS: &[Field] = &[
    may("uri", Text),
    may("title", Text),
    may("text", Text),
    may("placeId", Text),
    may("placeAnswerSources", Object(PLACE_SOURCES)),
    may("route", ROUTE),
];
const PLACE_SOURCES: &[Field] = &[
    may("flagContentUri", Text),
    may("reviewSnippet", List(&REVIEW)),
    may("reviewSnippets", List(&REVIEW)),
];
const ROUTE: Shape = Object(&[
    may("distanceMeters", Number),
    may("duration", Like(is_offset)),
    may("encodedPolyline", Text),
]);
static REVIEW: Shape = Object(&[
    may("review", Text),
    may("reviewId", Text),
    may("title", Text),
    may("flagContentUri", Text),
    may("googleMapsUri", Text),
    may("relativePublishTimeDescription", Text),
    may(
        "authorAttribution",
        Object(&[may("displayName", Text), may("photoUri", Text), may("uri", Text)]),
    ),
]);
static FLAGGING: Shape = Object(&[may("sourceId", Text), may("flagContentUri", Text)]);
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

/// A duration as JSON has it: `1.5s`.
pub(super) fn is_offset(text: &[u8]) -> bool {
    let number = text.strip_suffix(b"s").unwrap_or_default();
    matches!(number.len(), 1..=24) && number.iter().all(|it| it.is_ascii_digit() || *it == b'.')
}
