//! The few shapes of `targets.json` that most tests need.
//!
//! Never: no defaults of the router are repeated here; a key that a test depends on is written in the test.

use serde_json::{Value, json};

use super::upstream::Upstream;

/// One alias `m`, open to all, answered by one provider without a credential.
pub(crate) fn open(upstream: &Upstream) -> Value {
    json!({"targets": {"m": {"url": upstream.base()}}})
}

/// A provider entry with a name and a credential of its own.
pub(crate) fn provider(name: &str, upstream: &Upstream) -> Value {
    json!({"name": name, "url": upstream.base(), "onwards_key": format!("sk-provider-{name}")})
}

/// The alias `m` over `providers` in order of priority, falling back on 429 and 5xx.
pub(crate) fn pool(providers: &[Value]) -> Value {
    json!({"targets": {"m": {
        "strategy": "priority",
        "fallback": {"enabled": true, "on_status": [429, 5]},
        "providers": providers,
    }}})
}

/// The alias `m`: `first`, and `second` behind it.
pub(crate) fn pair(first: &Upstream, second: &Upstream) -> Value {
    pool(&[provider("first", first), provider("second", second)])
}
