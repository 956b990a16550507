//! What must be so of a provider before it may have a request: labels with their values, and that it does not say
//! that it lacks what the request needs.
//!
//! It fails closed on labels: one that a provider does not have is not as required. What a provider does not say of its
//! capabilities is not known, and excludes it from nothing.

use std::collections::BTreeMap;

use crate::{protocol::needs::Capabilities, refusal::Refusal, words::Capability};

/// Labels with their values.
pub(crate) type Labels = BTreeMap<String, String>;

/// What is said of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its labels.
    pub(crate) labels: Labels,
    /// What it says that it is unable to do.
    pub(crate) lacks: Capabilities,
}

/// Labels that a provider must have, with these values, and what it must be able to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Required {
    labels: Vec<(Box<str>, Box<str>)>,
    /// What the request needs.
    pub(crate) needs: Capabilities,
}

/// What excludes a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed<'a> {
    /// A label that it does not have, or not with the value that is required.
    Label(&'a str),
    /// It says that it lacks this.
    Capability(Capability),
}

impl Required {
    /// These; none where the file says nothing.
    pub(crate) fn of(labels: Option<&Labels>) -> Option<Box<Self>> {
        let mut required = Self::default();
        required.add(labels?.iter().map(|(name, value)| (&**name, &**value)));
        (!required.labels.is_empty()).then(|| Box::new(required))
    }

    /// Requires these, too.
    pub(crate) fn add<'a>(&mut self, labels: impl Iterator<Item = (&'a str, &'a str)>) {
        self.labels.extend(labels.map(|(name, value)| (name.into(), value.into())));
    }

    /// Each label, in the order in which they were added.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(name, value)| (&**name, &**value))
    }

    /// What excludes a provider of which this is said; a label before a capability.
    pub(crate) fn missed_by(&self, facts: &Facts) -> Option<Missed<'_>> {
        let label = self.each().find(|label| !facts.has(*label));
        let label = label.map(|(name, _)| Missed::Label(name));
        label.or_else(|| self.needs.and(facts.lacks).each().next().map(Missed::Capability))
    }

    /// Why none of these providers may have the request; `None` where one may.
    pub(crate) fn excludes_all<'a>(
        &'a self,
        all: impl Iterator<Item = &'a Facts>,
    ) -> Option<Missed<'a>> {
        let all: Vec<&Facts> = all.collect();
        let mut missed = all.iter().map(|facts| self.missed_by(facts));
        if all.is_empty() || missed.any(|missed| missed.is_none()) {
            return None;
        }
        // Those that are as required and lack what is needed; else the label that no provider has as
        // required; else one that is in the way of the first.
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
    /// What the client is told where no provider is left.
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
