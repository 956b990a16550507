//! Endpoints whose path is not spelled as the protocol writes it: encoded letters, other cases, a slash at the end,
//! or segments before it. A lenient server serves such a path like the endpoint itself.
//!
//! The path is changed to the protocol's spelling where a server can only mean the same by it. A slash at the end
//! and what stands before the endpoint are the provider's own, and stay.

use percent_encoding::utf8_percent_encode;

use super::{Endpoint, Operation, Row};
use crate::{
    path::{self, NOT_IN_A_SEGMENT},
    protocol::Protocol,
};

/// An endpoint in an unusual spelling.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    pub(crate) endpoint: Endpoint,
    /// The path as the protocol spells it, if it replaces the client's.
    pub(crate) path: Option<String>,
}

impl Spelled {
    /// The endpoint that a lenient server reads from a path that no protocol has as it stands.
    pub(crate) fn read(path: &str, query: Option<&str>) -> Option<Self> {
        // A path that could lead elsewhere is refused as it came.
        path::check(path).ok()?;
        let plain = path::plain(path);
        let small = plain.to_ascii_lowercase();
        let rows = || {
            Protocol::ALL.iter().flat_map(|&protocol| {
                let rows = protocol.profile().endpoints.iter().filter(|row| is_counted(row));
                rows.map(move |row| (protocol, row))
            })
        };
        let same = |(protocol, row): (Protocol, &Row)| match row.behind {
            Some(behind) => {
                let name = named(row.path, behind, &plain, &small)?;
                let name = utf8_percent_encode(name, NOT_IN_A_SEGMENT);
                let path = format!("{}{name}{behind}", row.path);
                let endpoint = row.matches(protocol, &path, query)?;
                Some(Self { endpoint, path: Some(path) })
            }
            None => {
                let mut own = [Some(row.path), bare(protocol, row)].into_iter().flatten();
                let own = own.find(|own| *own == small)?;
                let endpoint = row.matches(protocol, own, query)?;
                Some(match path.ends_with('/') {
                    true => Self { endpoint: Endpoint { is_odd: true, ..endpoint }, path: None },
                    false => Self { endpoint, path: Some(own.to_owned()) },
                })
            }
        };
        let below = |(protocol, row): (Protocol, &Row)| {
            let is_it = row.behind.is_none() && is_below(bare(protocol, row), row.path, &small);
            let endpoint = row.matches(protocol, row.path, query).filter(|_| is_it)?;
            Some(Self { endpoint: Endpoint { is_odd: true, ..endpoint }, path: None })
        };
        rows().find_map(same).or_else(|| rows().find_map(below))
    }
}

/// A row's path without the version, where clients may leave it out.
fn bare(protocol: Protocol, row: &Row) -> Option<&'static str> {
    row.path.strip_prefix(VERSION).filter(|_| protocol.profile().is_openais)
}

/// Whether a model's answer is asked for there, so that limits, rules and checks depend on the endpoint.
fn is_counted(row: &Row) -> bool {
    row.operation != Operation::Native || row.path.ends_with(COMPLETIONS)
}

/// The model between these parts of a path.
fn named<'a>(before: &str, behind: &str, plain: &'a str, small: &str) -> Option<&'a str> {
    let end = small.strip_suffix(&behind.to_ascii_lowercase())?.len();
    let start = match small.strip_prefix(&before.to_ascii_lowercase()) {
        Some(rest) => small.len() - rest.len(),
        // Google's APIs are also served below projects and by gateways.
        None => {
            let collection = before
                .get(before.rfind(MODELS).filter(|at| at + MODELS.len() == before.len())?..)?;
            small.rfind(collection)? + collection.len()
        }
    };
    plain.get(start..end).filter(|name| !name.is_empty())
}

/// Whether a path ends as this row's, behind segments of a provider's own.
fn is_below(bare: Option<&str>, row: &str, small: &str) -> bool {
    let Some(bare) = bare else {
        return row.starts_with(VERSION) && small.ends_with(row);
    };
    let Some(before) = small.strip_suffix(bare) else { return false };
    if before.split('/').any(|segment| LATER.contains(&segment)) {
        return false;
    }
    // More than one segment says which protocol it is; one alone also stands behind other things.
    if bare.matches('/').count() > 1 || bare == COMPLETIONS {
        return true;
    }
    let mut above = before.rsplit('/');
    let last = above.next().unwrap_or_default();
    path::is_version(last) || last == "openai" || last == "compat"
}

/// Segments before an endpoint whose answer is generated later: Perplexity's and Zhipu's.
const LATER: [&str; 1] = ["async"];
const VERSION: &str = "/v1";
const MODELS: &str = "/models/";
const COMPLETIONS: &str = "/completions";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<(Protocol, Operation, Option<String>, Option<String>)> {
        let Spelled { endpoint, path } = Spelled::read(path, None)?;
        Some((endpoint.protocol, endpoint.operation, endpoint.model, path))
    }

    #[test]
    fn spelling_that_means_the_same_becomes_the_protocols() {
        for (path, protocol, operation, canonical) in [
            (
                "/v1/%63hat/completions",
                Protocol::OpenAi,
                Operation::Generate,
                "/v1/chat/completions",
            ),
            ("/V1/Chat/completions", Protocol::OpenAi, Operation::Generate, "/v1/chat/completions"),
            (
                "/v1/chat%2Fcompletions;x",
                Protocol::OpenAi,
                Operation::Generate,
                "/v1/chat/completions",
            ),
            ("/CHAT/completions", Protocol::OpenAi, Operation::Generate, "/chat/completions"),
            ("/v1/%2563ompletions", Protocol::OpenAi, Operation::Native, "/v1/completions"),
            ("/v1/Messages", Protocol::Anthropic, Operation::Generate, "/v1/messages"),
            ("/v1/Responses", Protocol::OpenAiResponses, Operation::Generate, "/v1/responses"),
            ("/V2/chat", Protocol::Cohere, Operation::Generate, "/v2/chat"),
            (
                "/v1/messages/Count_tokens",
                Protocol::Anthropic,
                Operation::CountTokens,
                "/v1/messages/count_tokens",
            ),
        ] {
            assert_eq!(
                read(path),
                Some((protocol, operation, None, Some(canonical.into()))),
                "{path}"
            );
        }
    }

    #[test]
    fn model_of_a_path_in_any_spelling_is_read() {
        for (path, model, canonical) in [
            ("/v1beta/models/Ge%3AgenerateContent", "Ge", "/v1beta/models/Ge:generateContent"),
            ("/V1beta/Models/a/b:GenerateContent/", "a/b", "/v1beta/models/a%2Fb:generateContent"),
            (
                "/v1/projects/p/locations/l/publishers/google/models/ge:streamGenerateContent",
                "ge",
                "/v1beta/models/ge:streamGenerateContent",
            ),
            ("/model/a.b%3A0/Converse", "a.b:0", "/model/a.b%3A0/converse"),
            (
                "/openai/Deployments/m/chat/completions",
                "m",
                "/openai/deployments/m/chat/completions",
            ),
        ] {
            let found = read(path).map(|(_, _, model, path)| (model, path));
            assert_eq!(found, Some((Some(model.into()), Some(canonical.into()))), "{path}");
        }
    }

    #[test]
    fn endpoint_below_other_segments_keeps_its_path() {
        for (path, protocol, operation) in [
            ("/v1/chat/completions/", Protocol::OpenAi, Operation::Generate),
            ("/inference/v1/%63hat/completions", Protocol::OpenAi, Operation::Generate),
            ("/v2/chat/completions", Protocol::OpenAi, Operation::Generate),
            ("/upstream/m/v1/chat/completions", Protocol::OpenAi, Operation::Generate),
            ("/api/v1/embeddings", Protocol::OpenAi, Operation::Embed),
            ("/v1/engines/m/completions", Protocol::OpenAi, Operation::Native),
            ("/anthropic/v1/messages", Protocol::Anthropic, Operation::Generate),
            ("/api/v1/responses", Protocol::OpenAiResponses, Operation::Generate),
        ] {
            assert_eq!(read(path), Some((protocol, operation, None, None)), "{path}");
            assert!(Spelled::read(path, None).unwrap().endpoint.is_odd, "{path}");
        }
        for path in [
            "/v1/threads/t/messages",
            "/v1/evals/e/responses",
            "/v1/chat/completions/x",
            "/async/chat/completions",
            "/api/paas/v4/Async/chat/completions",
            "/v1/foo",
            "/api/v2/chat",
            "/v1beta/models/:generateContent",
            "/v1beta/x/../models/ge:generateContent",
            "/v1beta/models/ge:predict",
            "/model/m/invoke-with-response-stream",
            "/v1/chat/completions.json",
            "/",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
