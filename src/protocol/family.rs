//! The purpose of a vendor's path: inference, files, batches and so on, or administration of the
//! account. Each protocol lists its words in its `profile`.

pub(crate) mod model;
mod servers;
#[cfg(test)]
mod tests;

use self::model::Work;
use super::Protocol;
use crate::path;

/// A kind of endpoint, as the key `endpoints` of a pool names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Family {
    /// The model is asked for something: chat, embeddings, audio, images and the like.
    Inference,
    /// Files and uploads.
    Files,
    /// Batches, and other work that is fetched later.
    Batches,
    /// Fine-tuning jobs and graders.
    FineTuning,
    /// Sessions and client secrets for realtime conversations.
    Realtime,
    /// Assistants, threads and agents.
    Assistants,
    /// Responses, completions and conversations that the vendor has stored.
    Stored,
    /// Vector stores and other indices.
    VectorStores,
    /// Videos.
    Videos,
    /// Containers that run code.
    Containers,
    /// Evaluations.
    Evals,
    /// Cached contents.
    Caches,
    /// The vendor's list of models and their operations.
    Models,
    /// The vendor's account: organisations, projects, keys, usage, costs.
    Administration,
}

/// A word in a vendor's paths, and the purpose of paths with this segment.
#[derive(Debug)]
pub(crate) struct Word {
    word: &'static str,
    family: Family,
    /// Whether `multipart/form-data` belongs here.
    takes_forms: bool,
    /// What may follow the word, where `family` is not the family of every path below it.
    calls: Option<(&'static [&'static str], Family)>,
    /// Where the body names a model below its top level.
    nested: Nested,
    /// The field of a body that asks a model for something.
    asked_by: Option<&'static [&'static str; 1]>,
}

/// Paths of JSON keys; `*` matches any key or index.
pub(crate) type Nested = &'static [&'static [&'static str]];

/// What is known of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surface {
    /// Its family; `None` if no protocol lists a word of it.
    pub(crate) family: Option<Family>,
    /// Whether `multipart/form-data` belongs here.
    pub(crate) takes_forms: bool,
    /// Where a JSON body names a model below its top level.
    pub(crate) nested: Nested,
    /// The field of a JSON body with which a model is asked for something that is of no family.
    pub(crate) asked_by: Option<&'static [&'static str; 1]>,
}

impl Family {
    /// The families that a file may name. Administration is not among them: each of its paths must
    /// be listed in full.
    pub(crate) const NAMED: [Self; 13] = [
        Self::Inference,
        Self::Files,
        Self::Batches,
        Self::FineTuning,
        Self::Realtime,
        Self::Assistants,
        Self::Stored,
        Self::VectorStores,
        Self::Videos,
        Self::Containers,
        Self::Evals,
        Self::Caches,
        Self::Models,
    ];

    /// Its name in a file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Inference => "inference",
            Self::Files => "files",
            Self::Batches => "batches",
            Self::FineTuning => "fine_tuning",
            Self::Realtime => "realtime",
            Self::Assistants => "assistants",
            Self::Stored => "stored",
            Self::VectorStores => "vector_stores",
            Self::Videos => "videos",
            Self::Containers => "containers",
            Self::Evals => "evals",
            Self::Caches => "caches",
            Self::Models => "models",
            Self::Administration => "administration",
        }
    }

    /// The family of that name, if a file may name it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|family| family.name() == name)
    }
}

impl Word {
    /// Forms belong on these paths.
    pub(crate) const fn with_forms(self) -> Self {
        Self { takes_forms: true, ..self }
    }

    /// Only these continuations are of its family, the other paths below it are of another.
    pub(crate) const fn only(self, calls: &'static [&'static str], below: Family) -> Self {
        Self { calls: Some((calls, below)), ..self }
    }

    /// A JSON body names models at these places, too.
    pub(crate) const fn naming(self, nested: Nested) -> Self {
        Self { nested, ..self }
    }

    /// A model is asked for something if a JSON body has this field.
    pub(crate) const fn asked_by(self, field: &'static [&'static str; 1]) -> Self {
        Self { asked_by: Some(field), ..self }
    }

    fn surface(&self, rest: &[&str], asks: bool) -> Surface {
        let family = match self.calls {
            Some((calls, below)) if !calls.contains(&&*rest.join("/")) => {
                Some(below).filter(|_| !asks || below != Family::Stored || is_stored(rest, calls))
            }
            // Access rights to stored objects, which can be passed on.
            _ if rest.contains(&"permissions") => Some(Family::Administration),
            // What is fetched or deleted where others ask was stored there before.
            _ if self.family == Family::Inference && !asks => Some(Family::Stored),
            _ => Some(self.family),
        };
        let asked_by = self.asked_by.filter(|_| asks && family == Some(Family::Stored));
        Surface { family, takes_forms: self.takes_forms, nested: self.nested, asked_by }
    }
}

impl Surface {
    /// A path that is a protocol's own way to ask for a turn, tokens or vectors.
    pub(crate) const MAIN: Self =
        Self { family: Some(Family::Inference), takes_forms: false, nested: &[], asked_by: None };
    const UNKNOWN: Self = Self { family: None, takes_forms: true, nested: &[], asked_by: None };
    const ADMINISTRATION: Self = Self { family: Some(Family::Administration), ..Self::UNKNOWN };

    /// Whether the body's top-level model is written with its collection before it (`models/m`).
    pub(crate) fn names_top_level(&self) -> bool {
        self.nested.iter().any(|place| *place == ["model"])
    }

    /// The purpose of a path in any spelling. `asks` means `POST`; `changes` means a method such as
    /// `DELETE`. The first known segment decides, because later ones are IDs.
    pub(crate) fn of(path_and_query: &str, asks: bool, changes: bool) -> Self {
        let path = path::plain(path_and_query).to_ascii_lowercase();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let mut at = 0;
        while let Some(segment) = segments.get(at) {
            let rest = segments.get(at + 1..).unwrap_or_default();
            let (word, method) = segment.split_once(':').unwrap_or((segment, ""));
            if model::is_administrative(method) {
                return Self::ADMINISTRATION;
            }
            if NAMES_DEPLOYMENT.contains(&word) {
                // The segment after the name is the operation.
                match rest.len() {
                    0 | 1 if !asks || rest.is_empty() => return Self::ADMINISTRATION,
                    _ => at += 2,
                }
                continue;
            }
            if let Some(work) = model::named((word, method), rest, (asks, changes)) {
                return Self::of_model(work, word);
            }
            let is_word = |word: &str| find(word).is_some();
            match model::endpoint((word, method), rest, (asks, changes), is_word) {
                Some(Ok(work)) => return Self::of_model(work, word),
                Some(Err(further)) => {
                    at += further;
                    continue;
                }
                None => {}
            }
            if let Some(found) = find(word) {
                return found.surface(rest, asks);
            }
            if servers::administer(&segments[at..]) {
                return Self::ADMINISTRATION;
            }
            at += 1;
        }
        Self::UNKNOWN
    }

    fn of_model(work: Work, word: &str) -> Self {
        let family = match work {
            Work::Asked => Some(Family::Inference),
            Work::Later => Some(Family::Batches),
            Work::Shown => Some(Family::Models),
            Work::Administered => Some(Family::Administration),
            Work::Unknown => None,
        };
        let nested = find(word).map_or(&[][..], |found| found.nested);
        Self { family, takes_forms: false, nested, asked_by: None }
    }
}

fn find(word: &str) -> Option<&'static Word> {
    Protocol::ALL
        .iter()
        .find_map(|protocol| protocol.profile().words.iter().find(|known| known.word == word))
}

/// Whether a `POST` below an endpoint changes what is stored there: it names something below the endpoint's own word,
/// or ends what is under way. Any other may ask a model for something.
fn is_stored(rest: &[&str], calls: &[&str]) -> bool {
    let is_below = rest.len() > 1 && rest.first().is_some_and(|first| calls.contains(first));
    is_below || rest.last() == Some(&"cancel")
}

/// Whether a segment of a path is a protocol's own word, and not an id or a name.
pub(crate) fn is_word(segment: &str) -> bool {
    let small = segment.to_ascii_lowercase();
    let is_of_endpoint = || {
        let mut rows = Protocol::ALL.iter().flat_map(|protocol| protocol.profile().endpoints);
        rows.any(|row| row.segments().any(|own| own.eq_ignore_ascii_case(&small)))
    };
    path::is_version(&small) || find(&small).is_some() || model::is_call(&small) || is_of_endpoint()
}

/// Whether a path counts tokens, which costs nothing.
pub(crate) fn counts_tokens(path_and_query: &str) -> bool {
    let path = path::plain(path_and_query).to_ascii_lowercase();
    let last = path.rsplit(['/', ':']).next().unwrap_or_default();
    COUNTING.contains(&last)
}

/// How vendors and servers of models call a count of tokens.
const COUNTING: [&str; 8] = [
    "counttokens",
    "computetokens",
    "countmessagetokens",
    "counttexttokens",
    "count-tokens",
    "count_tokens",
    "tokenize",
    "detokenize",
];

/// Whether this is the public host of a vendor of any protocol.
pub(crate) fn is_vendors_host(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let mut ends = Protocol::ALL.iter().flat_map(|protocol| protocol.profile().hosts);
    ends.any(|end| host.ends_with(end))
}

/// Paths with this segment are of this family, and take JSON.
pub(crate) const fn word(word: &'static str, family: Family) -> Word {
    Word { word, family, takes_forms: false, calls: None, nested: &[], asked_by: None }
}

/// The segments before the name of a deployment or engine, which the operation follows.
pub(crate) const NAMES_DEPLOYMENT: [&str; 2] = ["deployments", "engines"];
