//! Counts of incidents that raise alerts, by alias and provider, read from the counters.

use std::collections::HashMap;

use super::{Meters, totals::each};

/// A fault that an operator has to repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Incident {
    /// The provider refused its credential.
    CredentialRefused,
    /// The provider does not know its model.
    ModelMissing,
    /// Its tokens have no price, although the file has prices.
    Unpriced,
}

/// The number of each incident.
#[derive(Debug, Default)]
pub(crate) struct Incidents(HashMap<(Incident, String, String), u64>);

impl Incidents {
    /// The number of an incident at a provider.
    pub(crate) fn count(&self, what: Incident, alias: &str, provider: &str) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        let key = (what, alias.to_owned(), provider.to_owned());
        self.0.get(&key).copied().unwrap_or_default()
    }
}

impl Meters {
    /// Reads the incidents from the counters.
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
