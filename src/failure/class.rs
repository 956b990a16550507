//! What kind of failure it is, for everything that is decided about it: fallback, rest, metrics.

use std::{borrow::Borrow, collections::HashMap};

use schemars::JsonSchema;
use serde::Deserialize;

/// Declares the classes, each with its name in files and in metrics: the one table of these names.
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
    /// Too many requests for now.
    RateLimit = "rate_limit",
    /// Nothing left to spend: waiting a little does not help.
    Quota = "quota",
    /// The provider has too much to do.
    Overloaded = "overloaded",
    /// The provider's fault.
    Server = "server_error",
    /// Not in time.
    Timeout = "timeout",
    /// No connection, or one that broke.
    Unreachable = "unreachable",
    /// Not what the protocol says.
    Malformed = "malformed",
    /// The credential is refused.
    Credential = "credential",
    /// The provider does not know the model that it is asked for: it is misconfigured.
    ModelMissing = "model_missing",
    /// The prompt is too long for this provider.
    ContextWindow = "context_window",
    /// The content is filtered by this provider.
    ContentFilter = "content_filter",
    /// The client's fault: any provider would say so.
    Client = "client_fault",
    /// The time of the whole request ran out, which says nothing of the provider.
    Deadline = "deadline",
}

/// What a provider's own errors mean: the operator's `error_classes` and `error_phrases`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ErrorClasses {
    codes: HashMap<Box<str>, Class>,
    /// In small letters.
    phrases: Vec<(Box<str>, Class)>,
}

impl ErrorClasses {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with what sentences say, whatever the case of their letters.
    #[must_use]
    pub(crate) fn with_phrases<'a>(
        mut self,
        phrases: impl IntoIterator<Item = (&'a str, Class)>,
    ) -> Self {
        let phrases = phrases.into_iter();
        self.phrases.extend(phrases.map(|(text, class)| (text.to_lowercase().into(), class)));
        self
    }

    /// The class of an error with these codes and this sentence: the first code that is named, else
    /// the first phrase that the sentence holds.
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
    /// The class of an answer of which only the status is known.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            // Not in HTTP's registry: 498 is an invalid token, 499 a request that the provider
            // gave up, 529 an overload.
            401 | 403 | 498 => Self::Credential,
            402 => Self::Quota,
            413 => Self::ContextWindow,
            429 => Self::RateLimit,
            529 => Self::Overloaded,
            408 | 499.. => Self::Server,
            _ => Self::Client,
        }
    }

    /// Whether the provider would say the same of the same request again.
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

    /// Whether it is a fault of how the provider is configured here, which another one has not.
    pub(crate) fn is_misconfigured(self) -> bool {
        matches!(self, Self::Credential | Self::ModelMissing)
    }

    /// The status under which this class is usual.
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
