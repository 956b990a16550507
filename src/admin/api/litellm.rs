//! The admin API of LiteLLM's proxy and of Routero: the same requests, which edit the file as
//! `/admin` does.
//!
//! A deployment is a provider of the target `model_name`, and its id is the provider's name. A
//! field without a counterpart is refused by name, and nothing is changed.

mod durations;
pub(super) mod keys;
pub(super) mod models;
mod params;
mod pool;
mod wildcard;
