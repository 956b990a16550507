//! A value that must never be seen: keys of clients and credentials of providers.
//!
//! It has no `Display` and no `Serialize`; `Debug` prints `***`, and the memory is wiped on drop.

pub(crate) mod fresh;
pub mod names;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// A secret string. [`Secret::expose`] is the only way to its text, so every use can be found.
#[derive(Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    /// Wraps a text that must not be seen.
    pub(crate) fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text itself, for the place that needs it: a hash, a header value, a signature.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    /// `writeOnly` marks what no tool may show; an empty key would open what it should close.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "writeOnly": true })
    }
}

/// `Debug` that tells the type and nothing of what it holds: for what is read from the file, where
/// a credential may stand in any text.
macro_rules! unseen {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
pub(crate) use unseen;

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_never_shows_the_text() {
        assert_eq!(format!("{:?}", Secret::new("sk-very-secret".into())), "***");
    }
}
