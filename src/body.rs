//! Bodies as the bytes they are: where `model` and `stream` stand, what replaces them, and the
//! pieces that go out again.
//!
//! It never builds a tree, never joins the pieces of a large body and never recurses: what a
//! client nests or repeats costs one pass and a fixed amount of memory.

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
mod weight;

pub(crate) use alone::stands_alone;
pub(crate) use field::{field, first_brace};
pub(crate) use nested::{Nested, each_nested, each_nested_in};
pub use pieces::json_string;
pub(crate) use pieces::{A_FEW, Pieces, joined_crumbs};
pub(crate) use scan::Model;
pub use scan::{Found, Invalid, Scanner};
pub(crate) use send::PiecesBody;
pub(crate) use valid::is_json;
pub(crate) use weight::OutOfProportion;
pub use weight::Weight;
