//! Fields of a request without a neutral form, kept by their names.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A field without a neutral form. A writer whose protocol has the same field may take it; others
/// lose it.
#[derive(Debug, Clone)]
pub struct Extra {
    /// Its path in the client's request, without array indices: `messages.name`.
    pub name: String,
    /// Its value.
    pub value: Box<RawValue>,
}

/// The extra fields that the provider's protocol has under the same names, as they are written.
pub(crate) struct Extras<'a> {
    pub(crate) all: &'a [Extra],
    /// The names that it has.
    pub(crate) known: &'static [&'static str],
}

impl Serialize for Extras<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.all.iter().filter(|extra| self.known.contains(&extra.name.as_str()));
        let mut map = serializer.serialize_map(None)?;
        for Extra { name, value } in known {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
