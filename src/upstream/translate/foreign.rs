//! Proofs of other vendors' reasoning in a request that could pass untouched: an earlier turn was
//! answered by a provider of another protocol. A vendor refuses what it has not made, so such a
//! request is read and written like any that is translated.
//!
//! It never reads a request: it looks for the marks that the writers of answers set.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use smallvec::SmallVec;

use crate::{
    body::Pieces,
    protocol::{Operation, Protocol},
    upstream::request::Inbound,
};

/// Whether the client gives back what another vendor has proven.
pub(super) fn is_given_back(inbound: &Inbound) -> bool {
    let Some(endpoint) = &inbound.endpoint else { return false };
    let is_said = matches!(endpoint.operation, Operation::Generate | Operation::CountTokens);
    let its = MARKS.iter().find(|(protocol, _)| is_said && *protocol == endpoint.protocol);
    its.is_some_and(|(_, marks)| marks.iter().any(|mark| is_in(&inbound.body, mark)))
}

/// Whether the bytes hold the mark, also across the ends of pieces.
fn is_in(body: &Pieces, mark: &Finder<'_>) -> bool {
    let overlap = mark.needle().len() - 1;
    let mut tail: SmallVec<[u8; 64]> = SmallVec::new();
    body.iter().any(|piece| {
        tail.extend_from_slice(&piece[..piece.len().min(overlap)]);
        if mark.find(piece).is_some() || mark.find(&tail).is_some() {
            return true;
        }
        if piece.len() > overlap {
            tail = SmallVec::from_slice(&piece[piece.len() - overlap..]);
        } else {
            tail.drain(..tail.len().saturating_sub(overlap));
        }
        false
    })
}

static MARKS: LazyLock<Vec<(Protocol, Vec<Finder<'static>>)>> = LazyLock::new(|| {
    let all = Protocol::ALL.iter();
    let finders =
        |protocol: Protocol| protocol.manner().foreign_proofs.iter().map(Finder::new).collect();
    all.map(|&protocol| (protocol, finders(protocol))).collect()
});

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_mark_is_found_wherever_the_body_is_cut() {
        let text = b"aaaa\"signature\":\"onwards#gemini#x\"bbbb";
        let mark = Finder::new("\"onwards#");
        let pieces = |cuts: &[usize]| {
            let (mut body, mut from) = (Pieces::new(), 0);
            for &cut in cuts.iter().chain([&text.len()]) {
                body.push(Bytes::copy_from_slice(&text[from..cut]));
                from = cut;
            }
            body
        };
        for first in 0..=text.len() {
            for second in first..=text.len() {
                assert!(is_in(&pieces(&[first, second]), &mark), "{first} {second}");
            }
        }
        let singly: Vec<usize> = (1..text.len()).collect();
        assert!(is_in(&pieces(&singly), &mark));
        assert!(!is_in(&pieces(&singly), &Finder::new("\"onwards!")));
        assert!(!is_in(&pieces(&[]), &Finder::new("\"onwards!")));
    }

    /// What each protocol's clients are given of another's, and what they give back.
    #[test]
    fn every_foreign_proof_bears_a_mark() {
        use crate::protocol::conversation::{Content, Part, Reply, Signature};
        use crate::protocol::wire::Client;
        let client = Client {
            model: "m",
            id: "i",
            created: 0,
            delivery: Default::default(),
            include_usage: false,
        };
        for &(protocol, ref marks) in MARKS.iter().filter(|(_, marks)| !marks.is_empty()) {
            for vendor in [Protocol::Anthropic, Protocol::Gemini, Protocol::OpenAiResponses] {
                let claudes = (protocol, vendor) == (Protocol::Bedrock, Protocol::Anthropic);
                let own = protocol == vendor || claudes;
                // A vendor's own seals are only where it has some.
                let sealed = (protocol != vendor).then_some(Content::Redacted);
                for content in sealed.into_iter().chain([Content::Reasoning("r".into())]) {
                    let proof = Signature::new(vendor, "EmwKAhgBEgy3va3pzixY");
                    let parts = vec![Part::new(content).signed(Some(proof))];
                    let reply = Reply { parts, ..Reply::default() };
                    let answer = Bytes::from(protocol.wire().write_response(&reply, &client));
                    let is_marked = |mark| is_in(&Pieces::from(answer.clone()), mark);
                    let found = marks.iter().any(is_marked);
                    assert_eq!(found, !own, "{vendor}'s for {protocol}: {answer:?}");
                }
            }
        }
    }
}
