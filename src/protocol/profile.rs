//! The profile of a protocol, everything except bodies: paths, credential, headers, the end of
//! streams.
//!
//! It is data in each protocol's folder; the code that reads it knows no protocol.

use std::sync::Arc;

use crate::guard::stream::{AllTexts, Stop, Texts, Watch};
use crate::models::betas::Elsewhere;

use super::Protocol;
use super::endpoint::{Endpoint, Row};
use super::family::Word;
use super::foreign::GivenBack;
use super::guarded::{HeldStream, StreamGuard};
use super::in_path::InPath;
use super::mask::Mask;
use super::reasons::Reasons;
use super::service::Services;
use super::sides::Platform;
use super::strict::{clean::Known, events::StreamCleaner, shape::Declared};
use super::usage::Form;

/// The headers in which providers send their request ID.
pub(crate) const REQUEST_IDS: [&str; 4] =
    ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"];

/// The profile of a protocol.
#[derive(Debug)]
pub struct Profile {
    /// The paths that its clients ask at.
    pub(crate) endpoints: &'static [Row],
    /// The words in its vendors' other paths, and their purpose.
    pub(crate) words: &'static [Word],
    /// How the names of its vendors' public hosts end.
    pub(crate) hosts: &'static [&'static str],
    /// How the public hosts begin and end that speak this protocol, and not the usual one.
    pub(crate) speaks_at: &'static [(&'static str, &'static str)],
    /// What the paths below another's base URL end in that are most probably its own.
    pub(crate) likely_end: Option<&'static str>,
    /// Whether it is OpenAI's. The other OpenAI endpoints exist at providers of both OpenAI
    /// protocols.
    pub(crate) is_openais: bool,
    /// How the hosts of other platforms begin that speak it, too.
    pub(crate) also_at: &'static [(&'static str, Platform)],
    /// Whether its clients ask for betas in a header.
    pub(crate) has_betas: bool,
    /// Where a body names betas.
    pub(crate) tells_betas: Option<Elsewhere>,
    /// The header of a provider's credential, and the text before it.
    pub(crate) credential: (&'static str, &'static str),
    /// Whether requests bear AWS's signature instead, unless there is a credential.
    pub(crate) is_signed: bool,
    /// How the paths of its providers name models.
    pub(crate) in_path: InPath,
    /// What credentials a client may put into the query.
    pub(crate) in_query: InQuery,
    /// How other paths begin at which its clients put them there.
    pub(crate) likely_paths: &'static [&'static str],
    /// How the headers begin that speak to its vendor alone.
    pub(crate) own_headers: Option<&'static str>,
    /// A header that only its clients send: they share the path of the list of models.
    pub(crate) told_by: Option<&'static str>,
    /// Whether they share the paths of OpenAI's other endpoints, such as files.
    pub(crate) shares_paths: bool,
    /// The paths of the list of models and of one of them, where they are not OpenAI's.
    pub(crate) models_paths: Option<[&'static str; 2]>,
    /// What the paths of a model's work hold that stand below the model's own.
    pub(crate) below_models: Option<&'static str>,
    /// The header in which its clients read the request ID, besides `x-request-id`.
    pub(crate) request_id: Option<&'static str>,
    /// The marks of another vendor's signature in a request, as clients were given it; the own
    /// vendor would refuse it.
    pub(crate) foreign_proofs: &'static [&'static str],
    /// What a request holds that asks for thoughts which another vendor's answers lack.
    pub(crate) thinks: &'static [&'static str],
    /// Where such signatures stand, and how they are removed.
    pub(crate) given_back: Option<GivenBack>,
    /// How the services that speak it differ.
    pub(crate) services: Services,
    /// How a whole request is marked for a prompt cache, if the protocol can.
    pub(crate) cache_mark: Option<WholeMark>,
    /// Whether its streams begin with the number of the prompt's tokens.
    pub(crate) tells_prompt_first: bool,
    /// Whether they are signatures of calls only, which Google also sends and accepts in this
    /// protocol.
    pub(crate) proofs_are_of_calls: bool,
    /// The fields of a request that hold its prompt, in the order in which a model reads them.
    pub(crate) prompt: &'static [&'static str],
    /// The fields of a request that offer tools.
    pub(crate) tools: &'static [&'static str],
    /// Where a request bounds the tokens of its answer.
    pub(crate) output: OutputCap,
    /// How a request asks for the tokens of its stream, if they are not always reported.
    pub(crate) asks_usage: Option<AskUsage>,
    /// Where an answer reports its tokens.
    pub(crate) usage: &'static Form,
    /// The headers in which an answer tells them, too: of the input and of the output.
    pub(crate) usage_headers: Option<[&'static str; 2]>,
    /// Of a path that is for embeddings and for conversations in models' own forms: the keys of which a request for
    /// embeddings has one.
    pub(crate) embeds_by: &'static [&'static [&'static str; 1]],
    /// The fields of a request that decide how its answer comes: as a stream, with options for that stream, or
    /// generated later for another request to fetch. Empty where there is none.
    pub(crate) delivery: &'static [&'static str; 3],
    /// How a client says which parts of an answer it wants.
    pub(crate) mask: Option<Mask>,
    /// Where it says why the model stopped.
    pub(crate) reasons: &'static Reasons,
    /// What OpenTelemetry calls its vendor (`gen_ai.provider.name`).
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "spans alone read it"))]
    pub(crate) telemetry: &'static str,
    /// The keys, in quotes, behind which a model speaks: in a stream, and in a whole answer.
    pub(crate) spoken: [&'static [&'static str]; 2],
    /// The field for the reasoning effort, if `reasoning_translation` supports it.
    pub(crate) effort: Option<EffortField>,
    /// How a stream of events ends.
    pub(crate) stream: Stream,
    /// The fields of its answers.
    pub(crate) declared: &'static [Declared],
    /// Where the events of its streams carry pieces of texts.
    pub(crate) streamed: &'static Texts,
    /// What looks at a stream of frames, where it has some.
    pub(crate) frame_guard: Option<FrameGuard>,
    /// What cleans a stream of frames, where it has some; and whether errors pass it as they came.
    pub(crate) frame_cleaner: Option<FrameCleaner>,
}

/// Begins to look at a stream of frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameGuard {
    /// While it goes on.
    pub(crate) guard: fn(&'static AllTexts, Arc<Watch>) -> Box<dyn StreamGuard>,
    /// All of it at once.
    pub(crate) hold: Hold,
}

/// Holds a whole stream.
pub(crate) type Hold = fn(&'static AllTexts, &[u8]) -> Result<Box<dyn HeldStream>, Stop>;

/// Begins to clean a stream of frames; and whether errors pass as they came.
pub(crate) type FrameCleaner = fn(Known, bool) -> Box<dyn StreamCleaner>;

/// Where a request bounds the tokens of its answer.
#[derive(Debug)]
pub(crate) struct OutputCap {
    /// The field of the request that contains the limit, in every spelling; empty for the top
    /// level.
    pub(crate) object: &'static [&'static str],
    /// The bound's own names; the first is written where the request has no bound.
    pub(crate) names: &'static [&'static str],
    /// The name that some models want in its place.
    pub(crate) newer: Option<Newer>,
    /// Beside it: the number of answers, each with this limit.
    pub(crate) copies: &'static [&'static str],
}

/// The name of a bound that some models alone want.
#[derive(Debug)]
pub(crate) struct Newer {
    /// Whether a model of this name does.
    pub(crate) wants: fn(&str) -> bool,
    /// The name.
    pub(crate) name: &'static str,
}

/// Where a request sets its reasoning effort.
#[derive(Debug)]
pub(crate) struct EffortField {
    /// What such requests are called in the file.
    pub(crate) key: &'static str,
    /// The keys that lead to the effort.
    pub(crate) at: &'static [&'static str],
    /// What limits an answer's tokens, the most particular first.
    pub(crate) limits: &'static [&'static str],
    /// The vendors' own fields for the same.
    pub(crate) native: &'static [&'static [&'static str]],
}

/// How a request asks for the tokens of its stream.
#[derive(Debug)]
pub(crate) struct AskUsage {
    /// The field that holds the options of a stream.
    pub(crate) options: &'static [&'static str; 1],
    /// The field of these that asks; the last event then has no choice, but the tokens.
    pub(crate) field: &'static str,
}

/// What a client may put into the query of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InQuery {
    /// No credential.
    Nothing,
    /// `key=…`.
    Key,
    /// AWS's signature, which is not taken there.
    Signature,
}

/// Where an event of a stream has content.
#[derive(Debug)]
pub(crate) struct Said {
    /// What tells the event.
    pub(crate) told_by: ToldBy,
    /// The places; empty if such an event has no content.
    pub(crate) at: &'static [&'static [&'static str]],
}

/// How an event is recognized.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToldBy {
    /// Its type.
    Type(&'static str),
    /// A key that it has.
    Key(&'static str),
}

impl Said {
    /// Of the events of a type.
    pub(crate) const fn of_type(
        kind: &'static str,
        at: &'static [&'static [&'static str]],
    ) -> Self {
        Self { told_by: ToldBy::Type(kind), at }
    }

    /// For events with a key.
    pub(crate) const fn with_key(
        key: &'static str,
        at: &'static [&'static [&'static str]],
    ) -> Self {
        Self { told_by: ToldBy::Key(key), at }
    }
}

/// The end of a stream of events. Quotes inside a text are escaped, so a mark with quotes cannot be
/// in a model's text.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The marks of last events; empty if unknown.
    pub(crate) ends: &'static [&'static str],
    /// Their place in an event: keys from the top, `*` for any array item. A value at a `type` is
    /// one of `ends`; any value at another place is an end.
    pub(crate) places: &'static [&'static [&'static str]],
    /// The marks of the very last event; empty if unknown.
    pub(crate) last: &'static [&'static str],
    /// The names of events that only announce: a provider sends them before it has tried to answer.
    pub(crate) announcements: &'static [&'static str],
    /// Where events have content; roles, usage and empty parts do not count. Events without a row
    /// are content.
    pub(crate) said: &'static [Said],
    /// The data of an event that only marks the end.
    pub(crate) closes: Option<&'static str>,
    /// The headers of the last AWS frames: a header's name, the type of a string, its length in two
    /// bytes, and the string. Zero bytes are escaped in JSON, so these cannot be in a model's text.
    pub(crate) frame_ends: &'static [&'static [u8]],
    /// The marks of an error.
    pub(crate) errors: &'static [&'static str],
    /// Whether its SDKs raise an error event. For others the transfer must break.
    pub(crate) tells_errors: bool,
    /// Whether its libraries pass over comments, for a client that waits.
    pub(crate) has_comments: bool,
}

/// How a whole request is marked for a prompt cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeMark {
    /// The member of the body.
    pub(crate) member: &'static str,
    /// What a request holds that bears marks of its own.
    pub(crate) known_by: &'static str,
}

impl Profile {
    /// Where its clients ask for an answer, where that path names no model.
    pub(crate) fn asked_at(&self) -> Option<&'static str> {
        self.endpoints.iter().find_map(Row::asked_at)
    }

    /// What most do.
    pub(crate) const USUAL: Self = Self {
        endpoints: &[],
        words: &[],
        hosts: &[],
        speaks_at: &[],
        likely_end: None,
        is_openais: false,
        also_at: &[],
        has_betas: false,
        tells_betas: None,
        credential: ("authorization", "Bearer "),
        is_signed: false,
        in_path: InPath::ANY,
        in_query: InQuery::Nothing,
        likely_paths: &[],
        own_headers: None,
        told_by: None,
        shares_paths: false,
        models_paths: None,
        below_models: None,
        request_id: None,
        foreign_proofs: &[],
        thinks: &[],
        given_back: None,
        services: Services::Alike,
        cache_mark: None,
        tells_prompt_first: false,
        proofs_are_of_calls: false,
        prompt: &["messages"],
        tools: &["tools"],
        output: OutputCap::USUAL,
        asks_usage: None,
        usage: &Form::USUAL,
        usage_headers: None,
        delivery: &["stream", "", ""],
        mask: None,
        embeds_by: &[],
        reasons: &Reasons::NONE,
        telemetry: "openai",
        spoken: [&[], &[]],
        stream: Stream::USUAL,
        effort: None,
        declared: &[],
        streamed: &Texts::NONE,
        frame_guard: None,
        frame_cleaner: None,
    };
}

impl OutputCap {
    /// What most do.
    pub(crate) const USUAL: Self =
        Self { object: &[], names: &["max_tokens"], newer: None, copies: &[] };
}

impl InQuery {
    /// The credentials that may be in the query of this path.
    pub(crate) fn of(path: &str, endpoint: Option<&Endpoint>) -> Self {
        if let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_odd) {
            return endpoint.protocol.profile().in_query;
        }
        let mut profiles = Protocol::ALL.iter().map(|protocol| protocol.profile());
        let likely =
            profiles.find(|it| it.likely_paths.iter().any(|start| path.starts_with(start)));
        likely.map_or(Self::Nothing, |profile| profile.in_query)
    }
}

impl Stream {
    /// What most do.
    pub(crate) const USUAL: Self = Self {
        ends: &[],
        places: &[],
        last: &[],
        announcements: &[],
        said: &[],
        closes: None,
        frame_ends: &[],
        errors: &["\"error\":"],
        tells_errors: true,
        has_comments: true,
    };
}
