//! What a JSON body will take in memory once it has been read and written anew: an upper estimate,
//! in one pass over its bytes, before anything is built.
//!
//! It never checks that the body is good JSON: what is not is refused by its reader.

use memchr::memchr2;

/// The estimate for one body, fed piece by piece.
#[derive(Debug)]
pub struct Weight {
    bytes: u64,
    /// What objects, fields and elements take beside their text, where each is read into a form of
    /// its own.
    structure: u64,
    /// What an element of a list stands for.
    element: u64,
    in_string: bool,
    escaped: bool,
    depth: usize,
    /// One bit for each open container, the innermost lowest: 1 is an object.
    objects: u128,
    /// The same: 1 is the value of `tools`.
    tools: u128,
    /// A key comes next, not a value.
    at_key: bool,
    /// The value is a number, a word or a text.
    is_scalar: bool,
    key: Key,
    /// The value that comes next stands under one of [`AS_WRITTEN`].
    is_written: bool,
    /// The depth of the container that is passed on as it is written; 0 outside of these.
    written: usize,
    /// For each container deeper than [`READ_TO`]: what its elements take, and the most that one of
    /// its containers took. Readers leave these as they are written, or go through one at a time.
    deep: Vec<(u64, u64)>,
    /// The most that one of the outermost of these took.
    deepest: u64,
}

/// The beginning of the last key, as it is written.
#[derive(Debug, Default)]
struct Key {
    bytes: [u8; LONGEST],
    /// Its whole length.
    length: usize,
}

/// A body's structure is out of proportion to its text.
#[derive(Debug, PartialEq, Eq)]
pub struct OutOfProportion;

impl Default for Weight {
    fn default() -> Self {
        Self {
            bytes: 0,
            structure: 0,
            element: ELEMENT,
            in_string: false,
            escaped: false,
            depth: 0,
            objects: 0,
            tools: 0,
            at_key: false,
            is_scalar: false,
            key: Key::default(),
            is_written: false,
            written: 0,
            deep: Vec::new(),
            deepest: 0,
        }
    }
}

impl Key {
    fn push(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        room.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.length += bytes.len();
    }

    /// None where it is longer than any that is looked for.
    fn text(&self) -> Option<&[u8]> {
        self.bytes.get(..self.length)
    }

    fn is_as_written(&self) -> bool {
        self.text().is_some_and(|key| AS_WRITTEN.contains(&key))
    }
}

impl Weight {
    /// The estimate for a whole body.
    ///
    /// # Errors
    /// `OutOfProportion`.
    pub fn of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<u64, OutOfProportion> {
        let mut weight = Self::default();
        pieces.into_iter().for_each(|piece| weight.feed(piece));
        weight.total()
    }

    /// The same for a whole answer: its readers keep more beside each element, since any may be the last
    /// that a list has room for.
    ///
    /// # Errors
    /// `OutOfProportion`.
    pub fn of_answer(body: &[u8]) -> Result<u64, OutOfProportion> {
        let mut weight = Self { element: ANSWERED, ..Self::default() };
        weight.feed(body);
        weight.total()
    }

    /// The same for vectors: what stands between commas is a number.
    ///
    /// # Errors
    /// [`OutOfProportion`].
    pub(crate) fn of_vectors(body: &[u8]) -> Result<u64, OutOfProportion> {
        let mut weight = Self { element: NUMBER, ..Self::default() };
        weight.feed(body);
        weight.total()
    }

    /// Takes the next bytes.
    fn feed(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        let mut at = 0;
        while at < piece.len() {
            if self.in_string {
                at = self.skip_string(piece, at);
                continue;
            }
            match piece[at] {
                b'"' => self.begin_string(),
                b'{' => self.open(true),
                b'[' => self.open(false),
                b'}' | b']' => self.close(),
                b':' => self.field(),
                b',' => self.comma(),
                byte => self.is_scalar |= byte.is_ascii_alphanumeric(),
            }
            at += 1;
        }
    }

    fn begin_string(&mut self) {
        self.in_string = true;
        self.key.length = 0;
        self.is_scalar = true;
    }

    /// Where the string ends, or the piece.
    fn skip_string(&mut self, piece: &[u8], from: usize) -> usize {
        let mut at = from + usize::from(std::mem::take(&mut self.escaped));
        let mut end = piece.len();
        while let Some(next) = memchr2(b'"', b'\\', piece.get(at..).unwrap_or_default()) {
            at += next + 1;
            if piece[at - 1] == b'"' {
                (self.in_string, end) = (false, at - 1);
                break;
            }
            self.escaped = at == piece.len();
            at += 1;
        }
        if self.at_key {
            self.key.push(piece.get(from..end).unwrap_or_default());
        }
        end + usize::from(!self.in_string)
    }

    fn field(&mut self) {
        self.is_written = self.depth >= 2 && self.key.is_as_written();
        self.at_key = false;
        self.add(FIELD);
    }

    fn comma(&mut self) {
        self.is_written = false;
        self.at_key = self.is_in_object();
        let is_scalar = std::mem::take(&mut self.is_scalar);
        if !self.at_key {
            self.add(self.element);
            if is_scalar && self.element >= ELEMENT && self.deep.is_empty() {
                self.add(SCALAR);
            }
        }
    }

    fn is_in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn open(&mut self, is_object: bool) {
        let bytes = match (is_object, self.depth > 0 && !self.is_in_object()) {
            (true, true) if self.tools & 1 == 1 => ITEM + TOOL,
            (true, true) => ITEM,
            (true, false) => OBJECT,
            (false, true) if self.element >= ELEMENT => LIST + SCALAR,
            (false, _) => LIST,
        };
        let is_tools = self.is_in_object() && self.key.text() == Some(b"tools");
        self.tools = self.tools << 1 | u128::from(is_tools);
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(is_object);
        self.at_key = is_object;
        if self.written > 0 {
            return;
        }
        if std::mem::take(&mut self.is_written) {
            self.written = self.depth;
        } else if self.depth <= READ_TO {
            self.structure += bytes;
        } else if self.depth <= DEEPEST {
            self.deep.push((DEEP, 0));
        }
    }

    fn close(&mut self) {
        (self.is_written, self.at_key, self.is_scalar) = (false, false, false);
        if self.written > 0 {
            if self.written == self.depth {
                self.written = 0;
            }
        } else if (READ_TO + 1..=DEEPEST).contains(&self.depth)
            && let Some((own, most)) = self.deep.pop()
        {
            match self.deep.last_mut() {
                Some((_, outer)) => *outer = (*outer).max(own + most),
                None => self.deepest = self.deepest.max(own + most),
            }
        }
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.tools >>= 1;
    }

    fn add(&mut self, bytes: u64) {
        if self.written > 0 {
            return;
        }
        match self.deep.last_mut() {
            Some((own, _)) => *own += DEEP,
            None => self.structure += bytes,
        }
    }

    fn total(&self) -> Result<u64, OutOfProportion> {
        // Read, written, and once more while either happens.
        let total = 3 * self.bytes + self.structure + self.deepest;
        if total > (4 * self.bytes).max(ALWAYS) { Err(OutOfProportion) } else { Ok(total) }
    }
}

/// What any body may take, however much of it is structure: half of what the text of the largest
/// body takes. A chat of thirty thousand short messages takes so much, and so do 300 kB of empty
/// objects.
const ALWAYS: u64 = 64 << 20;
/// How deep the parts of a tool's result stand. What is deeper is passed on as it is written.
const READ_TO: usize = 8;
/// Readers refuse what is deeper.
const DEEPEST: usize = 128;
/// Below the top level and under these keys all readers leave objects and lists as they are written:
/// arguments and results of tools, and schemas. A key that is written with escapes is not known here,
/// and what stands under it is weighed.
const AS_WRITTEN: &[&[u8]] = &[
    b"args",
    b"input",
    b"input_schema",
    b"json",
    b"parameters",
    b"parametersJsonSchema",
    b"parameters_json_schema",
    b"response",
    b"responseJsonSchema",
    b"responseSchema",
    b"response_json_schema",
    b"response_schema",
    b"schema",
];
/// Longer than any of these.
const LONGEST: usize = 24;
/// What one of each takes at most in the neutral form and on the way to it; `tests/cost.rs` holds
/// the estimate to what is measured. An item is an object in a list: a message, a part, a call.
const ITEM: u64 = 520;
/// What a tool takes beside that: one that takes free text is given a schema.
const TOOL: u64 = 200;
const OBJECT: u64 = 220;
const LIST: u64 = 64;
const FIELD: u64 = 60;
const ELEMENT: u64 = 100;
/// What a number, a text or a list takes beside that, where a list of parts holds it.
const SCALAR: u64 = 100;
/// An element of an answer: its readers keep more beside each.
const ANSWERED: u64 = 280;
const DEEP: u64 = 40;
const NUMBER: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(body: &str) -> u64 {
        let mut whole = Weight::default();
        whole.feed(body.as_bytes());
        let mut single = Weight::default();
        body.as_bytes().chunks(1).for_each(|byte| single.feed(byte));
        let total = |weight: &Weight| weight.structure + weight.deepest;
        assert_eq!(total(&whole), total(&single), "{body}");
        total(&whole)
    }

    #[test]
    fn what_is_in_a_text_weighs_nothing() {
        assert_eq!(structure(r#""{[,:]}\"{,\\""#), 0);
        assert_eq!(structure(r#"{"a":"{\"b\":[]}","c":1}"#), OBJECT + 2 * FIELD);
        assert_eq!(structure(r#"["\\",{}]"#), LIST + ELEMENT + SCALAR + ITEM);
        assert_eq!(structure(r#"[{"a":""},{}]"#), LIST + ELEMENT + FIELD + 2 * ITEM);
        assert_eq!(structure(r#"{"a":[{},{}]}"#), OBJECT + FIELD + LIST + 2 * ITEM + ELEMENT);
    }

    #[test]
    fn what_is_passed_on_as_it_is_written_weighs_nothing() {
        let outer = OBJECT + FIELD + OBJECT;
        let written = |value: &str| structure(&format!(r#"{{"a":{{{value}}}}}"#));
        assert_eq!(written(r#""args":{"rows":[{"a":[1,2]},{}],"parameters":{}}"#), outer + FIELD);
        assert_eq!(written(r#""input":[{},{}], "b":{}"#), outer + 2 * FIELD + OBJECT);
        assert_eq!(written(r#""args":1,"b":[]"#), outer + 2 * FIELD + LIST);
        assert_eq!(written(r#""b":"args","c":[]"#), outer + 2 * FIELD + LIST);
        assert_eq!(written(r#""b":["args",{}]"#), outer + FIELD + LIST + ELEMENT + SCALAR + ITEM);
        for other in [r#""arg":[]"#, r#""\u0061rgs":[]"#, r#""args1":[]"#, r#""Args":[]"#] {
            assert_eq!(written(other), outer + FIELD + LIST, "{other}");
        }
        let tools = structure(r#"{"tools":[{"tools":[{}]},{}],"a":[{}]}"#);
        assert_eq!(tools, OBJECT + 3 * FIELD + 3 * LIST + 4 * ITEM + ELEMENT + 3 * TOOL);
        let top = OBJECT + FIELD + LIST + 2 * ITEM + ELEMENT;
        assert_eq!(structure(r#"{"input":[{},{}]}"#), top, "items of a request");
    }

    #[test]
    fn deep_containers_count_one_at_a_time() {
        let nested = |inner: &str| format!("{}{inner}{}", "[".repeat(8), "]".repeat(8));
        let shallow = structure(&nested("0"));
        assert_eq!(structure(&nested("[1,2]")), shallow + 2 * DEEP);
        let many = structure(&nested("[[1,2],[3,4],[5,6]]"));
        assert_eq!(many, shallow + 3 * DEEP + 2 * DEEP);
        structure(&"[".repeat(1000));
        structure(&"]".repeat(1000));
        structure(&format!("{}{}", "[".repeat(1000), "]".repeat(2000)));
    }

    #[test]
    fn text_is_let_in_and_mere_structure_is_not() {
        let long = format!(r#"{{"text":"{}"}}"#, "a".repeat(8 << 20));
        let weight = Weight::of([long.as_bytes()]).unwrap();
        assert!(weight < 3 * long.len() as u64 + 1_000);
        let parts = format!("[{}{{}}]", "{},".repeat(1 << 20));
        assert_eq!(Weight::of([parts.as_bytes()]), Err(OutOfProportion));
        assert!(Weight::of([&b"[{},{}]"[..]]).is_ok());
    }
}
