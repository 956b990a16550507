//! What OpenAI's protocols tell of the moderation of a request and its answer.
//!
//! It is data. The words of an error are the vendor's own and are left out.

use super::shape::{
    Field,
    Shape::{self, Flag, List, Number, Object, OneOf},
    may,
};

/// An object with a value for each category.
macro_rules! of_each {
    ($shape:expr) => {
        Object(&[
            may("harassment", $shape),
            may("harassment/threatening", $shape),
            may("hate", $shape),
            may("hate/threatening", $shape),
            may("illicit", $shape),
            may("illicit/violent", $shape),
            may("self-harm", $shape),
            may("self-harm/instructions", $shape),
            may("self-harm/intent", $shape),
            may("sexual", $shape),
            may("sexual/minors", $shape),
            may("violence", $shape),
            may("violence/graphic", $shape),
        ])
    };
}

/// Of chat completions, whose results are a list, and of responses, which have one.
pub(crate) const MODERATION: Shape = Object(SIDES);
const SIDES: &[Field] =
    &[may("input", Shape::Within(&MODERATED)), may("output", Shape::Within(&MODERATED))];

static MODERATED: Shape = Object(&[
    may("type", OneOf(&["moderation_result", "moderation_results", "error"])),
    may("model", OneOf(MODELS)),
    may("flagged", Flag),
    may("categories", Shape::Within(&FLAGS)),
    may("category_scores", Shape::Within(&SCORES)),
    may("category_applied_input_types", Shape::Within(&INPUTS)),
    may("results", List(&MODERATED)),
]);
static FLAGS: Shape = of_each!(Flag);
static SCORES: Shape = of_each!(Number);
static INPUTS: Shape = of_each!(List(&OneOf(&["text", "image"])));
const MODELS: &[&str] = &[
    "omni-moderation-latest",
    "omni-moderation-2024-09-26",
    "text-moderation-latest",
    "text-moderation-stable",
];
