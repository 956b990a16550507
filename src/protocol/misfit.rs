//! Why a request does not fit: it cannot be read, or the provider's protocol cannot express it.

use std::fmt;

/// A request that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Where: `messages[2].content`; empty for the body as a whole.
    pub(crate) field: String,
    /// What is wrong, for the client. It never quotes a value.
    pub message: String,
}

/// A request that the provider's protocol cannot express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What cannot be carried.
    pub field: String,
}

impl ReadError {
    /// An error of one field.
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same error, seen from the object that holds `outer`.
    #[must_use]
    pub(crate) fn within(self, outer: impl fmt::Display) -> Self {
        let field = match self.field.as_str() {
            "" => outer.to_string(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        Self { field, ..self }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.message),
            field => write!(f, "`{field}` {}", self.message),
        }
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be carried to this model's provider", self.field)
    }
}

impl std::error::Error for Refused {}
