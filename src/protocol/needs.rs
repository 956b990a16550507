//! The capabilities that a request needs besides text: read from its neutral form, or searched in
//! its body if it has none.

mod reasoning;
mod tables;
mod words;

pub(crate) use self::words::{all as of_words, aside as of_aside};

use super::conversation::{Content, Conversation, Media, MediaKind, OutputFormat, Part, Source};
use super::embedding::{Embedding, Piece};
use crate::path;
use crate::words::Capability;

/// Some capabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(u8);

impl Capabilities {
    /// Those of both.
    #[must_use]
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that both have.
    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it has this one.
    pub(crate) const fn has(self, one: Capability) -> bool {
        self.0 & bit(one) != 0
    }

    /// Whether it is empty.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each, in the order of their table.
    pub(crate) fn each(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |one| self.has(*one))
    }

    /// Adds one where the request needs it.
    fn add_if(&mut self, needs: bool, one: Capability) {
        if needs {
            *self = self.or(one.into());
        }
    }
}

impl From<Capability> for Capabilities {
    fn from(one: Capability) -> Self {
        Self(bit(one))
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(all: I) -> Self {
        all.into_iter().fold(Self::default(), |found, one| found.or(one.into()))
    }
}

/// What the next turn of a conversation needs.
pub(crate) fn of_conversation(from: &Conversation) -> Capabilities {
    let turns = from.turns.iter().flat_map(|turn| &turn.parts);
    let mut needs = from.system.iter().chain(turns).map(of_part).fold(NONE, Capabilities::or);
    let has_tools = !from.tools.is_empty() || from.search.is_some();
    needs.add_if(has_tools, Capability::Tools);
    let has_schema = matches!(from.format, Some(OutputFormat::JsonSchema { .. }));
    needs.add_if(has_schema, Capability::JsonSchema);
    let reasons = from.thinking.is_some_and(|thinking| !thinking.is_off());
    needs.add_if(reasons, Capability::Reasoning);
    for extra in &from.extras {
        // Tools that a vendor runs itself, and the older form of all tools.
        let is_tool = extra.name.starts_with("tools.") || extra.name == "functions";
        needs.add_if(is_tool, Capability::Tools);
        let speaks = SPEECH.contains(&extra.name.as_str())
            || MODALITIES.contains(&extra.name.as_str())
                && extra.value.get().to_ascii_lowercase().contains("\"audio\"");
        needs.add_if(speaks, Capability::Audio);
    }
    needs
}

fn of_part(part: &Part) -> Capabilities {
    match &part.content {
        Content::Media(media) => of_media(media),
        Content::ToolCall(_) => Capability::Tools.into(),
        Content::ToolResult(result) => {
            let parts = result.content.iter().map(of_part);
            parts.fold(Capability::Tools.into(), Capabilities::or)
        }
        Content::Text(_) | Content::Reasoning(_) | Content::Redacted | Content::Refusal(_) => NONE,
    }
}

/// A document that is mere text is a text.
fn of_media(media: &Media) -> Capabilities {
    match media.kind {
        MediaKind::Image | MediaKind::Video => Capability::Vision.into(),
        MediaKind::Audio => Capability::Audio.into(),
        MediaKind::Document => {
            let is_named =
                media.essence().get(..5).is_some_and(|it| it.eq_ignore_ascii_case("text/"));
            let is_text = matches!(media.source, Source::Text(_)) || is_named;
            if is_text { NONE } else { Capability::Documents.into() }
        }
    }
}

/// What vectors need.
pub(crate) fn of_embedding(from: &Embedding) -> Capabilities {
    let mut pieces = from.inputs.iter().flat_map(|input| &input.parts);
    let mut needs = Capabilities::from(Capability::Embeddings);
    needs.add_if(pieces.any(|piece| matches!(piece, Piece::Image(_))), Capability::Vision);
    needs
}

/// What the path alone tells.
pub(crate) fn of_path(path_and_query: &str) -> Capabilities {
    let path = path::plain(path_and_query).to_ascii_lowercase();
    let mut needs = NONE;
    needs.add_if(path.split('/').any(|segment| segment == "audio"), Capability::Audio);
    let changes_images = path.ends_with("/images/edits") || path.ends_with("/images/variations");
    needs.add_if(changes_images, Capability::Vision);
    let last = path.rsplit(['/', ':']).next().unwrap_or_default();
    needs.add_if(last.contains("embed"), Capability::Embeddings);
    needs
}

const fn bit(one: Capability) -> u8 {
    1 << one as u8
}

const NONE: Capabilities = Capabilities(0);
/// Extra fields that ask for audio, and those that list output modalities.
const SPEECH: &[&str] = &["audio", "generationConfig.speechConfig"];
const MODALITIES: &[&str] = &["modalities", "generationConfig.responseModalities"];

#[cfg(test)]
mod tests;
