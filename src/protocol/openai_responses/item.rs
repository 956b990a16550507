//! One item of an answer, from a provider and for a client.

use serde::{Deserialize, Serialize};

use super::{custom, namespace};
use crate::protocol::Protocol;
use crate::protocol::calls::Fragment;
use crate::protocol::codec::Reading;
use crate::protocol::conversation::{Content, Part, Signature, ToolCall};

/// An item of any type: which fields it has depends on it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Item {
    #[serde(default)]
    pub(super) r#type: String,
    pub(super) id: Option<String>,
    pub(super) call_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
    pub(super) input: Option<String>,
    pub(super) content: Option<Vec<ContentPart>>,
    pub(super) summary: Option<Vec<ContentPart>>,
    pub(super) encrypted_content: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ContentPart {
    pub(super) text: Option<String>,
    pub(super) refusal: Option<String>,
}

/// An item as written.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ItemOut<'a> {
    Message {
        id: String,
        status: &'static str,
        role: &'static str,
        content: Vec<PartOut<'a>>,
    },
    Reasoning {
        id: String,
        summary: Vec<PartOut<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
    },
    FunctionCall {
        id: String,
        status: &'static str,
        call_id: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        arguments: &'a str,
    },
    CustomToolCall {
        id: String,
        status: &'static str,
        call_id: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        input: String,
    },
}

/// A piece of an item's content.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum PartOut<'a> {
    OutputText { text: &'a str, annotations: [(); 0], logprobs: [(); 0] },
    Refusal { refusal: &'a str },
    SummaryText { text: &'a str },
}

impl Item {
    /// Its parts; items that only OpenAI has are left out.
    pub(super) fn into_parts(self, reading: &Reading, calls: &mut u32, parts: &mut Vec<Part>) {
        match self.r#type.as_str() {
            "message" => {
                for part in self.content.into_iter().flatten() {
                    let text = part.text.filter(|text| !text.is_empty()).map(Content::Text);
                    let content = text.or_else(|| part.refusal.map(Content::Refusal));
                    parts.extend(content.map(Part::new));
                }
            }
            "reasoning" => {
                let sign = |value: &str| Signature::from_client(Protocol::OpenAiResponses, value);
                let text = joined(self.summary).or_else(|| joined(self.content));
                let proof = proof(self.id.as_deref(), self.encrypted_content);
                parts.extend(reasoning(text.unwrap_or_default(), proof, sign));
            }
            "function_call" | "custom_tool_call" => {
                let id = self.call_id(reading, *calls);
                let name = self.tool_name(reading);
                let arguments = self.whole_arguments().unwrap_or_else(|| "{}".to_owned());
                *calls += 1;
                parts.push(Part::new(Content::ToolCall(ToolCall { id, name, arguments })));
            }
            _ => {}
        }
    }

    /// The call's ID, generated if the vendor gives none.
    pub(super) fn call_id(&self, reading: &Reading, number: u32) -> String {
        let id = self.call_id.clone().filter(|id| !id.is_empty());
        id.map_or_else(|| reading.call_id(number), |id| reading.own_id(id))
    }

    /// The tool by the client's name.
    pub(super) fn tool_name(&self, reading: &Reading) -> String {
        let name = self.name.clone().unwrap_or_default();
        match name.is_empty() {
            true => name,
            false if self.is_custom() => custom::mark(&name),
            false => reading.tool_name(name),
        }
    }

    /// What is known of a call when it begins, at its place in the output.
    pub(super) fn as_fragment(&self, at: u64, reading: &Reading) -> Fragment {
        let (index, id) = (Some(at), self.call_id.clone().map(|id| reading.own_id(id)));
        Fragment { index, id, name: self.tool_name(reading), ..Fragment::default() }
    }

    /// The arguments of a call that is whole.
    pub(super) fn whole_arguments(&self) -> Option<String> {
        if self.is_custom() {
            return self.input.as_deref().map(custom::arguments);
        }
        self.arguments.clone().filter(|arguments| !arguments.is_empty())
    }

    /// Whether it calls a tool of the client's.
    pub(super) fn is_call(&self) -> bool {
        self.r#type == "function_call" || self.is_custom()
    }

    /// Whether it calls a custom tool.
    fn is_custom(&self) -> bool {
        self.r#type == "custom_tool_call"
    }
}

/// The texts of a summary.
pub(super) fn joined(parts: Option<Vec<ContentPart>>) -> Option<String> {
    let texts: Vec<String> = parts?.into_iter().filter_map(|part| part.text).collect();
    Some(texts.join("\n\n")).filter(|text| !text.is_empty())
}

impl<'a> ItemOut<'a> {
    /// The item for a part, the `index`th of its answer; `None` if it cannot be expressed.
    pub(super) fn of(part: &'a Part, id: &str, index: usize) -> Option<Self> {
        let proof = part.signature.as_ref();
        Some(match &part.content {
            Content::Text(text) => Self::message(id, index, PartOut::text(text)),
            Content::Refusal(refusal) => Self::message(id, index, PartOut::Refusal { refusal }),
            Content::Reasoning(text) => {
                let proof = proof.map(|proof| proof.to_client(Protocol::OpenAiResponses));
                Self::reasoning(id, index, text, proof)
            }
            Content::Redacted => Self::reasoning(id, index, "", Some(seal(proof?))),
            Content::ToolCall(call) => Self::call(id, index, &call.id, &call.name, &call.arguments),
            Content::Media(_) | Content::ToolResult(_) => return None,
        })
    }

    /// The item that stands before a call with a proof: its own has no place for one.
    pub(super) fn proof_of(part: &Part, id: &str, index: usize) -> Option<Self> {
        let proof = seal(&part.seal_before()?);
        Some(Self::reasoning(id, index, "", Some(proof)))
    }

    /// A message with one part.
    pub(super) fn message(id: &str, index: usize, part: PartOut<'a>) -> Self {
        let id = format!("msg_{id}_{index}");
        Self::Message { id, status: "completed", role: "assistant", content: vec![part] }
    }

    /// Reasoning, its text as the summary.
    pub(super) fn reasoning(id: &str, index: usize, text: &'a str, proof: Option<String>) -> Self {
        let summary = (!text.is_empty()).then_some(PartOut::SummaryText { text });
        let is_openais = proof.as_deref().is_some_and(is_openais);
        let start = if is_openais { REASONING } else { OURS };
        let own = proof.as_deref().map(split_proof).and_then(|(id, _)| id).map(str::to_owned);
        Self::Reasoning {
            id: own.unwrap_or_else(|| format!("{start}{id}_{index}")),
            summary: summary.into_iter().collect(),
            encrypted_content: proof.map(|proof| split_proof(&proof).1.to_owned()),
        }
    }

    /// A call of a function or of a custom tool.
    pub(super) fn call(
        id: &str,
        index: usize,
        call_id: &'a str,
        name: &'a str,
        arguments: &'a str,
    ) -> Self {
        let status = "completed";
        let (name, namespace) = namespace::split(name);
        match custom::name_of(name) {
            Some(name) => {
                let (id, input) = (format!("ctc_{id}_{index}"), custom::input(arguments));
                Self::CustomToolCall { id, status, call_id, name, namespace, input }
            }
            None => {
                let id = format!("fc_{id}_{index}");
                Self::FunctionCall { id, status, call_id, name, namespace, arguments }
            }
        }
    }

    /// The same item at its start, without content.
    #[must_use]
    pub(super) fn begun(mut self) -> Self {
        match &mut self {
            Self::Message { status, content, .. } => {
                *status = BEGUN;
                content.clear();
            }
            Self::Reasoning { summary, encrypted_content, .. } => {
                summary.clear();
                *encrypted_content = None;
            }
            Self::FunctionCall { status, arguments, .. } => (*status, *arguments) = (BEGUN, ""),
            Self::CustomToolCall { status, input, .. } => {
                *status = BEGUN;
                input.clear();
            }
        }
        self
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Message { id, .. }
            | Self::Reasoning { id, .. }
            | Self::FunctionCall { id, .. }
            | Self::CustomToolCall { id, .. } => id,
        }
    }
}

impl<'a> PartOut<'a> {
    /// A text.
    pub(super) fn text(text: &'a str) -> Self {
        Self::OutputText { text, annotations: [], logprobs: [] }
    }
}

/// A reasoning part from its text and signature; `None` if empty. A seal of another vendor has its
/// own mark, since it does not sign a text.
pub(super) fn reasoning(
    text: String,
    proof: Option<String>,
    signature: impl Fn(&str) -> Option<Signature>,
) -> Option<Part> {
    let proof = proof.filter(|proof| !proof.is_empty());
    if let Some(seal) = proof.as_deref().and_then(|proof| proof.strip_prefix(SEALED)) {
        return Some(Part::new(Content::Redacted).signed(signature(seal)));
    }
    let says_something = !text.is_empty() || proof.is_some();
    let signature = proof.and_then(|proof| signature(&proof));
    says_something.then(|| Part::new(Content::Reasoning(text)).signed(signature))
}

/// The encrypted content with the id of its item: the vendor wants the two back together, and
/// clients of other protocols have one place for both.
pub(super) fn proof(id: Option<&str>, encrypted: Option<String>) -> Option<String> {
    // A foreign signature is marked; its item's ID was generated here and has no meaning.
    let own = encrypted.as_deref().is_some_and(|proof| !proof.is_empty() && !proof.contains('#'));
    match id.filter(|id| own && id.starts_with(REASONING)) {
        Some(id) => encrypted.map(|encrypted| format!("{id}{BETWEEN}{encrypted}")),
        None => encrypted,
    }
}

/// Whether a signature is OpenAI's.
pub(super) fn is_openais(proof: &str) -> bool {
    !proof.is_empty() && !proof.starts_with(SEALED) && !Signature::is_marked(proof)
}

/// The two again.
pub(super) fn split_proof(proof: &str) -> (Option<&str>, &str) {
    match proof.split_once(BETWEEN) {
        Some((id, encrypted)) if id.starts_with(REASONING) => (Some(id), encrypted),
        _ => (None, proof),
    }
}

/// Reasoning in sealed form only, as `encrypted_content`.
pub(super) fn seal(signature: &Signature) -> String {
    format!("{SEALED}{}", signature.to_client(Protocol::OpenAiResponses))
}

/// Stands before a seal in `encrypted_content`.
pub(super) const SEALED: &str = "sealed#";
/// How the router's own ids of reasoning begin.
pub(super) const OURS: &str = "rs_onwards_";
/// How the ids of reasoning begin.
const REASONING: &str = "rs_";
/// Stands between an id and the encrypted content; neither holds it.
const BETWEEN: char = ':';
const BEGUN: &str = "in_progress";
