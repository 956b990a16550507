//! The fields of tools that answers repeat.
//!
//! It is data.

use crate::protocol::openai_responses::words;
use crate::protocol::strict::forms::is_size;
use crate::protocol::strict::shape::{
    Shape::{self, Any, Flag, Like, List, Number, Object, OneOf, Text},
    may,
};

/// A tool as the client has offered it.
pub(super) const TOOL: Shape = Object(&[
    may("type", OneOf(words::TOOLS)),
    may("name", Text),
    may("description", Text),
    may("parameters", Any),
    may("strict", Flag),
    may("mode", OneOf(words::CHOICE)),
    may("tools", Any),
    may("format", Any),
    may("vector_store_ids", List(&Text)),
    may("filters", Any),
    may("max_num_results", Number),
    may("ranking_options", Any),
    may("search_context_size", OneOf(words::LEVELS)),
    may("user_location", Any),
    may("search_content_types", List(&OneOf(words::CONTENT_TYPES))),
    may("display_height", Number),
    may("display_width", Number),
    may("environment", Any),
    may("container", Any),
    may("server_label", Text),
    may("server_url", Text),
    may("server_description", Text),
    may("connector_id", Text),
    may("allowed_tools", Any),
    may("require_approval", Any),
    may("background", OneOf(words::BACKGROUND)),
    may("input_fidelity", OneOf(words::LEVELS)),
    may("input_image_mask", Any),
    may("model", Text),
    may("moderation", OneOf(words::MODERATION)),
    may("output_compression", Number),
    may("output_format", OneOf(words::IMAGE_FORMATS)),
    may("partial_images", Number),
    may("quality", OneOf(words::QUALITY)),
    may("size", Like(is_size)),
    may("defer_loading", Flag),
    may("output_schema", Any),
    may("input_schema", Any),
    may("annotations", Any),
    may("external_web_access", Flag),
    may("tunnel_id", Text),
    may("action", OneOf(words::PICTURE_ACTIONS)),
    may("complexity", OneOf(words::LEVELS)),
    may("frame_count", Number),
    may("frame_duration_ms", Number),
    may("svg", Any),
    may("async", Flag),
    may("execution", OneOf(words::EXECUTION)),
    may("allowed_callers", List(&OneOf(words::CALLERS))),
]);
