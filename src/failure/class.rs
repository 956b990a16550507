//! The class of a failure, on which fallback, rest and metrics depend.

use std::{borrow::Borrow, collections::HashMap};

use schemars::JsonSchema;
use serde::Deserialize;

/// Declares the classes with their names in files and metrics.
macro_rules! classes {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, )+) => {
        /// A class of failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
        #[schemars(inline)]
        pub enum Class {
            $( $(#[$doc])* #[serde(rename = $name)] $variant, )+
        }

        impl Class {
            /// Its name, in files and in metrics.
            pub(crate) const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }
        }
    };
}

classes! {
    /// Too many requests at the moment.
    RateLimit = "rate_limit",
    /// The quota is exhausted; a short wait does not help.
    Quota = "quota",
    /// The provider is overloaded.
    Overloaded = "overloaded",
    /// The provider's fault.
    Server = "server_error",
    /// A timeout.
    Timeout = "timeout",
    /// No connection, or a broken one.
    Unreachable = "unreachable",
    /// Invalid in its protocol.
    Malformed = "malformed",
    /// The credential was refused.
    Credential = "credential",
    /// The provider does not know the requested model: it is misconfigured.
    ModelMissing = "model_missing",
    /// The prompt is too long for this provider.
    ContextWindow = "context_window",
    /// This provider filtered the content.
    ContentFilter = "content_filter",
    /// The client's mistake, for which any provider would refuse.
    Client = "client_fault",
    /// The deadline of the whole request, which says nothing about the provider.
    Deadline = "deadline",
}

/// What a provider's own errors mean: the operator's `error_classes` and `error_phrases`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ErrorClasses {
    codes: HashMap<Box<str>, Class>,
    /// In lower case.
    phrases: Vec<(Box<str>, Class)>,
}

impl ErrorClasses {
    /// No classes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with phrases, ignoring case.
    #[must_use]
    pub(crate) fn with_phrases<'a>(
        mut self,
        phrases: impl IntoIterator<Item = (&'a str, Class)>,
    ) -> Self {
        let phrases = phrases.into_iter();
        self.phrases.extend(phrases.map(|(text, class)| (text.to_lowercase().into(), class)));
        self
    }

    /// The class of an error with these codes and this message: the first listed code, otherwise
    /// the first phrase in the message.
    pub(super) fn find<C: Borrow<str>>(&self, codes: &[C], sentence: &str) -> Option<Class> {
        if !self.codes.is_empty()
            && let Some(class) = codes.iter().find_map(|code| self.codes.get(code.borrow()))
        {
            return Some(*class);
        }
        if self.phrases.is_empty() {
            return None;
        }
        let sentence = sentence.to_lowercase();
        let said = self.phrases.iter().find(|(text, _)| sentence.contains(&**text));
        said.map(|(_, class)| *class)
    }
}

impl FromIterator<(Box<str>, Class)> for ErrorClasses {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Class)>>(codes: I) -> Self {
        Self { codes: codes.into_iter().collect(), phrases: Vec::new() }
    }
}

impl<const N: usize> From<[(Box<str>, Class); N]> for ErrorClasses {
    fn from(codes: [(Box<str>, Class); N]) -> Self {
        codes.into_iter().collect()
    }
}

impl Class {
    /// The class of an answer with only a status.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            // Not in HTTP's registry: 498 is an invalid token, 499 a request cancelled by the
            // provider, 529 an overload.
            401 | 403 | 498 => Self::Credential,
            402 => Self::Quota,
            413 => Self::ContextWindow,
            429 => Self::RateLimit,
            529 => Self::Overloaded,
            408 | 499.. => Self::Server,
            _ => Self::Client,
        }
    }

    /// Whether the provider would answer the same request the same way.
    pub(crate) fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::ContextWindow
                | Self::ContentFilter
                | Self::Credential
                | Self::Quota
                | Self::ModelMissing
                | Self::Client
        )
    }

    /// Whether the provider is misconfigured, which others are not.
    pub(crate) fn is_misconfigured(self) -> bool {
        matches!(self, Self::Credential | Self::ModelMissing)
    }

    /// The usual status of this class.
    pub(crate) fn usual_status(self) -> Option<u16> {
        match self {
            Self::RateLimit | Self::Quota => Some(429),
            Self::Overloaded => Some(503),
            Self::Server => Some(500),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Class;

    #[test]
    fn every_status_has_a_class() {
        for (status, class) in [
            (400, Class::Client),
            (401, Class::Credential),
            (402, Class::Quota),
            (404, Class::Client),
            (408, Class::Server),
            (413, Class::ContextWindow),
            (422, Class::Client),
            (429, Class::RateLimit),
            (498, Class::Credential),
            (499, Class::Server),
            (500, Class::Server),
            (529, Class::Overloaded),
            (599, Class::Server),
        ] {
            assert_eq!(Class::of_status(status), class, "{status}");
        }
    }
}
