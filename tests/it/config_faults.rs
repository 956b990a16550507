//! What is wrong with a `targets.json`, and how a running router takes a new one: rows C1 to C17.
//!
//! Never: a bad file changes anything.

mod refused;
mod advice;
mod reloading;
mod referring;
mod surviving;
mod large;
