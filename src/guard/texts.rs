//! The texts of a JSON body for a webhook, and their replacement.
//!
//! Images and protocol words, such as `user` under `role`, are omitted. All other bytes stay.

use std::ops::Range;

use smallvec::SmallVec;

use super::{
    data::{self, Data, Named},
    escapes,
    json::{self, See, Text, Unreadable},
};

/// The texts of a body, in their order.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    texts: Vec<String>,
    written: Vec<(Range<usize>, Written)>,
}

/// How a text is written in the body.
#[derive(Debug)]
enum Written {
    /// As it stands.
    Plain,
    /// As a string, between quotes.
    String,
    /// As a number, which has none.
    Number,
    /// As base64, behind this.
    Base64(Vec<u8>),
}

impl Texts {
    /// Reads a body. `passed` are the places, in order, that are skipped.
    ///
    /// # Errors
    /// It is not JSON.
    pub(crate) fn read(body: &[u8], passed: &[Range<u64>]) -> Result<Self, Unreadable> {
        let mut read = Read { passed, texts: Self::default(), objects: SmallVec::new() };
        json::read(body, &mut read)?;
        Ok(read.texts)
    }

    /// A body that is one text.
    pub(crate) fn of_plain(body: &str) -> Self {
        Self { texts: vec![body.into()], written: vec![(0..body.len(), Written::Plain)] }
    }

    /// Each of them.
    pub(crate) fn all(&self) -> &[String] {
        &self.texts
    }

    /// Where each of them stands.
    pub(super) fn places(&self) -> impl Iterator<Item = &Range<usize>> {
        self.written.iter().map(|(place, _)| place)
    }

    /// What is to be put in the place of which bytes, where these stand for the texts, one for each.
    pub(crate) fn edits(self, instead: &[String]) -> Vec<(Range<u64>, Vec<u8>)> {
        let all = self.texts.iter().zip(instead).zip(self.written);
        let changed = all.filter(|((text, instead), _)| text != instead);
        let edit =
            |((_, with), (place, written)): ((&String, &String), (Range<usize>, Written))| {
                let with = match written {
                    Written::Plain => with.as_bytes().to_vec(),
                    Written::String => escaped(with),
                    Written::Number => quoted(with),
                    Written::Base64(mut before) => {
                        before.extend_from_slice(data::encoded(with.as_bytes()).as_bytes());
                        before
                    }
                };
                (place.start as u64..place.end as u64, with)
            };
        changed.map(edit).collect()
    }

    fn push(&mut self, text: &[u8], place: Range<usize>, written: Written) {
        self.texts.push(String::from_utf8_lossy(text).into_owned());
        self.written.push((place, written));
    }
}

/// A text as the inside of a JSON string.
fn escaped(text: &str) -> Vec<u8> {
    let mut quoted = quoted(text);
    quoted.pop();
    quoted.drain(..quoted.len().min(1));
    quoted
}

/// A text as a JSON string.
fn quoted(text: &str) -> Vec<u8> {
    // A text is always JSON.
    serde_json::to_vec(text).unwrap_or_default()
}

struct Read<'a> {
    passed: &'a [Range<u64>],
    texts: Texts,
    /// The objects that have begun, from the outermost on.
    objects: SmallVec<[Open; 16]>,
}

/// An object that has begun.
#[derive(Debug, Clone, Copy)]
struct Open {
    of: Of,
    /// Whether it is, or lies in, what a tool is given or answers: no word in there is a protocol's own.
    is_given: bool,
}

/// Under which key an object stands, or the list around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Parts of a message.
    Content,
    /// The result of a function of Gemini's.
    FunctionResponse,
    /// Documents that a model is to look at.
    Documents,
    /// Anything else.
    Other,
}

impl Of {
    fn key(key: &[u8]) -> Self {
        match key {
            b"content" => Self::Content,
            b"functionResponse" | b"function_response" => Self::FunctionResponse,
            b"documents" => Self::Documents,
            _ => Self::Other,
        }
    }

    /// Whether what stands under a key in such an object, with so many around it, is what a tool is given or
    /// answers, or a document's own fields.
    fn gives(self, key: &[u8], depth: usize) -> bool {
        match key {
            b"args" | b"arguments" | b"input_examples" | b"inputExamples" => true,
            b"structured_content" | b"structuredContent" => true,
            // On top, the items of a conversation stand there.
            b"input" => depth > 1,
            b"response" => self == Self::FunctionResponse,
            b"json" => self == Self::Content,
            b"data" => self == Self::Documents,
            _ => false,
        }
    }
}

impl See for Read<'_> {
    fn begins(&mut self, bytes: &[u8], key: &Range<usize>) {
        let key = escapes::read(bytes.get(key.clone()).unwrap_or_default());
        let depth = self.objects.len();
        let is_given =
            self.objects.last().is_some_and(|it| it.is_given || it.of.gives(&key, depth));
        self.objects.push(Open { of: Of::key(&key), is_given });
    }

    fn ends(&mut self) -> Result<(), Unreadable> {
        self.objects.pop().map(|_| ()).ok_or(Unreadable)
    }

    fn text(&mut self, bytes: &[u8], text: Text) -> Result<(), Unreadable> {
        if text.place.is_empty() || self.is_passed(&text.place) {
            return Ok(());
        }
        let raw = bytes.get(text.place.clone()).unwrap_or_default();
        if text.is_number {
            if raw.len() >= LONG_NUMBER {
                self.texts.push(raw, text.place, Written::Number);
            }
            return Ok(());
        }
        let value = escapes::read(raw);
        if text.is_key {
            if !is_word(&value) {
                self.texts.push(&value, text.place, Written::String);
            }
            return Ok(());
        }
        let key = escapes::read(bytes.get(text.key.clone()).unwrap_or_default());
        let is_given = self.objects.last().is_some_and(|object| object.is_given);
        if !is_given && is_of_protocol(&key, &value) {
            return Ok(());
        }
        let named = Named::of(&key);
        match data::of(matches!(named, Named::Data | Named::FileData), &value) {
            Data::Picture | Data::Unreadable => {}
            Data::Plain | Data::Unknown => self.texts.push(&value, text.place, Written::String),
            Data::Text(inner, payload) => {
                let before = value.get(..payload.start).unwrap_or_default().to_vec();
                self.texts.push(&inner, text.place, Written::Base64(before));
            }
        }
        Ok(())
    }
}

impl Read<'_> {
    fn is_passed(&self, place: &Range<usize>) -> bool {
        let next = self.passed.partition_point(|it| it.end < place.end as u64);
        self.passed.get(next).is_some_and(|it| it.start <= place.start as u64)
    }
}

/// Whether it is one word of letters, digits and a few marks, as names and ids are.
pub(crate) fn is_word(value: &[u8]) -> bool {
    let is_of = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/$#".contains(byte);
    value.len() <= LONGEST_WORD && value.iter().all(is_of)
}

/// Whether it is a word of a protocol's own: a role, a type, an id, a choice that it names, or a vendor's proof,
/// which only that vendor reads.
fn is_of_protocol(key: &[u8], value: &[u8]) -> bool {
    if key.ends_with(b"_id") || key.ends_with(b"Id") {
        return is_word(value);
    }
    let letters = key.iter().filter(|byte| !matches!(byte, b'_' | b'-'));
    let letters: SmallVec<[u8; 32]> = letters.map(u8::to_ascii_lowercase).collect();
    let is_encoded = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    WORDS.contains(&&*letters) && is_word(value)
        || PROOFS.contains(&&*letters) && value.iter().all(is_encoded)
}

/// Keys whose words are a protocol's own, in small letters without marks.
const WORDS: [&[u8]; 42] = [
    b"$ref",
    b"$schema",
    b"createdat",
    b"createtime",
    b"detail",
    b"effort",
    b"embeddingtypes",
    b"encodingformat",
    b"event",
    b"finishreason",
    b"format",
    b"id",
    b"include",
    b"inputtype",
    b"latency",
    b"mediatype",
    b"mimetype",
    b"modalities",
    b"modality",
    b"mode",
    b"model",
    b"modelversion",
    b"name",
    b"object",
    b"phase",
    b"promptcacheretention",
    b"reasoningeffort",
    b"required",
    b"responsemimetype",
    b"role",
    b"servicetier",
    b"status",
    b"stopreason",
    b"systemfingerprint",
    b"tasktype",
    b"toolchoice",
    b"truncate",
    b"truncation",
    b"ttl",
    b"type",
    b"verbosity",
    b"voice",
];
/// Keys of proofs, likewise.
const PROOFS: [&[u8]; 5] =
    [b"encryptedcontent", b"obfuscation", b"redactedcontent", b"signature", b"thoughtsignature"];
const LONGEST_WORD: usize = 64;
/// A bare number that is as long as an account's.
const LONG_NUMBER: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn put(body: &str, change: impl Fn(&str) -> String) -> (Vec<String>, String) {
        let texts = Texts::read(body.as_bytes(), &[]).unwrap();
        let all = texts.all().to_vec();
        let instead: Vec<String> = all.iter().map(|text| change(text)).collect();
        let (mut out, mut from) = (Vec::new(), 0);
        for (place, with) in texts.edits(&instead) {
            out.extend_from_slice(&body.as_bytes()[from..place.start as usize]);
            out.extend_from_slice(&with);
            from = place.end as usize;
        }
        out.extend_from_slice(&body.as_bytes()[from..]);
        (all, String::from_utf8(out).unwrap())
    }

    #[test]
    fn texts_are_what_is_said_and_not_the_words_of_a_protocol() {
        let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"a\u0062 \"c\""},
            {"role":"tell me","content":[{"type":"text","text":"d"},{"type":"image_url","image_url":
            {"url":"data:image/png;base64,iVBORw0KGgo="}}]},{"role":"tool","tool_call_id":"call_1",
            "content":""}],"n":4111111111111111,"seed":12345,"two words":null,"signature":"ZWY=",
            "name":"get_weather","user":{"name":"tell it"}}"#;
        let (all, same) = put(body, str::to_owned);
        assert_eq!(all, ["ab \"c\"", "tell me", "d", "4111111111111111", "two words", "tell it"]);
        assert_eq!(same, body);
    }

    #[test]
    fn no_word_in_what_a_tool_is_given_or_answers_is_a_protocols_own() {
        let given = r#"{"name":"one","id":"two","status":"three","x_id":"four","type":"five",
            "signature":"six","required":["seven"],"deep":[{"role":"eight"}]}"#;
        let words = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
        for body in [
            r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t_1","name":"f","input":GIVEN}]}]}"#,
            r#"{"messages":[{"role":"assistant","content":[{"toolUse":{"toolUseId":"t_1","name":"f","input":GIVEN}}]}]}"#,
            r#"{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t","status":"success","content":[{"json":GIVEN}]}}]}]}"#,
            r#"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"c","name":"f","args":GIVEN}}]}]}"#,
            r#"{"contents":[{"parts":[{"functionCall":{"name":"f","\u0061rgs":GIVEN}}]}]}"#,
            r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":GIVEN}}]}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"function_call":{"name":"f","args":GIVEN}}]}}]}"#,
            r#"{"messages":[{"role":"assistant","calls":[{"id":"c","function":{"name":"f","arguments":GIVEN}}]}]}"#,
            r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"input_examples":[GIVEN]}]}"#,
            r#"{"documents":[{"id":"d","data":GIVEN}]}"#,
        ] {
            let (all, _) = put(&body.replace("GIVEN", given), str::to_owned);
            assert_eq!(all, words, "{body}");
        }
        let (all, _) = put(
            r#"{"input":[{"type":"message","role":"user","id":"msg_1","status":"completed","content":"a b"},
                {"type":"function_call","name":"f","call_id":"c","arguments":"{\"name\":\"one\"}"}],
                "response":{"id":"r","status":"completed"},"data":{"id":"x"}}"#,
            str::to_owned,
        );
        assert_eq!(all, ["a b", r#"{"name":"one"}"#]);
    }

    #[test]
    fn what_is_replaced_is_written_as_the_text_was() {
        let body = r#"{"a": "x\u0079 z" , "b":"y","n":123456789012,"file_data":"data:text/plain;base64,aGVsbG8geCB5"}"#;
        let (all, out) = put(body, |text| text.replace('x', "\"q\"\n").replace("1234", "#"));
        assert_eq!(all, ["xy z", "y", "123456789012", "hello x y"]);
        assert_eq!(
            out,
            r##"{"a": "\"q\"\ny z" , "b":"y","n":"#56789012","file_data":"data:text/plain;base64,aGVsbG8gInEiCiB5"}"##
        );
    }

    #[test]
    fn places_that_are_passed_are_no_texts() {
        let body = br#"{"a":"one two","b":"three four"}"#;
        let passed = std::iter::once(6..13).collect::<Vec<_>>();
        let texts = Texts::read(body, &passed).unwrap();
        assert_eq!(texts.all(), ["three four"]);
        assert!(Texts::read(b"no", &[]).is_err());
        let plain = Texts::of_plain("a b");
        assert_eq!(plain.edits(&["c".into()]), [(0..3, b"c".to_vec())]);
    }
}
