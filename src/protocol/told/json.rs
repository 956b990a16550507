//! The JSON of an error, borrowed from its bytes. An error is read during a failover, and a
//! `serde_json` tree, which hashes and copies each key, would cost a tenth of that.

use std::{borrow::Cow, collections::HashMap, fmt, ops::Index};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, value::RawValue};

/// A JSON value.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Json<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Json<'a> {
    /// The value without long parts, down to a number of levels: an error is short but may be
    /// beside a long answer. What is not JSON is `null`.
    pub(crate) fn slim(json: &'a [u8], levels: u8) -> Self {
        if json.len() <= LONGEST_ERROR {
            return serde_json::from_slice(json).unwrap_or_default();
        }
        let fields: HashMap<Cow<'a, str>, &'a RawValue> = match levels {
            0 => HashMap::new(),
            _ => serde_json::from_slice(json).unwrap_or_default(),
        };
        let fields = fields.into_iter();
        Self::Object(
            fields
                .map(|(name, value)| (name, Self::slim(value.get().as_bytes(), levels - 1)))
                .collect(),
        )
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The items of a list; empty for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Whether it has this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        matches!(self, Self::Object(fields) if fields.iter().any(|(name, _)| name == key))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

impl<'a> Index<&str> for Json<'a> {
    type Output = Self;

    /// The value of this key, the last one if repeated; `null` if absent.
    fn index(&self, key: &str) -> &Self {
        let Self::Object(fields) = self else { return &Self::Null };
        fields.iter().rev().find(|(name, _)| name == key).map_or(&Self::Null, |(_, value)| value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = from.next_key_seed(Key)? {
            fields.push((key, from.next_value()?));
        }
        Ok(Json::Object(fields))
    }
}

/// A key, borrowed unless it contains escapes.
struct Key;

impl<'de> serde::de::DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// In bytes.
pub(super) const LONGEST_ERROR: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let json = Json::slim(
            br#"{"a":{"b":[1,-2,2.5,true,null,"x\ny"]},"\u0061":{"b":"last"},"c":429}"#,
            0,
        );
        assert_eq!(json["a"]["b"].as_str(), Some("last"));
        assert_eq!((json["c"].as_u64(), json["d"]["e"].as_u64()), (Some(429), None));
        let list = Json::slim(br#"[1,-2,2.5,true,null,"x\ny"]"#, 0);
        let number = |text: &str| Json::Number(text.parse().unwrap());
        let text = Json::Text("x\ny".into());
        let all = [number("1"), number("-2"), number("2.5"), Json::Bool(true), Json::Null, text];
        assert_eq!(list.items(), all);
        assert_eq!(Json::slim(b"not json", 0), Json::Null);
        assert_eq!(Json::slim(b"{\"a\":1", 0), Json::Null);
    }
}
