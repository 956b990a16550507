//! Guardrails: rules on the texts of requests and answers, and where they match.
//!
//! Pure: no file, protocol, clock or network. Matched texts are not kept.

mod sets;
mod pattern;
mod json;
mod escapes;
mod data;
mod spans;
pub(crate) mod body;
pub(crate) mod texts;
mod channel;
pub(crate) mod stream;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::{pattern::Pattern, sets::Set};

/// Rules in the order of their names.
pub(crate) type Guardrails = Arc<[Arc<Rule>]>;

/// The rules of a file, by name.
pub(crate) type Rules = BTreeMap<Box<str>, Arc<Rule>>;

/// A named rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name: letters, digits and a few marks, so that it can stand anywhere.
    pub(crate) name: Box<str>,
    /// What it searches for.
    pub(crate) finder: Finder,
    /// Which side it inspects.
    pub(crate) on: Side,
    /// What happens to a match.
    pub(crate) action: Action,
}

/// What a rule searches for.
#[derive(Debug)]
pub(crate) enum Finder {
    /// Something that is known here.
    Set(Set),
    /// A pattern of the operator's.
    Pattern(Box<Pattern>),
    /// A webhook by its index in the table. It receives the texts; nothing is searched here.
    Webhook(usize),
}

/// Which texts a rule inspects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GuardrailSide")]
pub(crate) enum Side {
    /// What clients send.
    #[default]
    Input,
    /// What providers answer.
    Output,
    /// Both.
    Both,
}

/// What happens if a webhook cannot be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GuardrailFailure")]
pub(crate) enum OnFailure {
    /// The request is refused.
    #[default]
    Deny,
    /// It passes, and is counted.
    Allow,
}

/// What happens to a match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GuardrailAction")]
pub(crate) enum Action {
    /// The request is refused.
    #[default]
    Deny,
    /// The rule's name replaces it.
    Redact,
    /// It passes and is counted.
    Flag,
}

impl Rule {
    /// The text that replaces a match.
    pub(crate) fn mark(&self) -> String {
        format!("[redacted:{}]", self.name)
    }

    /// The index of its webhook, if it has one.
    pub(crate) fn webhook(&self) -> Option<usize> {
        match self.finder {
            Finder::Webhook(nth) => Some(nth),
            Finder::Set(_) | Finder::Pattern(_) => None,
        }
    }
}

impl Finder {
    /// Calls `found` with each match in order; matches may overlap.
    pub(crate) fn each(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        match self {
            Self::Set(set) => set.each(text, found),
            Self::Pattern(pattern) => pattern.each(text, found),
            Self::Webhook(_) => {}
        }
    }
}

impl Finder {
    /// The start of a possible match that more text would decide.
    fn open(&self, text: &[u8]) -> usize {
        match self {
            Self::Set(set) => set.open(text),
            Self::Pattern(pattern) => pattern.open(text),
            Self::Webhook(_) => text.len(),
        }
    }

    /// Whether the end of the text is probably the start of a match.
    fn is_likely(&self, text: &[u8]) -> bool {
        match self {
            Self::Set(set) => set.is_likely(text.get(set.open(text)..).unwrap_or_default()),
            Self::Pattern(_) | Self::Webhook(_) => false,
        }
    }
}

impl Side {
    /// Whether it is what clients send.
    pub(crate) fn has_input(self) -> bool {
        self != Self::Output
    }

    /// Whether it is what providers answer.
    pub(crate) fn has_output(self) -> bool {
        self != Self::Input
    }

    /// Its name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Both => "both",
        }
    }
}

impl Action {
    /// Its name in files and in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Redact => "redact",
            Self::Flag => "flag",
        }
    }
}
