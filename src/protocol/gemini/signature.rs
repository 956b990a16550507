//! Thought signatures as clients of this protocol are given them.
//!
//! The field is of bytes, so a client library decodes it from base64 and may encode it again with
//! the other alphabet. Another vendor's signature, which is no base64 once it is marked, therefore
//! travels inside a base64 text of ours. Google's own is never touched.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::protocol::Protocol;
use crate::protocol::conversation::{Content, Part, Signature};

/// As it is given to a client. `sealed` marks that the part has nothing but the signature.
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

/// Whether a signature proves nothing.
pub(super) fn is_none(value: &str) -> bool {
    value.is_empty() || PLACEHOLDERS.contains(&value)
}

/// What a client is given with the first call of a step that its vendor has not signed: newer Geminis
/// refuse a call without a signature, should one of them be asked next.
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

/// What clients send who have no signature, as it is and as a library encodes it.
const PLACEHOLDERS: &[&str] = &[
    UNCHECKED,
    "context_engineering_is_the_way_to_go",
    UNCHECKED_BYTES,
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I",
];

/// Stands before the signature of a part that has nothing else.
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
