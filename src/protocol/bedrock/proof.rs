//! Proofs of reasoning on Bedrock. They are Anthropic's: the same proof is good on Bedrock and at
//! Anthropic itself, and no other vendor's models on Bedrock give any.
//!
//! It never looks into a proof.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::protocol::Protocol;
use crate::protocol::conversation::Signature;

/// A proof as it stands beside its text.
pub(super) fn read(value: &str) -> Option<Signature> {
    Signature::from_client(Protocol::Anthropic, value)
}

/// The same for a client.
pub(super) fn write(signature: &Signature) -> String {
    signature.to_client(Protocol::Anthropic)
}

/// Sealed reasoning: bytes here, which JSON holds as base64. Anthropic's own is base64 itself; a
/// foreign one with its mark is not, and is encoded once more.
pub(super) fn read_seal(value: &str) -> Option<Signature> {
    let foreign = STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let foreign = foreign
        .and_then(|text| Signature::from_client(Protocol::Anthropic, &text))
        .filter(|signature| signature.vendor != Protocol::Anthropic);
    foreign.or_else(|| read(value))
}

/// The same for a client.
pub(super) fn write_seal(signature: &Signature) -> String {
    match signature.vendor {
        Protocol::Anthropic => signature.value.clone(),
        _ => STANDARD.encode(write(signature)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_lead_back() {
        for vendor in [Protocol::Anthropic, Protocol::OpenAiResponses] {
            let signature = Signature::new(vendor, "EmwKAhgBEgy3va3pzixY");
            assert_eq!(read_seal(&write_seal(&signature)), Some(signature.clone()));
            assert!(STANDARD.decode(write_seal(&signature)).is_ok());
            assert_eq!(read(&write(&signature)), Some(signature));
        }
    }
}
