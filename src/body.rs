//! Bodies as bytes: the places of `model` and `stream`, replacements, and the outgoing chunks.
//!
//! No tree is built, a large body is not joined, and nothing recurses: deep nesting and repetition
//! cost one pass and fixed memory.

mod field;
pub(crate) mod further;
mod json;
mod machine;
mod string;
mod escape;
mod number;
mod plain;
mod prose;
mod scan;
mod alone;
mod valid;
pub(crate) mod multipart;
mod nested;
mod pieces;
mod send;
pub(crate) mod shallow;
mod weight;

pub(crate) use alone::stands_alone;
pub(crate) use field::{Said, field, first_brace, said};
pub(crate) use nested::{Nested, each_nested, each_nested_in};
pub use pieces::json_string;
pub(crate) use pieces::{A_FEW, Pieces, joined_crumbs};
pub(crate) use plain::special;
pub(crate) use prose::pass_text;
pub(crate) use scan::Model;
pub use scan::{Found, Invalid, Scanner};
pub(crate) use send::PiecesBody;
pub(crate) use valid::is_json;
pub(crate) use weight::OutOfProportion;
pub use weight::Weight;
