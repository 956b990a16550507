//! The administration of LiteLLM's proxy, and Routero's: the same requests, which edit the file as `/admin` does.
//!
//! A deployment is a provider of the target that `model_name` names; its id is the provider's name. A field
//! that has no counterpart is refused by its name, and nothing is changed.

mod durations;
pub(super) mod keys;
pub(super) mod models;
mod params;
mod pool;
