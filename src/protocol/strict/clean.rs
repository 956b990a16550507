//! Cleans an answer: unknown fields are removed at every depth, the model becomes the alias, and
//! missing required fields are filled in. All other bytes stay. One scan from start to end.

use bytes::Bytes;

use super::{
    cursor::{Cursor, DEEPEST, Written},
    edits::Edits,
    shape::{Field, Fill, Malformed, Need, Shape, Words},
};

/// What is written into answers.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The alias that was asked for, as a JSON string.
    pub(crate) model: Bytes,
    /// The end of ids that are made up.
    pub(crate) id: Box<str>,
    /// When the request was served, in seconds since 1970.
    pub(crate) created: u64,
}

/// What cleaning made of some JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cleaned {
    /// What is left of it, and its type where that is declared.
    Kept(Bytes, Option<&'static str>),
    /// It is of a type that the protocol does not have.
    Unknown,
    /// It is an error.
    Fault,
}

/// Cleans one JSON text.
///
/// # Errors
/// It is not JSON, or lacks a required field.
pub(crate) fn clean(json: &Bytes, shape: &Shape, known: &Known) -> Result<Cleaned, Malformed> {
    simdutf8::basic::from_utf8(json).map_err(|_| Malformed)?;
    let mut cleaner = Cleaner {
        cursor: Cursor::new(json),
        edits: Edits::new(json),
        known,
        depth: 0,
        tag: None,
        fault: false,
    };
    if cleaner.cursor.peek()? == b'n' {
        return Err(Malformed);
    }
    let seen = cleaner.value(shape, 0)?;
    if !cleaner.cursor.is_over() {
        return Err(Malformed);
    }
    Ok(match seen {
        _ if cleaner.fault => Cleaned::Fault,
        Seen::Unknown => Cleaned::Unknown,
        Seen::Kept => Cleaned::Kept(cleaner.edits.finish(json), cleaner.tag),
    })
}

/// Whether a value is one that is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Kept,
    Unknown,
}

type Step = Result<Seen, Malformed>;

struct Cleaner<'a> {
    cursor: Cursor<'a>,
    edits: Edits<'a>,
    known: &'a Known,
    depth: usize,
    /// The type of the outermost object.
    tag: Option<&'static str>,
    fault: bool,
}

/// Members of an object, or items of a list, on their way.
struct Run {
    /// Where the last one that is kept ends.
    kept: Option<usize>,
    /// Where those begin that are cut since then, and where they end.
    cut: Option<(usize, usize)>,
}

impl Cleaner<'_> {
    /// Cleans the value that is next, `index` being its place in a list.
    fn value(&mut self, shape: &Shape, index: usize) -> Step {
        let first = self.cursor.peek()?;
        match (shape, first) {
            (Shape::Any, _) => self.cursor.skip()?,
            (Shape::Model, _) => self.model()?,
            (Shape::Arguments, _) => self.arguments()?,
            (Shape::Fragment, b'n') => self.put(b"\"\"", |cursor| cursor.scalar())?,
            (Shape::Fault, b'n' | b'f') => self.cursor.scalar()?,
            (Shape::Fault, _) => {
                self.fault = true;
                self.cursor.skip()?;
            }
            (Shape::Either(shapes), _) => {
                let shape = shapes.iter().find(|shape| shape.begins_with(first));
                return self.value(shape.ok_or(Malformed)?, index);
            }
            (Shape::Within(shape), _) => return self.value(shape, index),
            (_, b'n') => self.cursor.scalar()?,
            (Shape::Object(fields), b'{') => return self.nested(|it| it.object(fields, index)),
            (Shape::Map(shape), b'{') => return self.nested(|it| it.map(shape)),
            (Shape::List(item), b'[') => return self.nested(|it| it.list(item)),
            (Shape::Tag(words), b'"') => return self.tag(words),
            (Shape::OneOf(words), b'"') => return self.one_of(words),
            (Shape::Words(words), b'"') => self.word(words)?,
            (Shape::Text | Shape::Fragment, b'"') => self.cursor.scalar()?,
            (Shape::Number, b'-' | b'0'..=b'9') => self.cursor.number()?,
            (Shape::Flag, b't' | b'f') => self.cursor.scalar()?,
            (Shape::Scalar, _) if !matches!(first, b'{' | b'[') => self.cursor.scalar()?,
            _ => return Err(Malformed),
        }
        Ok(Seen::Kept)
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Step) -> Step {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Malformed);
        }
        self.cursor.at += 1;
        let seen = inner(self);
        self.depth -= 1;
        seen
    }

    /// Cleans an object behind its brace.
    fn object(&mut self, fields: &'static [Field], index: usize) -> Step {
        let (mut run, mut there, mut next, mut known) = (Run::new(), 0_u64, 0, Seen::Kept);
        while !self.ends(b'}', run.is_empty())? {
            self.cursor.peek()?;
            let start = self.cursor.at;
            let key = self.cursor.key()?;
            let Some(at) = place(fields, key, &mut next) else {
                self.cursor.skip()?;
                run.cut(start, self.cursor.at);
                continue;
            };
            let (mark, cut) = (self.edits.mark(), run.cut);
            run.release(start, &mut self.edits);
            let is_null = self.cursor.peek()? == b'n';
            match fields[at].need {
                Need::Must if is_null => return Err(Malformed),
                Need::Fill(fill) if is_null => self.filled_null(fill, index)?,
                need => match self.value(&fields[at].shape, index)? {
                    Seen::Kept => {}
                    Seen::Unknown => {
                        // An unknown type makes its object unknown.
                        let is_all = matches!(fields[at].shape, Shape::Tag(_));
                        if is_all || matches!(need, Need::Must | Need::Bound) {
                            known = Seen::Unknown;
                        }
                        self.edits.back_to(mark);
                        run.cut = cut;
                        run.cut(start, self.cursor.at);
                        continue;
                    }
                },
            }
            there |= 1 << at;
            run.kept = Some(self.cursor.at);
        }
        if known == Seen::Unknown {
            return Ok(known);
        }
        let is_emptied = run.kept.is_none() && run.cut.is_some();
        run.close(&mut self.edits);
        if is_emptied && self.depth == 1 {
            return Err(Malformed);
        }
        self.fill(fields, there, run.kept.is_some(), index)?;
        Ok(known)
    }

    /// Fills in missing fields before the closing brace.
    fn fill(
        &mut self,
        fields: &[Field],
        there: u64,
        mut is_further: bool,
        index: usize,
    ) -> Result<(), Malformed> {
        for (at, field) in fields.iter().enumerate() {
            let with = match field.need {
                _ if there & (1 << at) != 0 => continue,
                Need::May | Need::Bound => continue,
                Need::Must if self.fault => continue,
                Need::Must => return Err(Malformed),
                Need::Fill(fill) => self.text(fill, index),
            };
            let comma: &[u8] = if is_further { b"," } else { b"" };
            is_further = true;
            let at = self.cursor.at - 1;
            self.edits.replace(at, at, &[comma, b"\"", field.name.as_bytes(), b"\":", &with]);
        }
        Ok(())
    }

    fn text(&self, fill: Fill, index: usize) -> Bytes {
        match fill {
            Fill::Json(json) => Bytes::from_static(json.as_bytes()),
            Fill::Id(start) => format!("\"{start}{}\"", self.known.id).into(),
            Fill::Created => self.known.created.to_string().into(),
            Fill::Index => index.to_string().into(),
            Fill::Model => self.known.model.clone(),
        }
    }

    fn filled_null(&mut self, fill: Fill, index: usize) -> Result<(), Malformed> {
        let with = self.text(fill, index);
        self.put(&with, |cursor| cursor.literal(b"null"))
    }

    /// Cleans an object with arbitrary keys; values of another type are removed.
    fn map(&mut self, shape: &Shape) -> Step {
        let mut run = Run::new();
        while !self.ends(b'}', run.is_empty())? {
            self.cursor.peek()?;
            let start = self.cursor.at;
            self.cursor.key()?;
            let first = self.cursor.peek()?;
            let (mark, cut) = (self.edits.mark(), run.cut);
            run.release(start, &mut self.edits);
            let seen = match first == b'n' || shape.begins_with(first) {
                true => self.value(shape, 0)?,
                false => self.cursor.skip().map(|()| Seen::Unknown)?,
            };
            if seen == Seen::Unknown {
                self.edits.back_to(mark);
                run.cut = cut;
                run.cut(start, self.cursor.at);
                continue;
            }
            run.kept = Some(self.cursor.at);
        }
        run.close(&mut self.edits);
        Ok(Seen::Kept)
    }

    /// Cleans a list behind its bracket.
    fn list(&mut self, item: &Shape) -> Step {
        let (mut run, mut index) = (Run::new(), 0);
        while !self.ends(b']', run.is_empty())? {
            self.cursor.peek()?;
            let start = self.cursor.at;
            let (mark, cut) = (self.edits.mark(), run.cut);
            run.release(start, &mut self.edits);
            if self.value(item, index)? == Seen::Unknown {
                self.edits.back_to(mark);
                run.cut = cut;
                run.cut(start, self.cursor.at);
                continue;
            }
            index += 1;
            run.kept = Some(self.cursor.at);
        }
        run.close(&mut self.edits);
        Ok(Seen::Kept)
    }

    /// Whether the list or object ends here; else the comma before the next of it is passed.
    #[inline]
    fn ends(&mut self, end: u8, is_first: bool) -> Result<bool, Malformed> {
        match self.cursor.peek()? {
            byte if byte == end => self.cursor.at += 1,
            b',' if !is_first => {
                self.cursor.at += 1;
                return Ok(false);
            }
            _ if is_first => return Ok(false),
            _ => return Err(Malformed),
        }
        Ok(true)
    }

    fn tag(&mut self, words: &'static [&'static str]) -> Step {
        let text = self.cursor.string()?.text;
        let Some(word) = words.iter().find(|word| word.as_bytes() == text) else {
            return Ok(Seen::Unknown);
        };
        if self.depth == 1 {
            self.tag = Some(word);
        }
        Ok(Seen::Kept)
    }

    fn one_of(&mut self, words: &[&str]) -> Step {
        let text = self.cursor.string()?.text;
        let is_known = words.iter().any(|word| word.as_bytes() == text);
        Ok(if is_known { Seen::Kept } else { Seen::Unknown })
    }

    fn word(&mut self, words: &Words) -> Result<(), Malformed> {
        let start = self.cursor.at;
        let written = self.cursor.string()?;
        if let Some(nearest) = words.nearest(&written.decoded()) {
            self.edits.replace(start, self.cursor.at, &[b"\"", nearest.as_bytes(), b"\""]);
        }
        Ok(())
    }

    fn model(&mut self) -> Result<(), Malformed> {
        let start = self.cursor.at;
        self.cursor.skip()?;
        if self.cursor.since(start) != self.known.model {
            self.edits.replace(start, self.cursor.at, &[&self.known.model]);
        }
        Ok(())
    }

    /// Some providers send nothing for empty arguments, and some send the object itself.
    fn arguments(&mut self) -> Result<(), Malformed> {
        let (start, first) = (self.cursor.at, self.cursor.peek()?);
        self.cursor.skip()?;
        let written = self.cursor.since(start);
        let text = String::from_utf8_lossy(written);
        let inner = text.trim_matches('"').trim();
        if first == b'"' && !inner.is_empty() && inner != "null" {
            return Ok(());
        }
        let with = match first {
            b'{' => crate::body::json_string(&text),
            _ => Bytes::from_static(b"\"{}\""),
        };
        self.edits.replace(start, self.cursor.at, &[&with]);
        Ok(())
    }

    /// Replaces the value that was just passed.
    fn put(
        &mut self,
        with: &[u8],
        pass: impl FnOnce(&mut Cursor<'_>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let start = self.cursor.at;
        pass(&mut self.cursor)?;
        self.edits.replace(start, self.cursor.at, &[with]);
        Ok(())
    }
}

impl Run {
    fn new() -> Self {
        Self { kept: None, cut: None }
    }

    fn is_empty(&self) -> bool {
        self.kept.is_none() && self.cut.is_none()
    }

    /// One more is cut.
    fn cut(&mut self, start: usize, end: usize) {
        self.cut = Some((self.cut.map_or(start, |(start, _)| start), end));
    }

    /// Removes pending members before one that is kept.
    fn release(&mut self, start: usize, edits: &mut Edits<'_>) {
        if let Some((from, _)) = self.cut.take() {
            edits.cut(from, start);
        }
    }

    /// Removes pending members at the end, with the comma before them.
    fn close(&mut self, edits: &mut Edits<'_>) {
        if let Some((from, end)) = self.cut.take() {
            edits.cut(self.kept.unwrap_or(from), end);
        }
    }
}

impl Shape {
    /// Whether a value of this shape may begin with this byte.
    fn begins_with(&self, first: u8) -> bool {
        match self {
            Self::Any | Self::Model | Self::Arguments | Self::Fault => true,
            Self::Text | Self::Tag(_) | Self::OneOf(_) | Self::Words(_) | Self::Fragment => {
                matches!(first, b'"' | b'n')
            }
            Self::Number => matches!(first, b'-' | b'0'..=b'9' | b'n'),
            Self::Flag => matches!(first, b't' | b'f' | b'n'),
            Self::Scalar => !matches!(first, b'{' | b'['),
            Self::List(_) => first == b'[',
            Self::Map(_) | Self::Object(_) => first == b'{',
            Self::Within(shape) => shape.begins_with(first),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.begins_with(first)),
        }
    }
}

/// Which field this key is. Most objects have their fields in the order of the table.
fn place(fields: &[Field], key: Written<'_>, next: &mut usize) -> Option<usize> {
    if key.has_escapes {
        let key = key.decoded();
        return fields.iter().position(|field| field.name == key);
    }
    let (before, after) = fields.split_at_checked(*next)?;
    let is_it = |field: &Field| field.name.as_bytes() == key.text;
    let later = after.iter().position(is_it).map(|at| at + before.len());
    let found = later.or_else(|| before.iter().position(is_it))?;
    *next = found + 1;
    Some(found)
}
