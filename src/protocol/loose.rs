//! Fields of errors, which vendors fill as they like: a code may be a number, and what is of another
//! shape says nothing, but it is no reason to lose the rest.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// An error's code.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Code {
    Number(u16),
    Text(String),
    Other(IgnoredAny),
}

impl Code {
    /// The HTTP status that it is.
    pub(crate) fn status(&self) -> Option<u16> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.parse().ok()?,
            Self::Other(_) => return None,
        };
        (400..600).contains(&number).then_some(number)
    }

    /// The word that it is.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Other(_) => None,
        }
    }
}

/// The sentence of an error, or that there is none.
pub(crate) fn sentence(message: Option<String>) -> String {
    message.unwrap_or_else(|| "the provider gave no message".to_owned())
}

/// A name without what AWS writes around it: `com.amazon#ThrottlingException:http://…`.
pub(crate) fn bare_name(name: &str) -> &str {
    let name = name.split_once(":http").map_or(name, |(name, _)| name);
    name.rsplit('#').next().unwrap_or(name).trim()
}

/// A text, if it is one.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Loose::deserialize(from)? {
        Loose::Fit(text) => Some(text),
        Loose::Other(_) => None,
    })
}

/// What fits of a list; what is no list holds nothing.
pub(crate) fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let items: Vec<Loose<T>> = match Loose::deserialize(from)? {
        Loose::Fit(items) => items,
        Loose::Other(_) => Vec::new(),
    };
    let fitting = items.into_iter().filter_map(|item| match item {
        Loose::Fit(item) => Some(item),
        Loose::Other(_) => None,
    });
    Ok(fitting.collect())
}

/// What is of the right shape, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose<T> {
    Fit(T),
    Other(IgnoredAny),
}
