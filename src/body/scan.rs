//! The request scanner: finds the top-level `model` and `stream` of a JSON body, chunk by chunk.
//!
//! It refuses what `serde_json` refuses, and its result does not depend on the chunk boundaries.

use std::ops::Range;

use super::json::{MODELS, TOOLS};
use super::machine::{Kind, Machine};

/// Reads a JSON body as it arrives. Feed every piece, then [`finish`](Scanner::finish).
pub struct Scanner {
    machine: Machine<4>,
}

/// What a body says about where it wants to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The `model`, if there is one.
    pub model: Option<Model>,
    /// The value of `stream`, if it is a boolean.
    pub stream: Option<bool>,
    /// Whether there is a field in which some vendors take further models, such as those to fall back
    /// to.
    pub(crate) has_models: bool,
    /// Where the value of `tools` stands, some of which name the model that runs them; empty where
    /// there is none.
    pub(crate) tools: Range<u64>,
}

/// The value of `model`, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Byte offsets of the value in the whole body, for JSON with its quotes.
    pub span: Range<u64>,
    /// Its text with escapes decoded; `None` when the value is not a string.
    pub name: Option<Box<str>>,
}

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not a JSON object; nested more than 127 deep counts as that.
    #[error("it is not a JSON object (see byte {offset})")]
    Json {
        /// The first byte that cannot be right, or the length of a body that ends too early.
        offset: u64,
    },
    /// Not the `multipart/form-data` that its content type promises.
    #[error("it is not the form that its content type says (see byte {offset})")]
    Multipart {
        /// The first byte that cannot be right, or the length of a body that ends too early.
        offset: u64,
    },
    /// `model` is there twice: two readers could understand two different models.
    #[error("`model` is given more than once")]
    DuplicateModel,
    /// `stream` is there twice.
    #[error("`stream` is given more than once")]
    DuplicateStream,
    /// The form's `model` is longer than any model's name.
    #[error("the form field `model` is too long")]
    ModelTooLong,
}

impl Scanner {
    /// A scanner for one body.
    pub fn new() -> Self {
        Self { machine: Machine::new(&["model", "stream", MODELS, TOOLS]) }
    }

    /// Reads the next piece. After the first mistake nothing more is read.
    pub fn feed(&mut self, piece: &[u8]) {
        self.machine.feed(piece);
    }

    /// The name of the model, as soon as it has been read. What follows may still refuse the body.
    pub(crate) fn model_so_far(&self) -> Option<&str> {
        std::str::from_utf8(self.machine.text_so_far()?).ok()
    }

    /// Says what was found, once every piece has been fed.
    ///
    /// # Errors
    /// When the pieces together are not a JSON object, or `model` stands in it twice.
    pub fn finish(self) -> Result<Found, Invalid> {
        let object = self.machine.finish().map_err(|offset| Invalid::Json { offset })?;
        let [model, stream, models, tools] = object.seen;
        if model.times > 1 {
            return Err(Invalid::DuplicateModel);
        }
        if stream.times > 1 {
            return Err(Invalid::DuplicateStream);
        }
        let stream = match stream.kind {
            _ if stream.times == 0 => None,
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        };
        let name = || std::str::from_utf8(&object.text).ok().map(Into::into);
        let model = (model.times == 1).then(|| Model {
            span: model.start..model.end,
            name: if model.kind == Kind::String { name() } else { None },
        });
        // Of two values each may be another reader's: they are looked for in the whole body.
        let has_models = models.times > 0 || tools.times > 1;
        let tools = if tools.times == 1 { tools.start..tools.end } else { 0..0 };
        Ok(Found { model, stream, has_models, tools })
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
