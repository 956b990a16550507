//! What a vendor takes as a tool's name, and how a name is made that it takes.
//!
//! It never renames what fits already: `protocol` decides what is renamed.

/// What a vendor takes as a tool's name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameRule {
    /// Its most characters.
    pub(crate) longest: usize,
    /// Characters besides letters, digits and `_`.
    pub(crate) also: &'static [char],
    /// Whether it must begin with a letter or `_`.
    pub(crate) begins_with_letter: bool,
}

impl NameRule {
    /// Letters, digits, `_` and `-`, up to 64.
    pub(crate) const PLAIN: Self = Self { longest: 64, also: &['-'], begins_with_letter: false };

    /// Whether the name keeps to it.
    pub(crate) fn fits(self, name: &str) -> bool {
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        !name.is_empty()
            && name.len() <= self.longest
            && (begins || !self.begins_with_letter)
            && name.chars().all(|c| self.takes(c))
    }

    fn takes(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || c == '_' || self.also.contains(&c)
    }

    /// A name that keeps to it: a prefix of the old one and a hash of it.
    pub(crate) fn renamed(self, name: &str) -> String {
        let clean = name.chars().map(|c| if self.takes(c) { c } else { '_' });
        let begins = clean.clone().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let before = (self.begins_with_letter && !begins).then_some('_');
        let hash = format!("_{:08x}", hash(name));
        let kept = before.into_iter().chain(clean).take(self.longest.saturating_sub(hash.len()));
        kept.chain(hash.chars()).collect()
    }
}

/// FNV-1a, folded to 32 bits: stable over versions and machines, as names in a history must be.
fn hash(text: &str) -> u32 {
    let wide = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (wide ^ (wide >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renamed_name_keeps_to_its_rule() {
        let rule = NameRule { longest: 64, also: &['-', '.'], begins_with_letter: true };
        for name in ["2fa", "-x", ".y", "", &"9".repeat(80)] {
            assert!(!rule.fits(name), "{name}");
            assert!(rule.fits(&rule.renamed(name)), "{name}: {}", rule.renamed(name));
        }
        assert!(rule.fits("_2fa") && rule.fits("a.b-c"));
        assert!(NameRule { begins_with_letter: false, ..rule }.fits("2fa"));
    }
}
