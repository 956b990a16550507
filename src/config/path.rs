//! A place in the configuration, such as `targets["gpt-4"].providers[1].weight`.
//!
//! It is not a path of the file system, and it holds no value.

use std::fmt;

use crate::secret::names::may_be_credential;

/// A path from the root of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Path(Vec<Segment>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// A key of an object.
    Key(String),
    /// An index of a list, from 0.
    Index(usize),
}

/// A path during a walk. It borrows, so that a walk without problems copies nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trail<'a> {
    up: Option<&'a Trail<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl Path {
    /// The root.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// Appends a key.
    #[must_use]
    pub(crate) fn key(&self, key: impl Into<String>) -> Self {
        self.step(Segment::Key(key.into()))
    }

    /// Appends an index, counted from 0.
    #[must_use]
    pub(crate) fn index(&self, index: usize) -> Self {
        self.step(Segment::Index(index))
    }

    /// Appends several segments.
    #[must_use]
    pub(super) fn join(&self, steps: &[Segment]) -> Self {
        Self(self.0.iter().chain(steps).cloned().collect())
    }

    fn step(&self, segment: Segment) -> Self {
        Self(self.0.iter().cloned().chain([segment]).collect())
    }

    /// The segments from the root.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether segment `at` is a name chosen by the user, of an alias or a key definition.
    fn is_chosen_name(&self, at: usize) -> bool {
        let key = |at: usize| match self.0.get(at) {
            Some(Segment::Key(key)) => Some(key.as_str()),
            _ => None,
        };
        match at {
            1 => key(0) == Some("targets"),
            2 => key(0) == Some("auth") && key(1) == Some("key_definitions"),
            _ => false,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if self.is_chosen_name(at) || !is_plain(key) => {
                    write!(f, "[\"{}\"]", shown(key))?;
                }
                Segment::Key(key) if at == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

impl<'a> Trail<'a> {
    pub(super) fn key(up: Option<&'a Trail<'a>>, key: &'a str) -> Self {
        Self { up, step: Step::Key(key) }
    }

    pub(super) fn index(up: Option<&'a Trail<'a>>, index: usize) -> Self {
        Self { up, step: Step::Index(index) }
    }

    /// The last segment, if it is a key.
    pub(super) fn last_key(&self) -> Option<&'a str> {
        match self.step {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        }
    }

    /// The last key on the path.
    pub(super) fn nearest_key(&self) -> Option<&'a str> {
        std::iter::successors(Some(self), |trail| trail.up).find_map(Self::last_key)
    }

    /// Whether this is a file in the `tls` of a provider. The files of the root's `tls` are read
    /// separately.
    pub(super) fn names_file_of_provider(&self) -> bool {
        let is_file = matches!(self.step, Step::Key("ca" | "cert" | "key"));
        is_file
            && self.up.is_some_and(|up| matches!(up.step, Step::Key("tls")) && up.up.is_some())
            && std::iter::successors(Some(self), |trail| trail.up)
                .last()
                .is_some_and(|root| matches!(root.step, Step::Key("targets")))
    }

    pub(super) fn path(trail: Option<&Self>) -> Path {
        let mut segments: Vec<Segment> = std::iter::successors(trail, |trail| trail.up)
            .map(|trail| match trail.step {
                Step::Key(key) => Segment::Key(key.to_owned()),
                Step::Index(index) => Segment::Index(index),
            })
            .collect();
        segments.reverse();
        Path(segments)
    }
}

/// A name from the file for a message: shortened, control characters escaped, and masked if it may
/// be a credential.
pub(crate) fn shown(text: &str) -> String {
    if may_be_credential(text) {
        return MASKED.to_owned();
    }
    let cut = text.char_indices().nth(LONGEST_SHOWN).map_or(text.len(), |(at, _)| at);
    let mut shown: String = text[..cut].escape_debug().collect::<String>().replace("\\'", "'");
    if cut < text.len() {
        shown.push('…');
    }
    shown
}

fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && key.len() <= LONGEST_SHOWN
        && !may_be_credential(key)
}

const MASKED: &str = "…";
/// The longest key or word that a message repeats, in characters.
const LONGEST_SHOWN: usize = 80;

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn paths_read_like_the_file() {
        let cases = [
            (Path::root(), ""),
            (Path::root().key("http_pool").key("idle_timeout_secs"), "http_pool.idle_timeout_secs"),
            (Path::root().key("targets").key("gpt4").key("url"), r#"targets["gpt4"].url"#),
            (Path::root().key("targets").key("targets").key("url"), r#"targets["targets"].url"#),
            (Path::root().key("targets").key("a\"b\n").index(0), r#"targets["a\"b\n"][0]"#),
            (
                Path::root().key("auth").key("key_definitions").key("basic").key("labels"),
                r#"auth.key_definitions["basic"].labels"#,
            ),
            (
                Path::root().key("targets").key("gpt-4").key("providers").index(1).key("weight"),
                r#"targets["gpt-4"].providers[1].weight"#,
            ),
            (Path::root().key("$schema"), r#"["$schema"]"#),
        ];
        for (path, expected) in cases {
            assert_eq!(path.to_string(), expected);
        }
    }
}
