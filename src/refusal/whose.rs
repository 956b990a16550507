//! Whose limit said no.

/// The owner of the limit that refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The caller's key.
    Key,
    /// The team of the caller's key.
    Team,
    /// The alias.
    Pool,
    /// The only provider that could serve.
    Provider,
}

impl Whose {
    /// The word in the envelope's `param` and in metrics.
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
    /// The noun in a sentence.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Key => "API key",
            Self::Team => "API key's team",
            Self::Pool => "model",
            Self::Provider => "model's provider",
        }
    }
}
