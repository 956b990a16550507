//! Signatures of other vendors' reasoning in a request that is passed on unchanged, because an
//! earlier turn was answered by a provider of another protocol. A vendor refuses signatures of
//! others, so they are removed, and nothing else.
//!
//! It reads a request only if it contains one of the marks that the writers of answers set.

use std::sync::LazyLock;

use crate::{
    body::Pieces,
    protocol::{
        Operation, Protocol,
        codec::Refused,
        conversation::Lossy,
        foreign::{self, Change},
        marks::{Marks, Match, Seam},
    },
    table::Provider,
    upstream::{inbound::Inbound, off_core},
};

/// Searches on another thread, if the request is passed on unchanged.
pub(super) async fn look_off_core(inbound: &Inbound, provider: &Provider, passes: bool) {
    let is_looked_for = passes && inbound.foreign_proofs.get().is_none();
    let looked_for = marks_for(inbound, provider).filter(|_| is_looked_for);
    if let Some((protocol, marks)) = looked_for {
        let body = inbound.body.clone();
        let found = off_core::run(move || found(protocol, marks, &body)).await;
        let _ = inbound.foreign_proofs.set(found);
    }
}

/// The edits that remove signatures of other vendors. Searched once, however many providers are
/// tried.
pub(crate) fn changes<'a>(inbound: &'a Inbound, provider: &Provider) -> &'a [Change] {
    let Some((protocol, marks)) = marks_for(inbound, provider) else { return &[] };
    inbound.foreign_proofs.get_or_init(|| found(protocol, marks, &inbound.body))
}

/// The fields that are lost.
///
/// # Errors
/// The first field, if none may be lost.
pub(super) fn lost(inbound: &Inbound, provider: &Provider) -> Result<Vec<String>, Refused> {
    let lost = changes(inbound, provider).iter().filter_map(|change| change.lost);
    let lost: Vec<String> = lost.map(str::to_owned).collect();
    match lost.first() {
        Some(field) if provider.lossy == Lossy::Refuse => Err(Refused { field: field.clone() }),
        _ => Ok(lost),
    }
}

/// The marks of other vendors for the request's protocol; `None` if clients send nothing foreign.
fn marks_for(inbound: &Inbound, provider: &Provider) -> Option<(Protocol, &'static Marks)> {
    let endpoint = inbound.endpoint.as_ref()?;
    if endpoint.protocol.profile().proofs_are_of_calls && !provider.others.refused_proofs_of_calls {
        return None;
    }
    if !matches!(endpoint.operation, Operation::Generate | Operation::CountTokens) {
        return None;
    }
    let all = if provider.others.answer { &*MARKS_AMONG_OTHERS } else { &*MARKS };
    all.iter().find(|(its, _)| *its == endpoint.protocol).map(|(its, marks)| (*its, marks))
}

fn found(protocol: Protocol, marks: &Marks, body: &Pieces) -> Box<[Change]> {
    if are_in(marks, body) {
        foreign::changes(protocol, &body.to_bytes()).into_boxed_slice()
    } else {
        Box::default()
    }
}

/// Whether a mark is in the body. The quote at its beginning is escaped inside a text, so the byte
/// before it decides.
fn are_in(marks: &Marks, body: &Pieces) -> bool {
    let is_one = |bytes: &[u8], mark: Match| mark.start() > 0 && bytes[mark.start() - 1] != b'\\';
    // As if a space stood before the body.
    let mut seam = Seam::after(b" ");
    body.iter().any(|piece| marks.stand_in(&mut seam, piece, is_one))
}

/// The same with the marks of placeholders in answers of other vendors.
static MARKS_AMONG_OTHERS: LazyLock<Vec<(Protocol, Marks)>> = LazyLock::new(|| {
    let marks = |&protocol: &Protocol| {
        let profile = protocol.profile();
        let all = [profile.foreign_proofs, profile.thinks].concat();
        Some((protocol, Marks::new(&all)?))
    };
    Protocol::ALL.iter().filter_map(marks).collect()
});

static MARKS: LazyLock<Vec<(Protocol, Marks)>> = LazyLock::new(|| {
    let all = Protocol::ALL.iter();
    let marks =
        |&protocol: &Protocol| Some((protocol, Marks::new(protocol.profile().foreign_proofs)?));
    all.filter_map(marks).collect()
});

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn cut(text: &[u8], cuts: &[usize]) -> Pieces {
        let mut from = 0;
        let ends = cuts.iter().copied().chain([text.len()]);
        let piece = |end| Bytes::copy_from_slice(&text[std::mem::replace(&mut from, end)..end]);
        ends.map(piece).collect()
    }

    #[test]
    fn a_mark_is_found_wherever_the_body_is_cut() {
        let marks = || Marks::new(Protocol::Anthropic.profile().foreign_proofs).unwrap();
        found_wherever_the_body_is_cut(&marks());
        found_wherever_the_body_is_cut(&marks().byte_by_byte());
    }

    fn found_wherever_the_body_is_cut(marks: &Marks) {
        for (text, is_one) in [
            (&b"a long beginning \"signature\":\"onwards#gemini#x\" and an end"[..], true),
            (b"a long beginning \"signature\": \"\" and a long end", true),
            (b"\"signature\":\"\"", true),
            (b"\"onwards#", true),
            (b"a long beginning \"signature\":\"EqQB\" and a long end", false),
            (b"a long beginning \"signature\":\\\"onwards#gemini#x\" and an end", false),
            (b"", false),
        ] {
            for first in 0..=text.len() {
                for second in first..=text.len() {
                    let found = are_in(marks, &cut(text, &[first, second]));
                    assert_eq!(found, is_one, "{first} {second} of {text:?}");
                }
            }
            for size in 1..=24 {
                let cuts: Vec<usize> = (size..text.len()).step_by(size).collect();
                assert_eq!(are_in(marks, &cut(text, &cuts)), is_one, "{size} of {text:?}");
            }
        }
    }

    /// A proof that is quoted in a message is text: the request passes as it came.
    #[test]
    fn a_proof_in_a_text_is_none() {
        for &(protocol, ref marks) in MARKS.iter() {
            for mark in protocol.profile().foreign_proofs {
                let text = serde_json::json!([format!("see {mark} here"), mark]).to_string();
                assert!(!are_in(marks, &Pieces::from(Bytes::from(text))), "{protocol}: {mark}");
                let field = format!("{{{mark}");
                assert!(are_in(marks, &Pieces::from(Bytes::from(field))), "{protocol}: {mark}");
            }
        }
    }

    /// What each protocol's clients are given of another's, and what they give back.
    #[test]
    fn every_foreign_proof_bears_a_mark() {
        use crate::protocol::codec::Client;
        use crate::protocol::conversation::{Content, Part, Reply, Signature};
        let client = Client {
            model: "m",
            id: "i",
            created: 0,
            delivery: Default::default(),
            include_usage: false,
            ..Client::default()
        };
        let in_calls = |protocol: Protocol| protocol.profile().proofs_are_of_calls;
        for &(protocol, ref marks) in MARKS.iter().filter(|(its, _)| !in_calls(*its)) {
            for vendor in [Protocol::Anthropic, Protocol::Gemini, Protocol::OpenAiResponses] {
                let claudes = (protocol, vendor) == (Protocol::Bedrock, Protocol::Anthropic);
                let own = protocol == vendor || claudes;
                // A vendor's own seals are only where it has some.
                let sealed = (protocol != vendor).then_some(Content::Redacted);
                for content in sealed.into_iter().chain([Content::Reasoning("r".into())]) {
                    let proof = Signature::new(vendor, "EmwKAhgBEgy3va3pzixY");
                    let parts = vec![Part::new(content).signed(Some(proof))];
                    let reply = Reply { parts, ..Reply::default() };
                    let answer = Bytes::from(protocol.codec().write_response(&reply, &client));
                    let found = are_in(marks, &Pieces::from(answer.clone()));
                    assert_eq!(found, !own, "{vendor}'s for {protocol}: {answer:?}");
                }
            }
        }
    }

    /// Of a call, too: in the sealed part before it, or beside it.
    #[test]
    fn proof_of_a_call_bears_a_mark() {
        use crate::protocol::codec::Client;
        use crate::protocol::conversation::{Content, Part, Reply, Signature, ToolCall};
        let client = Client {
            model: "m",
            id: "i",
            created: 0,
            delivery: Default::default(),
            include_usage: false,
            ..Client::default()
        };
        let call = ToolCall { id: "1".into(), name: "f".into(), arguments: "{}".into() };
        let proof = Signature::new(Protocol::Gemini, "EmwKAhgBEgy3va3pzixY");
        let part = Part::new(Content::ToolCall(call)).signed(Some(proof));
        let reply = Reply { parts: vec![part], ..Reply::default() };
        for &(protocol, ref marks) in MARKS.iter() {
            let answer = Bytes::from(protocol.codec().write_response(&reply, &client));
            let found = are_in(marks, &Pieces::from(answer.clone()));
            assert_eq!(found, protocol != Protocol::Gemini, "{protocol}: {answer:?}");
        }
    }
}
