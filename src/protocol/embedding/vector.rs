//! One vector: numbers as the provider wrote them, or base64.
//!
//! Written numbers are kept; only base64 has 32 bits.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// One vector.
#[derive(Debug, Clone)]
pub enum Vector {
    /// A JSON list of numbers, as written.
    Written(Box<RawValue>),
    /// Numbers that came in base64.
    Floats(Vec<f32>),
}

impl Vector {
    /// The vector that a JSON value is: a list of numbers, or the base64 of 32-bit floats.
    pub(crate) fn read(value: &RawValue) -> Option<Self> {
        let text = value.get();
        if text.starts_with('"') {
            let encoded: Cow<'_, str> = serde_json::from_str(text).ok()?;
            return Self::from_base64(&encoded);
        }
        // The text is JSON, so a list without a letter, a quote or another bracket is one of numbers.
        let inside = text.strip_prefix('[')?.strip_suffix(']')?;
        let is_number = |byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let is_filled = inside.bytes().any(is_number);
        let is_plain = |byte: u8| is_number(byte) || byte == b',' || byte.is_ascii_whitespace();
        (is_filled && inside.bytes().all(is_plain)).then(|| Self::Written(value.to_owned()))
    }

    /// The vector in a base64 text; `None` if it is not one of finite floats.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        let (floats, rest) = bytes.as_chunks::<4>();
        let floats: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let sound = rest.is_empty() && !floats.is_empty() && floats.iter().all(|x| x.is_finite());
        sound.then_some(Self::Floats(floats))
    }

    /// In base64; `None` if a number is not a 32-bit float.
    pub fn to_base64(&self) -> Option<String> {
        let floats = match self {
            Self::Floats(floats) => Cow::Borrowed(floats),
            Self::Written(numbers) => Cow::Owned(serde_json::from_str(numbers.get()).ok()?),
        };
        let mut bytes = Vec::with_capacity(4 * floats.len());
        for float in floats.iter() {
            if !float.is_finite() {
                return None;
            }
            bytes.extend_from_slice(&float.to_le_bytes());
        }
        Some(BASE64.encode(bytes))
    }
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Written(numbers) => numbers.serialize(serializer),
            Self::Floats(floats) => floats.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <&'de RawValue>::deserialize(deserializer)?;
        Self::read(value).ok_or_else(|| D::Error::custom("no vector"))
    }
}

/// With its padding, but read without it, too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
