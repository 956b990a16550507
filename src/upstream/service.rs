//! The service tier that a provider names in its answer, where its price depends on it: found in the bytes as the
//! provider sent them, whatever becomes of them.
//!
//! It is made for no answer whose price has no service tiers.

use crate::protocol::usage;

/// The service tier that a provider names somewhere in its answer.
#[derive(Debug, Default)]
pub(super) struct Service {
    named: Option<Box<str>>,
    /// The end of the last piece: a name may be cut.
    seam: Vec<u8>,
}

impl Service {
    /// One that is known already.
    pub(super) fn of(named: Box<str>) -> Self {
        Self { named: Some(named), seam: Vec::new() }
    }

    /// What has been named so far.
    pub(super) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Looks at what comes next.
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

/// Bytes that a service tier's key and its name take.
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
