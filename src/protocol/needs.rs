//! The capabilities that a request needs besides text: read from its neutral form, or searched in
//! its body if it has none.

use memchr::memmem;

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
            let is_text =
                matches!(media.source, Source::Text(_)) || media.essence().starts_with("text/");
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

/// The needs of a body without a neutral form, by the words in it; it may find too many. A text
/// cannot contain such a word, since quotes are escaped there. A text that equals the word is
/// neither a key nor a type.
pub(crate) fn of_words(body: &[u8]) -> Capabilities {
    let is_there = |(word, _): &&(&str, Capability)| {
        let mut places = memmem::find_iter(body, word.as_bytes());
        let is_name = word.ends_with('"') && !LISTED.contains(word);
        places.any(|at| !is_name || is_type(body, at) || is_key(body, at + word.len()))
    };
    WORDS.iter().filter(is_there).map(|(_, one)| *one).collect()
}

/// What parts of these types need, which a request can be read without.
pub(crate) fn of_types(body: &[u8]) -> Capabilities {
    let is_there = |(word, _): &&(&str, Capability)| {
        memmem::find_iter(body, word.as_bytes()).any(|at| is_type(body, at))
    };
    TYPES.iter().filter(is_there).map(|(_, one)| *one).collect()
}

/// Whether the value is a type name: `"type": "image"`.
fn is_type(body: &[u8], at: usize) -> bool {
    let before = body[..at].trim_ascii_end().strip_suffix(b":");
    before.is_some_and(|before| before.trim_ascii_end().ends_with(b"\"type\""))
}

/// Whether this is the end of a key with a non-empty value.
fn is_key(body: &[u8], end: usize) -> bool {
    let value = body[end..].trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    value.is_some_and(|value| !NOTHING.iter().any(|nothing| value.starts_with(nothing.as_bytes())))
}

const fn bit(one: Capability) -> u8 {
    1 << one as u8
}

const NONE: Capabilities = Capabilities(0);
/// Extra fields that ask for audio, and those that list output modalities.
const SPEECH: &[&str] = &["audio", "generationConfig.speechConfig"];
const MODALITIES: &[&str] = &["modalities", "generationConfig.responseModalities"];
/// Values that ask for nothing.
const NOTHING: [&str; 4] = ["null", "false", "[]", "{}"];
/// Words that also stand in lists of modalities.
const LISTED: [&str; 2] = ["\"audio\"", "\"AUDIO\""];
/// Types of parts and items that readers keep aside or leave out.
const TYPES: &[(&str, Capability)] = &[
    ("\"video_url\"", Capability::Vision),
    ("\"input_image\"", Capability::Vision),
    ("\"image\"", Capability::Vision),
    ("\"image_url\"", Capability::Vision),
    ("\"image_embeds\"", Capability::Vision),
    ("\"computer_screenshot\"", Capability::Vision),
    ("\"image_generation_call\"", Capability::Vision),
    ("\"audio_url\"", Capability::Audio),
    ("\"document_url\"", Capability::Documents),
    ("\"file_url\"", Capability::Documents),
    ("\"container_upload\"", Capability::Documents),
    ("\"server_tool_use\"", Capability::Tools),
    ("\"web_search_call\"", Capability::Tools),
    ("\"mcp_call\"", Capability::Tools),
    ("\"local_shell_call_output\"", Capability::Tools),
];
const WORDS: &[(&str, Capability)] = &[
    ("\"image_url\"", Capability::Vision),
    ("\"input_image\"", Capability::Vision),
    ("\"image\"", Capability::Vision),
    ("\"images\"", Capability::Vision),
    ("\"image/", Capability::Vision),
    ("\"video\"", Capability::Vision),
    ("\"video/", Capability::Vision),
    ("\"data:image/", Capability::Vision),
    ("\"input_audio\"", Capability::Audio),
    ("\"audio\"", Capability::Audio),
    ("\"AUDIO\"", Capability::Audio),
    ("\"audio/", Capability::Audio),
    ("\"data:audio/", Capability::Audio),
    ("\"input_file\"", Capability::Documents),
    ("\"file\"", Capability::Documents),
    ("\"document\"", Capability::Documents),
    ("\"application/pdf", Capability::Documents),
    ("\"data:application/pdf", Capability::Documents),
    ("\"tools\"", Capability::Tools),
    ("\"functions\"", Capability::Tools),
    ("\"tool_calls\"", Capability::Tools),
    ("\"toolConfig\"", Capability::Tools),
    ("\"json_schema\"", Capability::JsonSchema),
    ("\"responseSchema\"", Capability::JsonSchema),
    ("\"response_schema\"", Capability::JsonSchema),
    ("\"responseJsonSchema\"", Capability::JsonSchema),
    ("\"reasoning\"", Capability::Reasoning),
    ("\"reasoning_effort\"", Capability::Reasoning),
    ("\"thinking\"", Capability::Reasoning),
    ("\"thinkingConfig\"", Capability::Reasoning),
    ("\"thinking_config\"", Capability::Reasoning),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Protocol, codec::Head};

    fn names(needs: Capabilities) -> Vec<&'static str> {
        needs.each().map(Capability::name).collect()
    }

    fn read(protocol: Protocol, body: &str) -> Vec<&'static str> {
        let head = Head { model: Some("m"), delivery: None };
        let read = protocol.codec().read_request(body.as_bytes(), &head);
        names(of_conversation(&read.unwrap_or_else(|error| panic!("{body}: {error}"))))
    }

    #[test]
    fn six_protocols_say_what_they_need_each_in_its_way() {
        use Protocol as P;
        let chat = |more: &str| {
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":{more}}}]}}"#)
        };
        let user = |more: &str| {
            format!(r#"{{"model":"m","input":[{{"role":"user","content":[{more}]}}]}}"#)
        };
        let claude = |more: &str| {
            format!(
                r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":[{more}]}}]}}"#
            )
        };
        let google = |parts: &str, more: &str| {
            format!(r#"{{"contents":[{{"role":"user","parts":[{parts}]}}]{more}}}"#)
        };
        let aws = |parts: &str, more: &str| {
            format!(r#"{{"messages":[{{"role":"user","content":[{parts}]}}]{more}}}"#)
        };
        let with = |more: &str| {
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"q"}}],{more}}}"#)
        };
        let png = r#""data":"AAAA""#;
        for (protocol, body, wanted) in [
            (P::OpenAi, chat("\"q\""), ""),
            (P::OpenAi, chat(r#"[{"type":"image_url","image_url":{"url":"https://a/b"}}]"#), "vision"),
            (P::OpenAi, chat(r#"[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]"#), "audio"),
            (P::OpenAi, chat(r#"[{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}]"#), "documents"),
            (P::OpenAi, with(r#""modalities":["text","audio"],"audio":{"voice":"a","format":"wav"}"#), "audio"),
            (P::OpenAi, with(r#""tools":[{"type":"function","function":{"name":"f"}}]"#), "tools"),
            (P::OpenAi, with(r#""functions":[{"name":"f"}]"#), "tools"),
            (P::OpenAi, with(r#""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}"#), "json_schema"),
            (P::OpenAi, with(r#""response_format":{"type":"json_object"}"#), ""),
            (P::OpenAi, with(r#""reasoning_effort":"low""#), "reasoning"),
            (P::OpenAi, with(r#""reasoning_effort":"none""#), ""),
            (P::OpenAiResponses, user(r#"{"type":"input_text","text":"q"}"#), ""),
            (P::OpenAiResponses, user(r#"{"type":"input_image","image_url":"https://a/b"}"#), "vision"),
            (P::OpenAiResponses, user(r#"{"type":"input_file","file_data":"data:application/pdf;base64,AAAA"}"#), "documents"),
            (P::OpenAiResponses, r#"{"model":"m","input":"q","reasoning":{"effort":"high"}}"#.into(), "reasoning"),
            (P::OpenAiResponses, r#"{"model":"m","input":"q","tools":[{"type":"code_interpreter"}]}"#.into(), "tools"),
            (P::OpenAiResponses, r#"{"model":"m","input":"q","text":{"format":{"type":"json_schema","name":"n","schema":{}}}}"#.into(), "json_schema"),
            (P::Anthropic, claude(r#"{"type":"text","text":"q"}"#), ""),
            (P::Anthropic, claude(&format!(r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png",{png}}}}}"#)), "vision"),
            (P::Anthropic, claude(&format!(r#"{{"type":"document","source":{{"type":"base64","media_type":"application/pdf",{png}}}}}"#)), "documents"),
            (P::Anthropic, claude(r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"q"}}"#), ""),
            (P::Anthropic, claude(&format!(r#"{{"type":"tool_result","tool_use_id":"t","content":[{{"type":"image","source":{{"type":"base64","media_type":"image/png",{png}}}}}]}}"#)), "vision tools"),
            (P::Gemini, google(r#"{"text":"q"}"#, ""), ""),
            (P::Gemini, google(&format!(r#"{{"inlineData":{{"mimeType":"image/png",{png}}}}}"#), ""), "vision"),
            (P::Gemini, google(&format!(r#"{{"inline_data":{{"mime_type":"audio/wav",{png}}}}}"#), ""), "audio"),
            (P::Gemini, google(r#"{"text":"q"}"#, r#","tools":[{"functionDeclarations":[{"name":"f"}]}]"#), "tools"),
            (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}"#), "json_schema"),
            (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"thinkingConfig":{"thinkingBudget":99}}"#), "reasoning"),
            (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"thinkingConfig":{"thinkingBudget":0}}"#), ""),
            (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"responseModalities":["AUDIO"]}"#), "audio"),
            (P::Bedrock, aws(r#"{"text":"q"}"#, ""), ""),
            (P::Bedrock, aws(r#"{"image":{"format":"png","source":{"bytes":"AAAA"}}}"#, ""), "vision"),
            (P::Bedrock, aws(r#"{"document":{"format":"pdf","name":"n","source":{"bytes":"AAAA"}}}"#, ""), "documents"),
            (P::Bedrock, aws(r#"{"text":"q"}"#, r#","toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]}"#), "tools"),
            (P::Cohere, chat("\"q\""), ""),
            (P::Cohere, chat(r#"[{"type":"image_url","image_url":{"url":"https://a/b"}}]"#), "vision"),
            (P::Cohere, with(r#""tools":[{"type":"function","function":{"name":"f"}}]"#), "tools"),
        ] {
            assert_eq!(read(protocol, &body).join(" "), wanted, "{protocol}: {body}");
        }
    }

    #[test]
    fn words_stand_for_what_cannot_be_read_and_texts_hold_none() {
        let said = |body: &str| names(of_words(body.as_bytes())).join(" ");
        assert_eq!(
            said(r#"{"previous_response_id":"r","input":[{"type":"input_image"}]}"#),
            "vision"
        );
        assert_eq!(said(r#"{"input":"send \"image_url\" and \"tools\""}"#), "");
        assert_eq!(said(r#"{"parts":[{"inlineData":{"mimeType":"audio/wav"}}]}"#), "audio");
        assert_eq!(said(r#"{"modalities":["text","audio"]}"#), "audio");
        assert_eq!(said(r#"{"requests":[{"params":{"tools" : [{}]}}]}"#), "tools");
        for harmless in [
            "no JSON",
            r#"{"prompt":"image"}"#,
            r#"{"input":["image","file"]}"#,
            r#"{"previous_response_id":"r","tools":[],"reasoning":null,"input":"image"}"#,
        ] {
            assert_eq!(said(harmless), "", "{harmless}");
        }
    }

    #[test]
    fn types_that_are_kept_aside_tell_what_they_need() {
        let said = |body: &str| names(of_types(body.as_bytes())).join(" ");
        for (body, wanted) in [
            (r#"[{"type":"video_url","video_url":{"url":"https://a"}}]"#, "vision"),
            (r#"[{"type" : "image","source":{}}]"#, "vision"),
            (r#"{"input":[{"type":"mcp_call"}]}"#, "tools"),
            (r#"[{"type":"container_upload"}]"#, "documents"),
            (r#"{"parameters":{"properties":{"image":{"type":"string"}}}}"#, ""),
            (r#"{"content":"\"type\":\"image\""}"#, ""),
        ] {
            assert_eq!(said(body), wanted, "{body}");
        }
    }

    #[test]
    fn paths_say_what_they_are_for() {
        for (path, wanted) in [
            ("/v1/audio/speech", "audio"),
            ("/v1/Audio/transcriptions?x=1", "audio"),
            ("/v1/images/edits", "vision"),
            ("/v1/images/generations", ""),
            ("/v1/embeddings", "embeddings"),
            ("/v1beta/models/m:batchEmbedContents", "embeddings"),
            ("/v1beta/models/embedding-1:generateContent", ""),
            ("/v1/chat/completions", ""),
        ] {
            assert_eq!(names(of_path(path)).join(" "), wanted, "{path}");
        }
    }

    #[test]
    fn pictures_may_be_embedded() {
        let mut from = Embedding::default();
        assert_eq!(names(of_embedding(&from)), ["embeddings"]);
        from.inputs.push(crate::protocol::embedding::Input {
            parts: vec![Piece::Image("data:image/png;base64,AAAA".into())],
            title: None,
        });
        assert_eq!(names(of_embedding(&from)), ["vision", "embeddings"]);
    }
}
