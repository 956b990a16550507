//! The fields that answers of Cohere have, whole and in events.
//!
//! It is data.

use super::wanted;
use crate::protocol::Operation;
use crate::protocol::strict::shape::{
    Declared, Field, Fill,
    Shape::{
        self, Any, Arguments, Either, Fault, Flag, Fragment, List, Number, Object, OneOf, Text,
    },
    Words, bound, fill, may, must,
};

pub(in crate::protocol) const DECLARED: &[Declared] = &[
    Declared::of(Operation::Generate, &wanted::REQUEST, &ANSWER).streamed_by_name(&EVENT),
    Declared::of(Operation::Embed, &wanted::EMBEDDED, &EMBEDDED),
];

static ANSWER: Shape = Object(&[
    fill("id", Text, Fill::Id("")),
    may("finish_reason", Shape::Words(&FINISH)),
    must(
        "message",
        Object(&[
            fill("role", Shape::Words(&ROLE), Fill::Json("\"assistant\"")),
            may("content", List(&BLOCK)),
            may("tool_plan", Text),
            may("tool_calls", List(&CALL)),
            may("citations", List(&CITATION)),
        ]),
    ),
    may("usage", USAGE),
    may("logprobs", List(&LOGPROB)),
]);

/// An event of any type.
static EVENT: Shape = Object(&[
    must(
        "type",
        Shape::Tag(&[
            "content-delta",
            "message-start",
            "content-start",
            "content-end",
            "tool-plan-delta",
            "tool-call-start",
            "tool-call-delta",
            "tool-call-end",
            "citation-start",
            "citation-end",
            "message-end",
        ]),
    ),
    may("id", Text),
    may("index", Number),
    bound(
        "delta",
        Object(&[
            bound(
                "message",
                Object(&[
                    may("role", Shape::Words(&ROLE)),
                    bound("content", Either(&[Shape::Within(&BLOCK), List(&BLOCK), Text])),
                    may("tool_plan", Text),
                    may("tool_calls", Either(&[Shape::Within(&CALL_DELTA), List(&CALL_DELTA)])),
                    may("citations", Either(&[Shape::Within(&CITATION), List(&CITATION)])),
                ]),
            ),
            may("finish_reason", Shape::Words(&FINISH)),
            may("usage", USAGE),
            may("error", Fault),
        ]),
    ),
    may("logprobs", Either(&[Shape::Within(&LOGPROB), List(&LOGPROB)])),
]);

static BLOCK: Shape = Object(&[
    may("type", Shape::Tag(&["text", "thinking"])),
    may("text", Text),
    may("thinking", Text),
]);
static CALL: Shape = Object(&[
    may("id", Text),
    may("type", Shape::Words(&CALL_KINDS)),
    may("function", Object(&[may("name", Text), may("arguments", Arguments)])),
]);
static CALL_DELTA: Shape = Object(&[
    may("id", Text),
    may("type", Shape::Words(&CALL_KINDS)),
    may("function", Object(&[may("name", Text), may("arguments", Fragment)])),
]);
static CITATION: Shape = Object(&[
    may("start", Number),
    may("end", Number),
    may("text", Text),
    may("sources", List(&SOURCE)),
    may("content_index", Number),
    may("type", OneOf(&["TEXT_CONTENT", "THINKING_CONTENT", "PLAN"])),
]);
static SOURCE: Shape = Object(&[
    may("type", Shape::Tag(&["tool", "document"])),
    may("id", Text),
    may("tool_output", Any),
    may("document", Any),
]);
static LOGPROB: Shape =
    Object(&[may("text", Text), may("token_ids", List(&Number)), may("logprobs", List(&Number))]);
const USAGE: Shape = Object(&[
    may("billed_units", Object(UNITS)),
    may("tokens", Object(UNITS)),
    may("cached_tokens", Number),
]);
const UNITS: &[Field] = &[
    may("input_tokens", Number),
    may("output_tokens", Number),
    may("search_units", Number),
    may("classifications", Number),
    may("images", Number),
    may("text_tokens", Number),
    may("pages", Number),
    may("image_tokens", Number),
];

static EMBEDDED: Shape = Object(&[
    fill("id", Text, Fill::Id("")),
    must("embeddings", Either(&[List(&VECTOR), Shape::Within(&BY_TYPE)])),
    may("texts", List(&Text)),
    may("images", List(&PICTURE)),
    may("response_type", OneOf(&["embeddings_floats", "embeddings_by_type"])),
    may(
        "meta",
        Object(&[
            may("api_version", API_VERSION),
            may("billed_units", Object(UNITS)),
            may("tokens", Object(UNITS)),
            may("cached_tokens", Number),
        ]),
    ),
]);
static VECTOR: Shape = Either(&[List(&Number), Text]);
static VECTORS: Shape = List(&VECTOR);
static BY_TYPE: Shape = Object(&[
    may("float", Shape::Within(&VECTORS)),
    may("int8", Shape::Within(&VECTORS)),
    may("uint8", Shape::Within(&VECTORS)),
    may("binary", Shape::Within(&VECTORS)),
    may("ubinary", Shape::Within(&VECTORS)),
    may("base64", Shape::Within(&VECTORS)),
]);
const API_VERSION: Shape = Object(&[
    may("version", OneOf(&["1", "2"])),
    may("is_deprecated", Flag),
    may("is_experimental", Flag),
]);
static PICTURE: Shape = Object(&[
    may("width", Number),
    may("height", Number),
    may("format", OneOf(&["png", "jpeg", "jpg", "gif", "webp"])),
    may("bit_depth", Number),
]);

static ROLE: Words = Words::only(&["assistant"], "assistant");
static CALL_KINDS: Words = Words::only(&["function"], "function");
static FINISH: Words = Words {
    known: &[
        "COMPLETE",
        "STOP_SEQUENCE",
        "MAX_TOKENS",
        "TOOL_CALL",
        "ERROR",
        "ERROR_TOXIC",
        "ERROR_LIMIT",
        "USER_CANCEL",
        "TIMEOUT",
    ],
    near: &[
        ("length", "MAX_TOKENS"),
        ("max", "MAX_TOKENS"),
        ("limit", "MAX_TOKENS"),
        ("tool", "TOOL_CALL"),
        ("function", "TOOL_CALL"),
        ("error", "ERROR"),
        ("time", "TIMEOUT"),
    ],
    usual: "COMPLETE",
};
