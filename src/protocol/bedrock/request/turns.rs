//! Writes turns: user and assistant alternate, without empty turns and blank texts.
//!
//! Reasoning that a model could not verify is not written.

use std::borrow::Cow;

use super::form::{BlockOut, CachePoint, Message, Reasoning, ToolResultOut, ToolUse};
use super::media::{self, DocumentNames};
use crate::models::Model;
use crate::models::bedrock::{self, Family};
use crate::protocol::Protocol;
use crate::protocol::codec::Refused;
use crate::protocol::conversation::tool::WORDLESS_ERROR;
use crate::protocol::conversation::turns::{GO_ON, HELLO};
use crate::protocol::conversation::{Content, Losses, MediaKind, Merged, Part, Role, ToolNames};

/// Writes the parts of one request.
pub(super) struct Blocks<'a, 'l> {
    pub(super) model: Model<'a>,
    pub(super) names: &'a ToolNames,
    pub(super) losses: &'l mut Losses,
    pub(super) documents: DocumentNames,
}

impl<'a> Blocks<'a, '_> {
    /// Writes every turn. One that becomes empty is left out, and its neighbours become one.
    pub(super) fn turns(
        &mut self,
        turns: &[Merged<'a>],
        takes_prefill: bool,
    ) -> Result<Vec<Message<'a>>, Refused> {
        let mut messages: Vec<Message<'a>> = Vec::with_capacity(turns.len());
        for turn in turns {
            let role = if turn.role == Role::Assistant { "assistant" } else { "user" };
            let mut content = Vec::with_capacity(turn.parts.len());
            for part in &turn.parts {
                self.part(part, &mut content)?;
            }
            match messages.last_mut() {
                _ if content.is_empty() => {}
                Some(last) if last.role == role => last.content.append(&mut content),
                _ => messages.push(Message { role, content }),
            }
        }
        messages.iter_mut().for_each(|message| explain_documents(&mut message.content));
        fit_ends(&mut messages, takes_prefill);
        Ok(messages)
    }

    fn is_claude(&self) -> bool {
        bedrock::FAMILY.of(self.model) == Family::Claude
    }

    /// Writes instructions.
    pub(super) fn system(&self, parts: impl Iterator<Item = &'a Part>) -> Vec<BlockOut<'a>> {
        let mut blocks = Vec::new();
        for part in parts {
            if let Some(text) = part.as_text() {
                blocks.push(BlockOut::Text(text.into()));
                blocks.extend(self.mark(part));
            }
        }
        blocks
    }

    fn part(&mut self, part: &'a Part, to: &mut Vec<BlockOut<'a>>) -> Result<(), Refused> {
        let block = self.block(part)?;
        let is_marked = !matches!(block, None | Some(BlockOut::ReasoningContent(_)));
        to.extend(block);
        if is_marked {
            to.extend(self.mark(part));
        }
        Ok(())
    }

    fn block(&mut self, part: &'a Part) -> Result<Option<BlockOut<'a>>, Refused> {
        let proof = part.signature_of(Protocol::Anthropic).filter(|_| self.is_claude());
        Ok(match &part.content {
            Content::Text(text) | Content::Refusal(text) => {
                (!text.trim().is_empty()).then(|| BlockOut::Text(text.into()))
            }
            // Another vendor's reasoning would be refused here; leaving it out is not a loss.
            Content::Reasoning(text) => proof.map(|signature| {
                BlockOut::ReasoningContent(Reasoning::ReasoningText { text, signature })
            }),
            Content::Redacted => {
                proof.map(|seal| BlockOut::ReasoningContent(Reasoning::RedactedContent(seal)))
            }
            Content::Media(media) => {
                media.lose_detail(self.losses)?;
                // Anthropic's models neither hear nor watch.
                let is_known = matches!(media.kind, MediaKind::Image | MediaKind::Document);
                let block = (is_known || !self.is_claude())
                    .then(|| media::write(media, &mut self.documents))
                    .flatten();
                self.losses.lose_if(block.is_none(), media.kind.name())?;
                block
            }
            Content::ToolCall(call) => Some(BlockOut::ToolUse(ToolUse {
                tool_use_id: self.names.id(&call.id),
                name: self.names.sent(&call.name),
                input: call.written(),
            })),
            Content::ToolResult(result) => {
                let mut content = Vec::with_capacity(result.content.len());
                for part in &result.content {
                    content.extend(self.block(part)?);
                }
                if result.is_error && content.is_empty() {
                    content.push(BlockOut::Text(WORDLESS_ERROR.into()));
                }
                Some(BlockOut::ToolResult(ToolResultOut {
                    tool_use_id: self.names.id(&result.call_id),
                    content,
                    status: result.is_error.then_some("error"),
                }))
            }
        })
    }

    fn mark(&self, part: &'a Part) -> Option<BlockOut<'a>> {
        let mark = part.cache.as_ref().filter(|_| bedrock::CACHE_MARKS.of(self.model))?;
        Some(BlockOut::CachePoint(CachePoint::of(mark)))
    }
}

/// The first turn must be the user's, and so must the last, unless the model may continue its own
/// text, which then must not end with white space.
fn fit_ends(messages: &mut Vec<Message<'_>>, takes_prefill: bool) {
    let says =
        |text: &'static str| Message { role: "user", content: vec![BlockOut::Text(text.into())] };
    if messages.first().is_some_and(|first| first.role == "assistant") {
        messages.insert(0, says(HELLO));
    }
    let Some(last) = messages.last_mut().filter(|last| last.role == "assistant") else { return };
    if last.content.iter().any(|block| matches!(block, BlockOut::ToolUse(_))) {
        return;
    }
    if !takes_prefill {
        messages.push(says(GO_ON));
        return;
    }
    let mut ends = last.content.iter_mut().rev();
    if let Some(BlockOut::Text(text)) = ends.find(|end| !matches!(end, BlockOut::CachePoint(_))) {
        *text = match std::mem::take(text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
            Cow::Owned(text) => Cow::Owned(text.trim_end().to_owned()),
        };
    }
}

/// A document needs a text beside it, so its name becomes one.
fn explain_documents(content: &mut Vec<BlockOut<'_>>) {
    if content.iter().any(|block| matches!(block, BlockOut::Text(_))) {
        return;
    }
    let name = content.iter().find_map(|block| match block {
        BlockOut::Document(document) => Some(document.name.clone()),
        _ => None,
    });
    content.extend(name.map(|name| BlockOut::Text(name.into())));
}
