//! Which values of Anthropic's beta header other platforms know. They refuse unknown values, even
//! if the model supports the feature.
//!
//! Anthropic itself receives the client's values.

use super::{Generation, Model, Stated, Which};

/// Where a model is served that is not Anthropic's own service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// Vertex AI.
    Vertex,
    /// Bedrock, in Anthropic's protocol.
    Bedrock,
    /// Bedrock's Converse.
    Converse,
}

/// A value, and what is sent in its place.
struct Beta {
    value: &'static str,
    at: &'static [Elsewhere],
    sent: &'static str,
    which: Which,
}

/// The value to send; `None` if it is unknown.
pub(crate) fn sent(value: &str, at: Elsewhere, model: Model<'_>) -> Option<&'static str> {
    let fits =
        |beta: &&Beta| beta.value == value && beta.at.contains(&at) && beta.which.fits(model);
    BETAS.iter().find(fits).map(|beta| beta.sent)
}

/// Where they are stated.
#[cfg(test)]
pub(super) fn stated() -> impl Iterator<Item = Stated> {
    [VERTEX_PAGE, BEDROCK_PAGE].into_iter()
}

const fn beta(value: &'static str, at: &'static [Elsewhere]) -> Beta {
    Beta { value, at, sent: value, which: Which::ANY }
}

use Elsewhere::{Bedrock, Converse, Vertex};

const EVERYWHERE: &[Elsewhere] = &[Vertex, Bedrock, Converse];
const IN_MESSAGES: &[Elsewhere] = &[Vertex, Bedrock];
const ON_BEDROCK: &[Elsewhere] = &[Bedrock, Converse];
/// The models that think between calls when they are told to. Later ones do unasked.
const INTERLEAVING: Which = Which::between(Generation(4, 0), Generation(4, 6));

#[rustfmt::skip]
const BETAS: &[Beta] = &[
    beta("computer-use-2025-01-24", EVERYWHERE),
    beta("computer-use-2025-11-24", EVERYWHERE),
    beta("context-1m-2025-08-07", EVERYWHERE),
    beta("thinking-binding-controls-2026-08-01", EVERYWHERE),
    beta("thinking-display-updates-2026-08-18", EVERYWHERE),
    Beta { which: INTERLEAVING, ..beta("interleaved-thinking-2025-05-14", EVERYWHERE) },
    beta("compact-2026-01-12", IN_MESSAGES),
    beta("context-management-2025-06-27", IN_MESSAGES),
    beta("dangerous-tool-use-2026-09-03", IN_MESSAGES),
    beta("tool-search-tool-2025-10-19", IN_MESSAGES),
    Beta { sent: "tool-search-tool-2025-10-19", ..beta("advanced-tool-use-2025-11-20", IN_MESSAGES) },
    beta("effort-2025-11-24", ON_BEDROCK),
    beta("fine-grained-tool-streaming-2025-05-14", ON_BEDROCK),
    beta("mid-conversation-output-config-2026-07-01", &[Bedrock]),
    beta("mid-conversation-tool-changes-2026-07-01", &[Bedrock]),
    beta("tool-examples-2025-10-29", &[Bedrock]),
    beta("structured-outputs-2025-11-13", &[Converse]),
    beta("compact-2026-09-04", &[Vertex]),
    beta("per-turn-control-2026-07-01", &[Vertex]),
    beta("web-search-2025-03-05", &[Vertex]),
];

#[cfg_attr(not(test), expect(dead_code, reason = "for readers; a test holds it"))]
const VERTEX_PAGE: Stated = Stated {
    page: "docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude",
    on: "2026-11-30",
};
#[cfg_attr(not(test), expect(dead_code, reason = "for readers; a test holds it"))]
const BEDROCK_PAGE: Stated = Stated {
    page: "docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html",
    on: "2026-11-30",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::anthropic::model;

    #[test]
    fn values_are_sent_where_they_are_known() {
        for (value, at, name, wanted) in [
            ("context-1m-2025-08-07", Vertex, "claude-sonnet-4-5", Some("context-1m-2025-08-07")),
            ("effort-2025-11-24", Vertex, "claude-opus-4-5", None),
            ("effort-2025-11-24", Bedrock, "claude-opus-4-5", Some("effort-2025-11-24")),
            (
                "advanced-tool-use-2025-11-20",
                Vertex,
                "claude-opus-4-6",
                Some("tool-search-tool-2025-10-19"),
            ),
            ("claude-code-20250219", Converse, "claude-opus-4-6", None),
            ("interleaved-thinking-2025-05-14", Bedrock, "claude-3-7-sonnet", None),
            (
                "interleaved-thinking-2025-05-14",
                Bedrock,
                "claude-sonnet-4-5",
                Some("interleaved-thinking-2025-05-14"),
            ),
            ("news-2027-01-01", Vertex, "claude-opus-5", None),
        ] {
            assert_eq!(sent(value, at, model(name)), wanted, "{value} {at:?} {name}");
        }
    }
}
