//! What a provider needs to receive a request: labels with their values, and no missing capability.
//!
//! A missing label excludes a provider; an undeclared capability does not.

use std::collections::BTreeMap;

use crate::{protocol::needs::Capabilities, refusal::Refusal, words::Capability};

/// Labels with their values.
pub(crate) type Labels = BTreeMap<String, String>;

/// The labels and capabilities of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its labels.
    pub(crate) labels: Labels,
    /// The capabilities that it does not have.
    pub(crate) lacks: Capabilities,
}

/// Required labels with their values, and needed capabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Required {
    labels: Vec<(Box<str>, Box<str>)>,
    /// The capabilities that the request needs.
    pub(crate) needs: Capabilities,
}

/// Why a provider is excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed<'a> {
    /// A label that it does not have, or has with another value.
    Label(&'a str),
    /// A capability that it does not have.
    Capability(Capability),
}

impl Required {
    /// The required labels; `None` if there are none.
    pub(crate) fn of(labels: Option<&Labels>) -> Option<Box<Self>> {
        let mut required = Self::default();
        required.add(labels?.iter().map(|(name, value)| (&**name, &**value)));
        (!required.labels.is_empty()).then(|| Box::new(required))
    }

    /// Adds required labels.
    pub(crate) fn add<'a>(&mut self, labels: impl Iterator<Item = (&'a str, &'a str)>) {
        self.labels.extend(labels.map(|(name, value)| (name.into(), value.into())));
    }

    /// The labels, in the order in which they were added.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(name, value)| (&**name, &**value))
    }

    /// What excludes a provider; a label before a capability.
    pub(crate) fn missed_by(&self, facts: &Facts) -> Option<Missed<'_>> {
        let label = self.each().find(|label| !facts.has(*label));
        let label = label.map(|(name, _)| Missed::Label(name));
        label.or_else(|| self.needs.and(facts.lacks).each().next().map(Missed::Capability))
    }

    /// Why all of these providers are excluded; `None` if one is not.
    pub(crate) fn excludes_all<'a>(
        &'a self,
        all: impl Iterator<Item = &'a Facts>,
    ) -> Option<Missed<'a>> {
        let all: Vec<&Facts> = all.collect();
        let mut missed = all.iter().map(|facts| self.missed_by(facts));
        if all.is_empty() || missed.any(|missed| missed.is_none()) {
            return None;
        }
        // Prefers the capability that providers with the right labels lack; then the label that no
        // provider has; then the reason of the first.
        let missed_by = |facts: &&Facts| self.missed_by(facts);
        let is_capability = |missed: &Missed<'_>| matches!(missed, Missed::Capability(_));
        let lacked = all.iter().filter_map(missed_by).find(is_capability);
        let nowhere = |label: &(&str, &str)| all.iter().all(|facts| !facts.has(*label));
        let label = || self.each().find(nowhere).map(|(name, _)| Missed::Label(name));
        lacked.or_else(label).or_else(|| all.first().and_then(missed_by))
    }
}

impl Facts {
    /// Whether it has this label with this value.
    pub(crate) fn has(&self, (name, value): (&str, &str)) -> bool {
        self.labels.get(name).is_some_and(|its| its.as_str() == value)
    }
}

impl Missed<'_> {
    /// The refusal if no provider is left.
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::Label(name) => Refusal::Policy(name.into()),
            Self::Capability(one) => Refusal::Lacking(one.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_label_must_be_there_with_its_value() {
        let required = Required::of(Some(&labels(&[("region", "eu"), ("tier", "gold")]))).unwrap();
        for (its, missed) in [
            (labels(&[("region", "eu"), ("tier", "gold"), ("more", "x")]), None),
            (labels(&[("region", "us"), ("tier", "gold")]), Some("region")),
            (labels(&[("region", "eu")]), Some("tier")),
            (labels(&[("region", "EU"), ("tier", "gold")]), Some("region")),
            (Labels::new(), Some("region")),
        ] {
            let its = Facts { labels: its, ..Facts::default() };
            assert_eq!(required.missed_by(&its), missed.map(Missed::Label));
        }
        assert_eq!(Required::of(Some(&Labels::new())), None);
        assert_eq!(Required::of(None), None);
    }
    #[test]
    fn what_a_provider_lacks_excludes_it_from_what_needs_that() {
        let lacking =
            |all: &[Capability]| Facts { lacks: all.iter().copied().collect(), ..Facts::default() };
        let vision = Required { needs: Capability::Vision.into(), ..Required::default() };
        let (blind, deaf) = (lacking(&[Capability::Vision]), lacking(&[Capability::Audio]));
        assert_eq!(vision.missed_by(&blind), Some(Missed::Capability(Capability::Vision)));
        assert_eq!(vision.missed_by(&deaf), None);
        assert_eq!(vision.missed_by(&Facts::default()), None);
        assert_eq!(Required::default().missed_by(&blind), None);
    }

    #[test]
    fn the_reason_is_that_of_the_providers_that_come_nearest() {
        let facts = |pairs: &[(&str, &str)], lacks: &[Capability]| Facts {
            labels: labels(pairs),
            lacks: lacks.iter().copied().collect(),
        };
        let mut required = Required::of(Some(&labels(&[("region", "eu")]))).unwrap();
        required.needs = Capability::Vision.into();
        let us = facts(&[("region", "us")], &[]);
        let blind = facts(&[("region", "eu")], &[Capability::Vision]);
        let of = |all: &[&Facts]| required.excludes_all(all.iter().copied()).map(Missed::refusal);
        assert_eq!(of(&[&us, &blind]), Some(Refusal::Lacking("vision")));
        assert_eq!(of(&[&us]), Some(Refusal::Policy("region".into())));
        assert_eq!(of(&[&us, &facts(&[("region", "eu")], &[])]), None);
        assert_eq!(of(&[]), None);
    }
}
