//! Bodies as the bytes they are: where `model` and `stream` stand, what replaces them, and the
//! pieces that go out again.
//!
//! It never builds a tree, never joins the pieces of a large body and never recurses: what a
//! client nests or repeats costs one pass and a fixed amount of memory.

mod json;
mod string;
mod escape;
mod number;
mod plain;
mod prose;
mod scan;
mod alone;
pub mod multipart;
mod nested;
mod pieces;
mod send;
mod weight;

pub use alone::stands_alone;
pub use nested::{Nested, each_nested};
pub use pieces::{A_FEW, Pieces, joined_crumbs, json_string};
pub use scan::{Found, Invalid, Model, Scanner};
pub use send::PiecesBody;
pub use weight::{OutOfProportion, Weight};
