//! The rules of vendors for tool names and call IDs, and how a valid name is made. `protocol`
//! decides what is renamed.

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

/// What a vendor takes as the id of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdRule {
    /// Its fewest characters.
    pub(crate) shortest: usize,
    /// Its most characters.
    pub(crate) longest: usize,
    /// Characters besides letters and digits; `None` where all are taken.
    pub(crate) also: Option<&'static [char]>,
}

impl IdRule {
    /// Letters, digits, `_` and `-`.
    pub(crate) const PLAIN: Self =
        Self { shortest: 1, longest: usize::MAX, also: Some(&['_', '-']) };
    /// Every character.
    pub(crate) const ANY: Self = Self { also: None, ..Self::PLAIN };

    /// The same up to this length.
    pub(crate) const fn up_to(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    /// Whether the id keeps to it.
    pub(crate) fn fits(self, id: &str) -> bool {
        (self.shortest..=self.longest).contains(&id.len()) && id.chars().all(|c| self.takes(c))
    }

    fn takes(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || self.also.is_none_or(|also| also.contains(&c))
    }

    /// The same id with other characters in the place of those that are not taken, where that makes it
    /// fit.
    pub(crate) fn cleaned(self, id: &str) -> Option<String> {
        let instead = self.also?.first().copied()?;
        let clean: String = id.chars().map(|c| if self.takes(c) { c } else { instead }).collect();
        self.fits(&clean).then_some(clean)
    }

    /// An id that keeps to it: a hash of the old one, after as much of its beginning as fits.
    pub(crate) fn renamed(self, id: &str) -> String {
        let mut rest = wide_hash(id);
        let mut digits: Vec<char> = Vec::with_capacity(HASHED);
        while digits.len() < HASHED {
            digits.extend(char::from_digit((rest % 36) as u32, 36));
            rest /= 36;
        }
        let instead = self.also.and_then(|also| also.first().copied());
        let clean = |c: char| if self.takes(c) { Some(c) } else { instead };
        let kept = id.chars().filter(char::is_ascii).filter_map(clean);
        kept.take(self.longest.saturating_sub(HASHED).min(LONGEST_BEGINNING))
            .chain(digits)
            .collect()
    }
}

/// The characters of a hash in an id: as many as the shortest id of any vendor has.
const HASHED: usize = 9;
const LONGEST_BEGINNING: usize = 24;

/// FNV-1a: stable over versions and machines, as ids in a history must be. The last step spreads what the
/// end of the text says over all bits.
fn wide_hash(text: &str) -> u64 {
    let hash = hash_of_all([text]);
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// FNV-1a of texts, one after the other.
pub(crate) fn hash_of_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let bytes = texts.into_iter().flat_map(str::bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// FNV-1a, folded to 32 bits: stable over versions and machines, as names in a history must be.
pub(crate) fn hash(text: &str) -> u32 {
    let wide = hash_of_all([text]);
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
