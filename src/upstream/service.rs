//! The service tier in a provider's answer, if its price depends on it: searched in the provider's
//! own bytes.
//!
//! It is created only if the price has service tiers.

use crate::protocol::usage;

/// The service tier in an answer.
#[derive(Debug, Default)]
pub(super) struct Service {
    named: Option<Box<str>>,
    /// The end of the last chunk, since a name may be split.
    seam: Vec<u8>,
}

impl Service {
    /// A known service tier.
    pub(super) fn of(named: Box<str>) -> Self {
        Self { named: Some(named), seam: Vec::new() }
    }

    /// The service tier found so far.
    pub(super) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Searches the next bytes.
    pub(super) fn observe(&mut self, piece: &[u8]) {
        self.seam.extend_from_slice(&piece[..piece.len().min(SEAM)]);
        let named = usage::service_tier(piece).or_else(|| usage::service_tier(&self.seam));
        if let Some(named) = named
            && self.named.as_deref() != Some(named)
        {
            self.named = Some(named.into());
        }
        if piece.len() >= SEAM {
            self.seam.clear();
            self.seam.extend_from_slice(&piece[piece.len() - SEAM..]);
        }
        let more = self.seam.len().saturating_sub(SEAM);
        self.seam.drain(..more);
    }
}

/// The most bytes of a service tier's key and value.
const SEAM: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_tier_is_found_however_the_answer_is_cut() {
        let answer = r#"{"id":"x","service_tier":"default"}{"choices":[],"service_tier":"priority","usage":{}}"#;
        for size in 1..answer.len() {
            let mut service = Service::default();
            answer.as_bytes().chunks(size).for_each(|piece| service.observe(piece));
            assert_eq!(service.named(), Some("priority"), "{size}");
        }
    }
}
