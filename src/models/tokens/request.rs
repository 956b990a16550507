//! Counts the text of a request from the bytes of its JSON body: the values that a model reads,
//! without the protocol's names.
//!
//! It reads at most 16 KiB; a longer body is sampled.

use std::borrow::Cow;

use super::{
    census::Census,
    families::Tokenizer,
    rules::{PER_MEDIUM, PER_TURN},
};

/// What the input of a request holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Input {
    text: Census,
    /// Beside a picture in a sample.
    beside: Census,
    turns: u32,
    /// Pictures, documents, sounds.
    media: u32,
    /// Numbers in lists: tokens that the client has made itself.
    numbers: u32,
    /// Bytes that stand for the whole, and the length of the whole.
    sampled: Option<(u64, u64)>,
}

impl Input {
    /// What the input of a request holds whose body is these pieces, `length` bytes in all.
    pub(crate) fn read<'a>(body: impl Iterator<Item = &'a [u8]>, length: u64) -> Self {
        let mut input = Self::default();
        if length <= MOST_READ {
            input.read_whole(&joined(body));
        } else {
            input.sample(body, length);
        }
        input
    }

    /// The tokens that this family of tokenizers makes of it.
    pub(crate) fn tokens(&self, tokenizer: &Tokenizer) -> u64 {
        let text = tokenizer.tokens(&self.text) + u64::from(self.numbers);
        let text = match self.sampled {
            Some((seen, length)) => text.saturating_mul(length) / seen.max(1),
            None => text,
        };
        text + tokenizer.tokens(&self.beside)
            + PER_TURN * u64::from(self.turns)
            + PER_MEDIUM as u64 * u64::from(self.media)
    }
}

/// Most small bodies are one piece.
fn joined<'a>(mut body: impl Iterator<Item = &'a [u8]>) -> Cow<'a, [u8]> {
    let first = body.next().unwrap_or_default();
    match body.next() {
        None => first.into(),
        Some(second) => {
            let mut all = [first, second].concat();
            body.for_each(|piece| all.extend_from_slice(piece));
            all.into()
        }
    }
}

impl Input {
    /// Looks at every value.
    fn read_whole(&mut self, body: &[u8]) {
        let mut key: &[u8] = b"";
        // For each bracket that is open, whether it is a list's; deeper ones are taken for objects.
        let (mut lists, mut at) = (0_u64, 0);
        while let Some(&byte) = body.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let end = at + text_length(&body[at..]);
                    let text = &body[at..end];
                    at = (end + 1).min(body.len());
                    let behind = body[at..].trim_ascii_start();
                    if behind.first() == Some(&b':') {
                        key = text;
                        self.key(text);
                    } else {
                        self.value(key, text);
                    }
                }
                b'{' => lists <<= 1,
                b'[' => lists = lists << 1 | 1,
                b'}' | b']' => lists >>= 1,
                b'0'..=b'9' | b'-' => {
                    let rest = &body[at..];
                    let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}') || *byte <= b' ';
                    at += rest.iter().position(is_end).unwrap_or(rest.len());
                    self.numbers += (lists & 1) as u32;
                }
                _ => {}
            }
        }
    }

    fn key(&mut self, name: &[u8]) {
        if name == b"role" {
            self.turns += 1;
        }
        if !is_structure(name) {
            self.count(name);
        }
    }

    fn value(&mut self, key: &[u8], text: &[u8]) {
        let is_medium = MEDIA.contains(&key)
            && (text.len() > LONG_NAME || text.starts_with(b"data:") || text.starts_with(b"http"));
        if is_medium || is_base64(text) {
            self.media += 1;
        } else if !NO_TEXT.contains(&key) {
            self.count(text);
        }
    }

    fn count(&mut self, text: &[u8]) {
        self.text.json(text);
        self.text.end();
    }

    /// Looks at samples, as far from each other as they can be. A sample that holds a picture does not count as text.
    fn sample<'a>(&mut self, body: impl Iterator<Item = &'a [u8]>, length: u64) {
        let step = length / SAMPLES;
        // Where the next one begins, and where in the body the piece does.
        let (mut next, mut begin, mut seen) = (0, 0, 0);
        for piece in body {
            let end = begin + piece.len() as u64;
            while next < end {
                let from = usize::try_from(next.saturating_sub(begin)).unwrap_or_default();
                let rest = &piece[from.min(piece.len())..];
                seen += self.sample_one(&rest[..rest.len().min(SAMPLE)]);
                next += step;
            }
            begin = end;
        }
        self.turns = 1;
        self.sampled = Some((seen, length));
    }

    /// Counts a sample; answers how many bytes of the body are like it. Where a picture begins or ends, what
    /// is beside it stands for itself alone.
    fn sample_one(&mut self, sample: &[u8]) -> u64 {
        let (begin, end) = (base64_run(sample.iter()), base64_run(sample.iter().rev()));
        if begin.max(end) < SHORTEST_MEDIUM {
            self.count(sample);
        } else {
            // One at least: how many there are is not known.
            self.media = 1;
            if begin < sample.len() {
                let text = &sample[begin..sample.len().saturating_sub(end).max(begin)];
                self.beside.json(text);
                self.beside.end();
            }
        }
        sample.len() as u64
    }
}

/// How many of these bytes, one after the other, may be digits of a picture's bytes; nothing where there are
/// few.
fn base64_run<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let run = bytes.take_while(|byte| is_base64_digit(byte)).count();
    if run < SHORTEST_MEDIUM { 0 } else { run }
}

/// The length of a text from behind its first quote, the last one not included.
fn text_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        at += found;
        if text[at] == b'"' {
            return at;
        }
        at += 2;
        if at >= text.len() {
            break;
        }
    }
    text.len()
}

/// Whether a text is long and is no language: without a space, an escape or a quote.
fn is_base64(text: &[u8]) -> bool {
    text.len() >= SHORTEST_MEDIUM && text[..SHORTEST_MEDIUM].iter().all(is_base64_digit)
}

fn is_base64_digit(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte)
}

/// Whether a key is a protocol's own word: keys of a tool's parameters are read by the model.
fn is_structure(name: &[u8]) -> bool {
    NO_TEXT.contains(&name)
        || STRUCTURE.contains(&name)
        || MEDIA.contains(&name)
        || name.contains(&b'_')
            && [b"max_".as_slice(), b"top_", b"stream_", b"tool_"]
                .iter()
                .any(|start| name.starts_with(start))
}

/// A longer body is sampled.
const MOST_READ: u64 = 16 * 1024;
const SAMPLES: u64 = 16;
const SAMPLE: usize = 1024;
/// A name or an address of a medium is shorter than its bytes.
const LONG_NAME: usize = 256;
const SHORTEST_MEDIUM: usize = 256;

/// Fields of all protocols whose value the model does not read as text.
const NO_TEXT: &[&[u8]] = &[
    b"model",
    b"role",
    b"type",
    b"id",
    b"call_id",
    b"tool_call_id",
    b"tool_use_id",
    b"toolUseId",
    b"media_type",
    b"mime_type",
    b"mimeType",
    b"format",
    b"detail",
    b"signature",
    b"thoughtSignature",
    b"encrypted_content",
    b"redactedContent",
    b"user",
    b"user_id",
    b"status",
    b"service_tier",
    b"tool_choice",
    b"effort",
    b"reasoning_effort",
    b"encoding_format",
    b"input_type",
    b"previous_response_id",
    b"prompt_cache_key",
    b"safety_identifier",
    b"anthropic_version",
    b"ttl",
];

/// Fields that hold a medium: its bytes, or its address.
const MEDIA: &[&[u8]] = &[
    b"data",
    b"url",
    b"uri",
    b"image_url",
    b"file_data",
    b"fileUri",
    b"file_uri",
    b"bytes",
    b"image",
];

/// Keys of all protocols that a model does not read.
const STRUCTURE: &[&[u8]] = &[
    b"messages",
    b"content",
    b"contents",
    b"text",
    b"parts",
    b"input",
    b"prompt",
    b"system",
    b"instructions",
    b"systemInstruction",
    b"system_instruction",
    b"texts",
    b"tools",
    b"toolConfig",
    b"toolSpec",
    b"inputSchema",
    b"json",
    b"function",
    b"functions",
    b"functionDeclarations",
    b"function_declarations",
    b"parameters",
    b"input_schema",
    b"name",
    b"arguments",
    b"args",
    b"functionCall",
    b"functionResponse",
    b"toolUse",
    b"toolResult",
    b"response",
    b"temperature",
    b"stream",
    b"include_usage",
    b"generationConfig",
    b"inferenceConfig",
    b"maxOutputTokens",
    b"maxTokens",
    b"topP",
    b"topK",
    b"topLogprobs",
    b"seed",
    b"stop",
    b"n",
    b"metadata",
    b"store",
    b"reasoning",
    b"thinking",
    b"thinkingConfig",
    b"cache_control",
    b"cachePoint",
    b"source",
    b"inlineData",
    b"inline_data",
    b"fileData",
    b"file",
    b"response_format",
    b"json_schema",
    b"schema",
    b"strict",
    b"parallel_tool_calls",
    b"dimensions",
    b"requests",
];
