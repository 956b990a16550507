//! Thought signatures for clients of this protocol.
//!
//! The field has type bytes, so SDKs decode it from base64 and may encode it with the other
//! alphabet. A marked signature of another vendor is not base64, so it is wrapped in base64.
//! Google's own is not changed.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::protocol::Protocol;
use crate::protocol::conversation::{Content, Part, Signature};

/// A signature for a client; `sealed` marks a part with nothing but the signature.
pub(super) fn to_client(signature: &Signature, sealed: bool) -> String {
    if signature.vendor == Protocol::Gemini {
        return signature.value.clone();
    }
    let seal = if sealed { SEALED } else { "" };
    ENCODER.encode(format!("{seal}{}", signature.to_client(Protocol::Gemini)))
}

/// The part with the signature that a client gave back with it. Placeholders do not count.
pub(super) fn from_client(part: Part, value: Option<&str>) -> Part {
    let Some(value) = value.filter(|value| !PLACEHOLDERS.contains(value)) else { return part };
    let own = Signature::from_client(Protocol::Gemini, value);
    let Some(text) = decode(value) else { return part.signed(own) };
    let (sealed, text) = match text.strip_prefix(SEALED) {
        Some(text) => (true, text),
        None => (false, text.as_str()),
    };
    match Signature::from_client(Protocol::Gemini, text) {
        Some(foreign) if foreign.vendor != Protocol::Gemini => {
            let content = if sealed { Content::Redacted } else { part.content };
            Part { content, signature: Some(foreign), ..part }
        }
        _ => part.signed(own),
    }
}

/// Whether a signature is a placeholder.
pub(super) fn is_none(value: &str) -> bool {
    value.is_empty() || PLACEHOLDERS.contains(&value)
}

/// The placeholder on an unsigned call, since newer Gemini models refuse a call without a signature
/// and may be asked next.
pub(super) fn of_unsigned_call<'a>() -> Cow<'a, str> {
    Cow::Borrowed(UNCHECKED_BYTES)
}

fn decode(value: &str) -> Option<String> {
    let engine = if value.contains(['-', '_']) { &URL_DECODER } else { &ENCODER };
    String::from_utf8(engine.decode(value).ok()?).ok()
}

/// What Google documents for a history without signatures: it is not checked.
pub(super) const UNCHECKED: &str = "skip_thought_signature_validator";

/// The same as a client's library encodes it, and can decode it.
const UNCHECKED_BYTES: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// The same as JSON.
pub(super) const UNCHECKED_JSON: &str = "\"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=\"";

/// Placeholders that clients send, raw and encoded.
const PLACEHOLDERS: &[&str] = &[
    UNCHECKED,
    "context_engineering_is_the_way_to_go",
    UNCHECKED_BYTES,
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I",
];

/// The prefix of a signature without other content.
const SEALED: &str = "~";

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENCODER: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_DECODER: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

#[cfg(test)]
mod tests {
    use super::*;

    fn back(value: &str) -> Part {
        from_client(Part::new(Content::Reasoning("r".into())), Some(value))
    }

    #[test]
    fn foreign_signatures_survive_a_library() {
        let signature = Signature::new(Protocol::Anthropic, "EqQB+/?~=");
        for sealed in [false, true] {
            let given = to_client(&signature, sealed);
            let spelled = given.replace('+', "-").replace('/', "_");
            for value in [&given, &spelled, &spelled.trim_end_matches('=').to_owned()] {
                let part = back(value);
                assert_eq!(part.signature, Some(signature.clone()), "{value}");
                assert_eq!(matches!(part.content, Content::Redacted), sealed);
            }
        }
    }

    #[test]
    fn own_signatures_are_untouched_and_placeholders_are_none() {
        for value in ["Cp8BAXLI2nz+/w==", "not base64!", "QUJD"] {
            let own = Signature::new(Protocol::Gemini, value);
            assert_eq!(to_client(&own, false), value);
            assert_eq!(back(value).signature, Some(own));
        }
        for value in PLACEHOLDERS {
            assert_eq!(back(value).signature, None);
        }
        assert_eq!(ENCODER.encode(UNCHECKED), PLACEHOLDERS[2]);
        assert_eq!(back("").signature, None);
    }
}
