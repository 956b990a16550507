//! Whose limit said no.

/// Whose limit refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The caller's key.
    Key,
    /// What the caller's key belongs to.
    Team,
    /// The alias.
    Pool,
    /// The one provider that may serve.
    Provider,
}

impl Whose {
    /// The word that stands in the envelope's `param` and in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Team => "team",
            Self::Pool => "pool",
            Self::Provider => "provider",
        }
    }
}

impl Whose {
    /// What it is called in a sentence.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Key => "API key",
            Self::Team => "API key's team",
            Self::Pool => "model",
            Self::Provider => "model's provider",
        }
    }
}
