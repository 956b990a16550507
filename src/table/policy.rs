//! What must be so of a provider before it may have a request: labels with their values.
//!
//! It fails closed: a label that a provider does not have is not as required.

use std::collections::BTreeMap;

/// Labels with their values.
pub(crate) type Labels = BTreeMap<String, String>;

/// Labels that a provider must have, with these values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Required(Vec<(Box<str>, Box<str>)>);

impl Required {
    /// These; none where the file says nothing.
    pub(crate) fn of(labels: Option<&Labels>) -> Option<Box<Self>> {
        let mut required = Self::default();
        required.add(labels?.iter().map(|(name, value)| (&**name, &**value)));
        (!required.0.is_empty()).then(|| Box::new(required))
    }

    /// Requires these, too.
    pub(crate) fn add<'a>(&mut self, labels: impl Iterator<Item = (&'a str, &'a str)>) {
        self.0.extend(labels.map(|(name, value)| (name.into(), value.into())));
    }

    /// Each, in the order in which they were added.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The name of the first label that is not as required.
    pub(crate) fn missed_by(&self, labels: &Labels) -> Option<&str> {
        let is_missed = |(name, value): &(&str, &str)| {
            labels.get(*name).is_none_or(|its| its.as_str() != *value)
        };
        self.each().find(is_missed).map(|(name, _)| name)
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
            assert_eq!(required.missed_by(&its), missed);
        }
        assert_eq!(Required::of(Some(&Labels::new())), None);
        assert_eq!(Required::of(None), None);
    }
}
