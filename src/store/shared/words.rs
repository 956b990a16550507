//! The messages about providers in the store's format.

use std::time::Duration;

use redis::Value;
use tokio::time::Instant;

use crate::live::limit::lease::Ask;

/// The messages that this replica has received.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Which life of the store's memory it is of, and how much of it.
    life: String,
    version: String,
    /// When the store was last asked.
    asked: Option<Instant>,
}

/// One thing that is said.
#[derive(Debug)]
pub(super) struct Say {
    /// `tell` or `ask`.
    pub(super) verb: &'static str,
    /// Which topic of which provider.
    pub(super) field: String,
    /// How long it holds.
    pub(super) lasts: Duration,
    pub(super) text: String,
}

/// Commands that are sent together.
pub(super) enum Commands<'a> {
    /// Requests about limits.
    Share(&'a [&'a Ask]),
    /// The known messages, and new ones.
    News((&'a str, &'a str), &'a [Say]),
}

impl Commands<'_> {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Share(asks) => asks.len(),
            Self::News(..) => 1,
        }
    }
}

/// The answer of the store.
#[derive(Debug)]
pub(super) struct Said {
    life: String,
    version: String,
    pub(super) now_us: u64,
    /// For each that was asked: how long another replica has it; zero where it was granted.
    pub(super) asked: Vec<u64>,
    pub(super) heard: Vec<(String, Duration, String)>,
}

impl Heard {
    /// What was received so far, in the script's format.
    pub(super) fn known(&self) -> (&str, &str) {
        (&self.life, if self.version.is_empty() { "0" } else { &self.version })
    }

    /// It is asked again as soon as it answers.
    pub(super) fn forget_when(&mut self) {
        self.asked = None;
    }

    /// All of this was received.
    pub(super) fn up_to(&mut self, said: &Said) {
        (self.life, self.version) = (said.life.clone(), said.version.clone());
        self.asked = Some(Instant::now());
    }

    /// Whether the store has lost what it knew.
    pub(super) fn is_of_another_life(&self, said: &Said) -> bool {
        !self.life.is_empty() && self.life != said.life
    }

    /// Whether to ask the store although no replica has announced messages.
    pub(super) fn is_due(&self, is_called: bool) -> bool {
        let each = if is_called { SELDOM } else { OFTEN };
        self.asked.is_none_or(|asked| asked.elapsed() >= each)
    }
}

impl Said {
    /// Reads the answer of the script.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let [life, version, now, asked, heard] = list(value)? else { return None };
        let asked = list(asked)?.iter().map(|left| number(left)?.try_into().ok());
        let heard = list(heard)?.chunks_exact(3).map(|one| {
            let [field, left, text] = one else { return None };
            let left = Duration::from_micros(number(left)?.try_into().ok()?);
            Some((text_of(field)?, left, text_of(text)?))
        });
        Some(Self {
            life: text_of(life)?,
            version: text_of(version)?,
            now_us: number(now)?.try_into().ok()?,
            asked: asked.collect::<Option<_>>()?,
            heard: heard.collect::<Option<_>>()?,
        })
    }
}

/// A number, however it is written.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::BulkString(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        Value::SimpleString(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number with a part after the point, which the server writes as text.
pub(super) fn decimal(value: &Value) -> Option<f64> {
    text_of(value)?.parse().ok().filter(|number: &f64| number.is_finite())
}

fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(parts) => Some(parts),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(text) => String::from_utf8(text.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

/// So often the store is asked where it cannot say by itself that there is news, and where it can.
const OFTEN: Duration = Duration::from_millis(400);
const SELDOM: Duration = Duration::from_secs(10);
