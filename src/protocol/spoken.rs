//! Counts a model's text in an answer that is passed on, to estimate its tokens: the values of the
//! protocol's text keys, found in the bytes. No text is kept.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, packed::Searcher};
use smallvec::SmallVec;

use super::Protocol;
use crate::models::tokens::{Census, Tokenizer};

/// The counter of one answer.
#[derive(Debug)]
pub(crate) struct Spoken {
    words: &'static Words,
    said: Census,
    inside: Inside,
    /// The end of the last piece, where a key began that the next piece completes.
    seam: SmallVec<[u8; 64]>,
    pieces: u32,
    /// Bytes of sampled chunks, and of the chunks they represent.
    counted: u64,
    skipped: u64,
}

/// What the last piece has ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    /// A text; whether its last character is the backslash of an escape.
    Text {
        escaped: bool,
    },
    /// An object that is a call's arguments.
    Object {
        depth: u32,
        quoted: bool,
        escaped: bool,
    },
}

/// The keys of a protocol behind which a model speaks.
#[derive(Debug)]
struct Words {
    packed: Option<Searcher>,
    plain: Option<AhoCorasick>,
    longest: usize,
}

impl Spoken {
    /// For a stream in this protocol.
    pub(crate) fn of_stream(protocol: Protocol) -> Self {
        Self::new(protocol, 0)
    }

    /// The tokens of an answer that ends with these bytes and has `length` bytes.
    pub(crate) fn in_answer(
        protocol: Protocol,
        end: &[u8],
        length: u64,
        tokenizer: &Tokenizer,
    ) -> u64 {
        let mut spoken = Self::new(protocol, 1);
        if length > end.len() as u64 {
            // A value this long is a text that started before.
            spoken.inside = Inside::Text { escaped: false };
        }
        spoken.observe(end);
        spoken.counted = end.len() as u64;
        spoken.skipped = length.saturating_sub(spoken.counted);
        spoken.tokens(tokenizer)
    }

    fn new(protocol: Protocol, which: usize) -> Self {
        let words = WORDS.iter().find(|(its, _)| *its == protocol).map(|(_, words)| words);
        Self {
            words: words.map_or(&NO_WORDS, |words| &words[which]),
            said: Census::default(),
            inside: Inside::Nothing,
            seam: SmallVec::new(),
            pieces: 0,
            counted: 0,
            skipped: 0,
        }
    }

    /// Counts the next chunk. In a long stream of whole events, every other event is counted twice;
    /// one much longer than usual is counted itself.
    pub(crate) fn observe(&mut self, piece: &[u8]) {
        self.pieces += 1;
        let length = piece.len() as u64;
        let is_usual =
            length * u64::from(self.pieces) <= 3 * (self.counted + self.skipped + length);
        let is_whole = self.inside == Inside::Nothing && self.seam.is_empty();
        if is_usual
            && is_whole
            && self.pieces > ALL
            && !self.pieces.is_multiple_of(2)
            && piece.ends_with(b"\n\n")
        {
            self.skipped += length;
            return;
        }
        // Others need the core, so the start of a large answer represents all of it.
        if piece.len() > LARGE && is_whole && piece.ends_with(b"\n\n") {
            self.read(&piece[..LARGE]);
            (self.inside, self.seam) = (Inside::Nothing, SmallVec::new());
            self.counted += LARGE as u64;
            self.skipped += length - LARGE as u64;
            return;
        }
        if is_usual {
            self.counted += length;
        }
        if self.seam.is_empty() {
            self.read(piece);
        } else {
            let mut joined = std::mem::take(&mut self.seam);
            joined.extend_from_slice(piece);
            self.read(&joined);
        }
    }

    /// The tokens of the counted text.
    pub(crate) fn tokens(&self, tokenizer: &Tokenizer) -> u64 {
        let tokens = tokenizer.tokens(&self.said);
        if self.skipped == 0 {
            return tokens;
        }
        tokens.saturating_mul(self.counted + self.skipped) / self.counted.max(1)
    }

    fn read(&mut self, bytes: &[u8]) {
        let mut at = match self.inside {
            Inside::Nothing => 0,
            Inside::Text { escaped } => self.text(bytes, usize::from(escaped)),
            Inside::Object { .. } => self.object(bytes),
        };
        while let Some((begin, end)) = self.words.next(&bytes[at..]) {
            let (begin, end) = (at + begin, at + end);
            at = end;
            if begin > 0 && bytes[begin - 1] == b'\\' {
                continue;
            }
            let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b':';
            let blank = bytes[end..].iter().take_while(|byte| is_blank(byte)).count();
            let has_colon = bytes[end..end + blank].contains(&b':');
            match bytes.get(end + blank) {
                Some(b'"') if has_colon => {
                    at = end + blank + 1;
                    at += self.text(&bytes[at..], 0);
                }
                Some(b'{') if has_colon => {
                    at = end + blank;
                    self.inside = Inside::Object { depth: 0, quoted: false, escaped: false };
                    at += self.object(&bytes[at..]);
                }
                None if blank < SEAM => self.seam.extend_from_slice(&bytes[begin..]),
                _ => {}
            }
        }
        if self.inside == Inside::Nothing && self.seam.is_empty() && bytes.last() != Some(&b'\n') {
            let from = bytes.len().saturating_sub(self.words.longest).max(at);
            if let Some(quote) = memchr::memchr(b'"', &bytes[from..]) {
                self.seam.extend_from_slice(&bytes[from + quote..]);
            }
        }
    }

    /// Counts a text to its last quote; answers how many bytes it took.
    fn text(&mut self, bytes: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
        {
            at += found;
            if bytes[at] == b'"' {
                self.said.json(&bytes[..at]);
                self.inside = Inside::Nothing;
                return at + 1;
            }
            at += 2;
        }
        self.said.json(bytes);
        self.inside = Inside::Text { escaped: at > bytes.len() };
        bytes.len()
    }

    /// Counts an object to its last bracket.
    fn object(&mut self, bytes: &[u8]) -> usize {
        let Inside::Object { mut depth, mut quoted, mut escaped } = self.inside else { return 0 };
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' if !quoted => depth += 1,
                b'}' if !quoted => {
                    depth -= 1;
                    if depth == 0 {
                        self.said.json(&bytes[..=at]);
                        self.inside = Inside::Nothing;
                        return at + 1;
                    }
                }
                _ => {}
            }
        }
        self.said.json(bytes);
        self.inside = Inside::Object { depth, quoted, escaped };
        bytes.len()
    }
}

impl Words {
    fn new(words: &'static [&'static str]) -> Self {
        Self {
            packed: Searcher::new(words),
            plain: AhoCorasick::new(words).ok(),
            longest: words.iter().map(|word| word.len()).max().unwrap_or_default(),
        }
    }

    /// Where the next one begins and ends.
    fn next(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let found = match (&self.packed, &self.plain) {
            (Some(packed), _) => packed.find(bytes)?,
            (None, plain) => plain.as_ref()?.find(bytes)?,
        };
        Some((found.start(), found.end()))
    }
}

static WORDS: LazyLock<Vec<(Protocol, [Words; 2])>> = LazyLock::new(|| {
    let of = |protocol: &Protocol| protocol.profile().spoken.map(Words::new);
    Protocol::ALL.iter().map(|protocol| (*protocol, of(protocol))).collect()
});
static NO_WORDS: Words = Words { packed: None, plain: None, longest: 0 };
/// Bytes of whole events that are looked at.
const LARGE: usize = 64 * 1024;
/// Pieces of a stream that are all looked at.
const ALL: u32 = 64;
/// Blank bytes after a key that may be split.
const SEAM: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::tokens;

    const TEXT: &str = "The quick brown fox says \\\"hello\\\" to the lazy dog,\\nand leaves \\u00e9 at \
        once. Nobody knows why it was in such a hurry.";

    fn expected(text: &str) -> u64 {
        let mut census = Census::default();
        census.json(text.as_bytes());
        tokenizer().tokens(&census)
    }

    fn tokenizer() -> &'static Tokenizer {
        tokens::Tokenizer::of("gpt-4o")
    }

    fn streamed(protocol: Protocol, stream: &str, size: usize) -> u64 {
        let mut spoken = Spoken::of_stream(protocol);
        stream.as_bytes().chunks(size).for_each(|piece| spoken.observe(piece));
        spoken.tokens(tokenizer())
    }

    #[test]
    fn text_of_a_stream_is_counted_in_every_protocol_however_it_is_cut() {
        for (protocol, before, after) in [
            (
                Protocol::OpenAi,
                r#"data: {"id":"content","choices":[{"delta":{"content":""#,
                r#""},"finish_reason":null}],"usage":null}"#,
            ),
            (
                Protocol::OpenAiResponses,
                r#"data: {"type":"response.output_text.delta","delta" : ""#,
                r#""}"#,
            ),
            (
                Protocol::Anthropic,
                r#"data: {"type":"content_block_delta","delta":{"type":"text_delta","text":""#,
                r#""}}"#,
            ),
            (
                Protocol::Gemini,
                r#"data: {"candidates":[{"content":{"parts":[{"text": ""#,
                r#""}],"role":"model"}}]}"#,
            ),
            (Protocol::Bedrock, r#"{"contentBlockIndex":0,"delta":{"text":""#, r#""},"p":"abc"}"#),
            (Protocol::Cohere, r#"data: {"delta":{"message":{"content":{"text":""#, r#""}}}}"#),
        ] {
            let stream = format!("{before}{TEXT}{after}\n\n");
            for size in 1..stream.len() {
                assert_eq!(
                    streamed(protocol, &stream, size),
                    expected(TEXT),
                    "{protocol:?} {size}"
                );
            }
        }
    }

    #[test]
    fn arguments_of_calls_are_counted_as_objects_and_as_texts() {
        let object = r#"{"city":"Par\"}is","deep":{"a":[1,2]}}"#;
        let stream =
            format!(r#"data: {{"parts":[{{"functionCall":{{"name":"x","args":{object}}}}}]}}"#);
        let text = object.replace('\\', "\\\\").replace('"', "\\\"");
        let chat = format!(r#"data: {{"function":{{"name":"x","arguments":"{text}"}}}}"#);
        for size in [1, 5, 1_000] {
            let told = streamed(Protocol::Gemini, &stream, size);
            assert!(told.abs_diff(expected(object) + 1) <= 1, "{told}");
            let told = streamed(Protocol::OpenAi, &chat, size);
            assert!(told.abs_diff(expected(&text) + 1) <= 1, "{told}");
        }
    }

    #[test]
    fn long_stream_is_sampled_and_long_answer_is_judged_by_its_end() {
        let event = r#"data: {"choices":[{"delta":{"content":" several words here"}}]}"#;
        let mut spoken = Spoken::of_stream(Protocol::OpenAi);
        (0..1_000).for_each(|_| spoken.observe(format!("{event}\n\n").as_bytes()));
        let told = spoken.tokens(tokenizer());
        let all = expected(&" several words here".repeat(1_000));
        assert!(told.abs_diff(all) < all / 50, "{told} for {all}");
        let text = "It was a bright cold day in April. ".repeat(1_000);
        let body = format!(r#"{{"choices":[{{"message":{{"content":"{text}"}}}}]}}"#);
        let end = &body.as_bytes()[body.len() - 16_000..];
        let told = Spoken::in_answer(Protocol::OpenAi, end, body.len() as u64, tokenizer());
        let all = expected(&text);
        assert!(told.abs_diff(all) < all / 20, "{told} for {all}");
    }

    #[test]
    fn what_only_looks_like_a_text_is_not_counted() {
        for nothing in [
            r#"data: {"choices":[{"delta":{"role":"assistant","content":null},"logprobs":{"content":[]}}]}"#,
            r#"data: {"id":"a long id of the answer","model":"some long name","object":"content"}"#,
        ] {
            assert_eq!(streamed(Protocol::OpenAi, nothing, 1_000), 0, "{nothing}");
        }
    }
}
