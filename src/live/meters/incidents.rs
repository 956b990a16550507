//! How often what is an alert has happened, by alias and provider: from the counters.

use std::collections::HashMap;

use super::{Meters, totals::each};

/// Something that an operator has to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Incident {
    /// The provider refused its credential.
    CredentialRefused,
    /// The provider does not know its model.
    ModelMissing,
    /// Its tokens have no price in a file that has prices.
    Unpriced,
}

/// How often each has happened.
#[derive(Debug, Default)]
pub(crate) struct Incidents(HashMap<(Incident, String, String), u64>);

impl Incidents {
    /// How often it has happened to a provider.
    pub(crate) fn count(&self, what: Incident, alias: &str, provider: &str) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        let key = (what, alias.to_owned(), provider.to_owned());
        self.0.get(&key).copied().unwrap_or_default()
    }
}

impl Meters {
    /// What the counters hold of incidents.
    pub(crate) fn incidents(&self) -> Incidents {
        let mut incidents = Incidents::default();
        for (what, series) in [
            (Incident::CredentialRefused, &self.health.credentials_refused),
            (Incident::ModelMissing, &self.health.models_missing),
            (Incident::Unpriced, &self.unpriced),
        ] {
            each(series, ["alias", "provider"], |[alias, provider], count| {
                incidents.0.insert((what, alias.to_owned(), provider.to_owned()), count);
            });
        }
        incidents
    }
}
