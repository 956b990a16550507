//! Reasoning signatures on Bedrock. They are Anthropic's and valid on Bedrock and at Anthropic; no
//! other models on Bedrock have any.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::protocol::Protocol;
use crate::protocol::conversation::Signature;

/// A signature beside its text.
pub(super) fn read(value: &str) -> Option<Signature> {
    Signature::from_client(Protocol::Anthropic, value)
}

/// The same for a client.
pub(super) fn write(signature: &Signature) -> String {
    signature.to_client(Protocol::Anthropic)
}

/// Redacted reasoning: bytes here, base64 in JSON. Anthropic's own is already base64; anything
/// else, such as a marked foreign one, is marked and encoded again.
pub(super) fn read_seal(value: &str) -> Option<Signature> {
    let text = STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let marked = text.and_then(|text| Signature::from_client(Protocol::Bedrock, &text));
    marked.filter(|signature| signature.vendor != Protocol::Bedrock).or_else(|| read(value))
}

/// The same for a client, whose SDK decodes it.
pub(super) fn write_seal(signature: &Signature) -> String {
    if signature.vendor == Protocol::Anthropic && STANDARD.decode(&signature.value).is_ok() {
        return signature.value.clone();
    }
    STANDARD.encode(signature.to_client(Protocol::Bedrock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_written_for_bedrock_reads_back() {
        for (vendor, value) in [
            (Protocol::Anthropic, "EmwKAhgBEgy3va3pzixY"),
            (Protocol::Anthropic, "EmwKAhgBEgy3va3pzix"),
            (Protocol::OpenAiResponses, "gAAAAABo_-w="),
        ] {
            let signature = Signature::new(vendor, value);
            assert_eq!(read_seal(&write_seal(&signature)), Some(signature.clone()));
            assert!(STANDARD.decode(write_seal(&signature)).is_ok());
            assert_eq!(read(&write(&signature)), Some(signature));
        }
    }
}
