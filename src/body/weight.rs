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
    /// What a comma stands for.
    element: u64,
    in_string: bool,
    escaped: bool,
    depth: usize,
    /// For each container deeper than that: what its elements take, and the most that one of its
    /// containers took. Readers leave these as they are written, or go through one at a time.
    deep: Vec<(u64, u64)>,
    /// The most that one of the outermost of these took.
    deepest: u64,
}

/// A body's structure is out of proportion to its text.
#[derive(Debug, PartialEq, Eq)]
pub struct OutOfProportion;

impl Default for Weight {
    fn default() -> Self {
        let (deep, deepest) = (Vec::new(), 0);
        let (bytes, structure, element, depth) = (0, 0, ELEMENT, 0);
        Self { bytes, structure, element, in_string: false, escaped: false, depth, deep, deepest }
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
                b'"' => self.in_string = true,
                b'{' => self.open(OBJECT),
                b'[' => self.open(LIST),
                b'}' | b']' => self.close(),
                b':' => self.add(FIELD),
                b',' => self.add(self.element),
                _ => {}
            }
            at += 1;
        }
    }

    /// Where the string ends, or the piece.
    fn skip_string(&mut self, piece: &[u8], mut at: usize) -> usize {
        if std::mem::take(&mut self.escaped) {
            at += 1;
        }
        while let Some(next) = memchr2(b'"', b'\\', piece.get(at..).unwrap_or_default()) {
            at += next + 1;
            if piece[at - 1] == b'"' {
                self.in_string = false;
                return at;
            }
            if at == piece.len() {
                self.escaped = true;
                return at;
            }
            at += 1;
        }
        piece.len()
    }

    fn open(&mut self, bytes: u64) {
        self.depth += 1;
        if self.depth <= READ_TO {
            self.structure += bytes;
        } else if self.depth <= DEEPEST {
            self.deep.push((DEEP, 0));
        }
    }

    fn close(&mut self) {
        if (READ_TO + 1..=DEEPEST).contains(&self.depth)
            && let Some((own, most)) = self.deep.pop()
        {
            match self.deep.last_mut() {
                Some((_, outer)) => *outer = (*outer).max(own + most),
                None => self.deepest = self.deepest.max(own + most),
            }
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn add(&mut self, bytes: u64) {
        match self.deep.last_mut() {
            Some((own, _)) => *own += DEEP,
            None => self.structure += bytes,
        }
    }

    fn total(&self) -> Result<u64, OutOfProportion> {
        let structure = self.structure + self.deepest;
        if structure > self.bytes.max(ALWAYS) {
            return Err(OutOfProportion);
        }
        // Read, written, and once more while either happens.
        Ok(3 * self.bytes + structure)
    }
}

/// So much structure is let in beside any text: more than the tools and turns of an agent take.
const ALWAYS: u64 = 8 << 20;
/// How deep the parts of a tool's result stand. What is deeper is passed on as it is written.
const READ_TO: usize = 8;
/// Readers refuse what is deeper.
const DEEPEST: usize = 128;
/// What one of each takes at most in the neutral form and on the way to it; `tests/cost.rs` holds
/// the estimate to what is measured.
const OBJECT: u64 = 560;
const LIST: u64 = 100;
const FIELD: u64 = 156;
const ELEMENT: u64 = 160;
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
        assert_eq!(structure(r#"{"a":"{\"b\":[]}","c":1}"#), OBJECT + 2 * FIELD + ELEMENT);
        assert_eq!(structure(r#"["\\",{}]"#), LIST + ELEMENT + OBJECT);
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
