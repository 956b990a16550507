//! What the file says: read strictly, with every problem at once and its place.
//!
//! It never knows what a key is for: meaning begins in `table::compile`.

pub mod raw;
