//! Embeddings in neutral form: request, answer, and the interface of a protocol that has them. Hub
//! and spokes, as for conversations.
//!
//! Numbers stay as written until a client wants another format.

pub(in crate::protocol) mod typed;
pub(crate) mod vector;
#[cfg(test)]
mod tests;

use std::fmt;

use http::HeaderMap;
use serde_json::value::RawValue;

pub use vector::Vector;

use super::bounds;
use super::conversation::{Extra, Failure, Losses};
use super::misfit::{ReadError, Refused};
use super::sides::{Client, Head, Target};
use crate::models::tokens;

/// What a protocol with embeddings can do. Pure, as [`super::Codec`] is.
pub trait Embeddings: fmt::Debug + Send + Sync {
    /// Reads a client's request.
    ///
    /// # Errors
    /// The field that is missing or of the wrong shape.
    fn read_request(&self, body: &[u8], head: &Head<'_>) -> Result<Embedding, ReadError>;

    /// Writes a request for a provider, in as many calls as the vendor needs.
    ///
    /// # Errors
    /// The field that cannot be expressed.
    fn write_request(&self, from: &Embedding, target: &Target<'_>) -> Result<Calls, Refused>;

    /// Reads a provider's answer (2xx) to one call.
    ///
    /// # Errors
    /// The failure that the body describes, or one of kind `Malformed`.
    fn read_response(&self, body: &[u8], headers: &HeaderMap) -> Result<Embedded, Failure>;

    /// Writes an answer for the client that asked for `asked`.
    ///
    /// # Errors
    /// The provider's numbers are not numbers.
    fn write_response(
        &self,
        answer: &Embedded,
        asked: &Embedding,
        to: &Client<'_>,
    ) -> Result<Answered, Failure>;

    /// The client's body with the model's name replaced; `None` if there is nothing to replace.
    /// Only for protocols whose bodies repeat the path's model.
    fn renamed(&self, _body: &[u8], _model: &str) -> Option<Vec<u8>> {
        None
    }

    /// Whether this model of the same protocol needs a different body.
    fn wants_another(&self, _body: &[u8], _model: &str) -> bool {
        false
    }
}

/// A request for embeddings.
#[derive(Debug, Clone, Default)]
pub struct Embedding {
    /// The model as the client names it.
    pub model: String,
    /// The inputs; each gets its own vector.
    pub inputs: Vec<Input>,
    /// Whether the answer is a list, where the protocol knows both.
    pub is_list: bool,
    /// The length of the vectors; the model's own when absent.
    pub dimensions: Option<u64>,
    /// What the vectors are for; of several tasks, the first one's.
    pub task: Option<Task>,
    /// Whether the inputs are for different tasks.
    pub tasks_differ: bool,
    /// What becomes of an input that is too long; the vendor's default when absent.
    pub truncate: Option<Truncate>,
    /// Whether vectors are to have the length 1; the vendor's default when absent.
    pub normalize: Option<bool>,
    /// The forms in which the client wants each vector; the protocol's default when empty.
    pub forms: Vec<Form>,
    /// The client's name for its own user.
    pub user: Option<String>,
    /// Fields of the client's protocol that have no place here, with their values.
    pub extras: Vec<Extra>,
}

/// One thing to embed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// What it is.
    pub parts: Vec<Piece>,
    /// What it is called.
    pub title: Option<String>,
}

/// A piece of an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Text.
    Text(String),
    /// Token IDs of the model's vocabulary, meaningless to other models.
    Tokens(Vec<u32>),
    /// An image, as a URL that mostly holds its data.
    Image(String),
}

/// The purpose of the vectors. Some models make different vectors for questions and for documents;
/// for others it has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// To search with.
    Query,
    /// To be found.
    Document,
    /// To be classified.
    Classification,
    /// To be clustered.
    Clustering,
    /// To be compared with each other.
    Similarity,
    /// A question to be answered.
    Question,
    /// A claim to be checked.
    Fact,
    /// Words that describe the code looked for.
    CodeQuery,
}

/// What becomes of an input that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncate {
    /// It is an error.
    Never,
    /// Its beginning goes.
    Start,
    /// Its end goes.
    End,
}

/// The form of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Numbers.
    Float,
    /// The base64 of 32-bit floats, the least significant byte first.
    Base64,
    /// A vendor's own compressed form, by its name.
    Compressed(&'static str),
}

/// The calls that a request needs: all to one path, one after the other in the inputs' order.
#[derive(Debug, Clone)]
pub struct Calls {
    /// The path below the provider's origin, as the vendor documents it.
    pub path: String,
    /// Their bodies.
    pub calls: Vec<Call>,
    /// The names of fields that could not be expressed, for `x-onwards-dropped`.
    pub dropped: Vec<String>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its body, JSON.
    pub body: Vec<u8>,
    /// For how many inputs.
    pub inputs: usize,
}

/// A provider's answer.
#[derive(Debug, Clone, Default)]
pub struct Embedded {
    /// The provider's name for the answer.
    pub id: Option<String>,
    /// The vectors, one for each input and in its order, in each form that came. What came as
    /// base64 is here as [`Form::Float`].
    pub vectors: Vec<(Form, Vec<Vector>)>,
    /// The tokens of the inputs, where the provider counts them.
    pub tokens: Option<u64>,
}

/// An answer for a client.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Headers that belong to the protocol. JSON goes without saying.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Embedding {
    /// Each input as text, for vendors that accept nothing else.
    ///
    /// # Errors
    /// An input is not text.
    pub fn texts(&self) -> Result<Vec<String>, Refused> {
        self.inputs.iter().map(|input| input.text().ok_or_else(unfit_input)).collect()
    }

    /// The same, if there is not more of anything than vendors take.
    ///
    /// # Errors
    /// What there is too much of, and the most.
    pub fn bounded(self) -> Result<Self, ReadError> {
        let parts: usize = self.inputs.iter().map(|input| input.parts.len()).sum();
        for (field, number, most) in [
            ("the list of inputs", self.inputs.len(), bounds::INPUTS),
            ("the inputs together", parts, bounds::PARTS),
            ("the list of forms", self.forms.len(), bounds::FORMS),
            ("the list of fields that cannot be translated", self.extras.len(), bounds::DROPPED),
        ] {
            if number > most {
                return Err(bounds::too_many(field, most));
            }
        }
        Ok(self)
    }

    /// The formats, or the default if there are none.
    pub(crate) fn forms_or(&self, default: Form) -> Vec<Form> {
        if self.forms.is_empty() { vec![default] } else { self.forms.clone() }
    }

    /// Whether the client wants no form that a vendor must make: those of floats are made here.
    ///
    /// # Errors
    /// One that only its vendor has. A client that stores vectors of one form has no use for
    /// another, so this is refused and never only named.
    pub(crate) fn wants_floats_only(&self) -> Result<(), Refused> {
        if self.forms.iter().any(|form| matches!(form, Form::Compressed(_))) {
            return Err(Refused { field: "embedding_types".to_owned() });
        }
        Ok(())
    }

    /// Keeps a field without a neutral form, unless it is empty.
    pub(crate) fn keep_extra(&mut self, name: impl Into<String>, value: &RawValue) {
        if !matches!(value.get(), "null" | "false" | "[]" | "{}" | "\"\"") {
            self.extras.push(Extra { name: name.into(), value: value.to_owned() });
        }
    }

    /// Loses the extra fields, except those in `taken`.
    ///
    /// # Errors
    /// The first field, if losing it is refused.
    pub(crate) fn lose_extras(&self, taken: &[&str], losses: &mut Losses) -> Result<(), Refused> {
        let lost = self.extras.iter().filter(|extra| !taken.contains(&extra.name.as_str()));
        lost.into_iter().try_for_each(|extra| losses.lose(extra.name.as_str()))
    }

    /// Loses the inputs' titles.
    ///
    /// # Errors
    /// As [`Losses::lose`].
    pub(crate) fn lose_titles(&self, losses: &mut Losses) -> Result<(), Refused> {
        losses.lose_if(self.inputs.iter().any(|input| input.title.is_some()), "title")
    }

    /// A cheap estimate of the inputs' tokens, where the provider does not count them.
    pub(crate) fn estimate_tokens(&self) -> u64 {
        self.inputs.iter().flat_map(|input| &input.parts).map(Piece::weight).sum()
    }
}

impl Input {
    /// Text alone.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self { parts: vec![Piece::Text(text.into())], title: None }
    }

    /// The whole as one text, if it is text.
    pub(crate) fn text(&self) -> Option<String> {
        let texts = self.parts.iter().map(|part| match part {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Tokens(_) | Piece::Image(_) => None,
        });
        texts.collect::<Option<Vec<_>>>().map(|texts| texts.join("\n"))
    }
}

impl Piece {
    /// About how many tokens: four bytes of text to one, and 1 600 to an image.
    fn weight(&self) -> u64 {
        match self {
            Self::Text(text) => text.len().div_ceil(tokens::BYTES_PER_TOKEN) as u64,
            Self::Tokens(tokens) => tokens.len() as u64,
            Self::Image(_) => tokens::PER_MEDIUM as u64,
        }
    }
}

impl Calls {
    /// Splits the inputs into calls of at most this many.
    ///
    /// # Errors
    /// There would be too many calls.
    pub(crate) fn cut<T>(
        path: String,
        inputs: &[T],
        most: usize,
        losses: Losses,
        write: impl Fn(&[T]) -> Vec<u8>,
    ) -> Result<Self, Refused> {
        if inputs.len().div_ceil(most) > MOST_CALLS {
            return Err(unfit_input());
        }
        let call = |inputs: &[T]| Call { body: write(inputs), inputs: inputs.len() };
        let calls = inputs.chunks(most).map(call).collect();
        Ok(Self { path, calls, dropped: losses.into_names() })
    }
}

impl Embedded {
    /// An answer of vectors in one form.
    pub fn of(form: Form, vectors: Vec<Vector>) -> Self {
        Self { vectors: vec![(form, vectors)], ..Self::default() }
    }

    /// The vectors in that form.
    pub(crate) fn form(&self, wanted: Form) -> Option<&[Vector]> {
        let found = self.vectors.iter().find(|(form, _)| *form == wanted);
        found.map(|(_, vectors)| vectors.as_slice())
    }

    /// The vectors as numbers.
    ///
    /// # Errors
    /// None came.
    pub fn floats(&self) -> Result<&[Vector], Failure> {
        self.form(Form::Float).ok_or_else(malformed)
    }

    /// The vectors in base64.
    ///
    /// # Errors
    /// There are none, or one has a number that is not a 32-bit float.
    pub(crate) fn encoded(&self) -> Result<Vec<String>, Failure> {
        let encoded = self.floats()?.iter().map(|it| it.to_base64().ok_or_else(malformed));
        encoded.collect()
    }

    /// The same, if it holds a vector for each input in every form.
    ///
    /// # Errors
    /// It does not.
    pub fn counted(self, inputs: usize) -> Result<Self, Failure> {
        let whole = self.vectors.iter().all(|(_, vectors)| vectors.len() == inputs);
        if whole && !self.vectors.is_empty() {
            return Ok(self);
        }
        Err(Failure::malformed("the provider gave another number of embeddings than inputs"))
    }

    /// Appends the answer to the next call.
    pub(crate) fn append(&mut self, next: Self) {
        for (form, vectors) in next.vectors {
            match self.vectors.iter_mut().find(|(known, _)| *known == form) {
                Some((_, all)) => all.extend(vectors),
                None => self.vectors.push((form, vectors)),
            }
        }
        self.tokens = self.tokens.zip(next.tokens).map(|(all, more)| all + more);
    }

    /// The tokens as the provider counted them, else estimated.
    pub(crate) fn tokens_of(&self, asked: &Embedding) -> u64 {
        self.tokens.unwrap_or_else(|| asked.estimate_tokens())
    }
}

/// The inputs cannot be expressed. This is never a loss, since nothing else is asked.
pub(crate) fn unfit_input() -> Refused {
    Refused { field: "input".to_owned() }
}

/// An answer that lacks a required field.
pub(crate) fn malformed() -> Failure {
    Failure::malformed("the provider's answer holds no embeddings")
}

/// A batch that needs more calls is refused, since it would be a burst by itself.
const MOST_CALLS: usize = 256;
