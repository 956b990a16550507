//! Writes content that both dialects have: images, and media of tool results.

use super::form::{ImageUrl, PartOut};
use crate::protocol::codec::Refused;
use crate::protocol::conversation::{Content, Losses, Media, ToolResult};

/// An image, if it has a URL or can be one.
pub(crate) fn write_image(media: &Media) -> Option<PartOut<'_>> {
    media.to_url().map(|url| {
        let detail = media.detail.as_deref();
        PartOut::ImageUrl { image_url: ImageUrl { url, detail } }
    })
}

/// The media of a result, which follow in the user's message: a `tool` message takes text only.
pub(crate) fn write_result_media<'a>(
    result: &'a ToolResult,
    said: &mut Vec<PartOut<'a>>,
    losses: &mut Losses,
    write: impl Fn(&'a Media, &mut Losses) -> Result<Option<PartOut<'a>>, Refused>,
) -> Result<(), Refused> {
    let from = said.len();
    for part in &result.content {
        if let Content::Media(media) = &part.content {
            said.extend(write(media, losses)?);
        }
    }
    if said.len() > from {
        said.insert(from, PartOut::Text { text: result.media_heading().into() });
    }
    Ok(())
}
