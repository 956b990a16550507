//! Cleans an answer: unknown fields are removed at every depth, the model becomes the alias, and
//! missing required fields are filled in. All other bytes stay. One scan from start to end.

mod values;

use bytes::Bytes;

use super::{
    cursor::{Cursor, DEEPEST},
    digits::begins_number,
    edits::{Edits, Run},
    shape::{Field, Fill, Malformed, Need, Shape},
};
use crate::protocol::told;

/// What is written into answers.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The alias that was asked for, as a JSON string.
    pub(crate) model: Bytes,
    /// The number in ids that are made up.
    pub(crate) id: u64,
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
        names_error: false,
        word: None,
    };
    let first = cleaner.cursor.peek()?;
    if first == b'n' {
        return Err(Malformed);
    }
    let seen = cleaner.value(shape, first, 0)?;
    if !cleaner.cursor.is_over() {
        return Err(Malformed);
    }
    Ok(match seen {
        _ if cleaner.fault => Cleaned::Fault,
        _ if cleaner.names_error && told::is_error_alone(json) => Cleaned::Fault,
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
    /// Whether the outermost object has an error that its protocol does not have there.
    names_error: bool,
    /// The type of the innermost object, once it has been read.
    word: Option<&'static str>,
}

impl Cleaner<'_> {
    /// Cleans the value that is next and begins so, `index` being its place in a list.
    fn value(&mut self, shape: &Shape, first: u8, index: usize) -> Step {
        match (shape, first) {
            (Shape::Any, _) => self.cursor.skip()?,
            (Shape::Model, _) => self.model()?,
            (Shape::Arguments, _) => self.arguments(first)?,
            (Shape::Fragment, b'{') => self.arguments(first)?,
            (Shape::Fragment, b'n') => self.put(b"\"\"", |cursor| cursor.scalar())?,
            (Shape::Fault, b'n' | b'f') => self.cursor.scalar()?,
            (Shape::Fault, _) => {
                self.fault = true;
                self.cursor.skip()?;
            }
            (Shape::Either(shapes), _) => {
                let shape = shapes.iter().find(|shape| shape.begins_with(first));
                return self.value(shape.ok_or(Malformed)?, first, index);
            }
            (Shape::Within(shape), _) => return self.value(shape, first, index),
            (_, b'n') => self.cursor.scalar()?,
            (Shape::Object(fields), b'{') => return self.nested(|it| it.object(fields, index)),
            (Shape::Map(shape), b'{') => return self.nested(|it| it.map(shape)),
            (Shape::List(item), b'[') => return self.nested(|it| it.list(item)),
            (Shape::Tag(words), b'"') => return self.tag(words),
            (Shape::OneOf(words), b'"') => return self.one_of(words),
            (Shape::Like(is_it), b'"') => {
                let text = self.cursor.string()?;
                let is_known = !text.has_escapes && is_it(text.text);
                return Ok(if is_known { Seen::Kept } else { Seen::Unknown });
            }
            (Shape::Words(words), b'"') => self.word(words, false)?,
            (Shape::Media(words), b'"') => self.word(words, true)?,
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
        let outer = self.word.take();
        let seen = inner(self);
        self.word = outer;
        self.depth -= 1;
        seen
    }

    /// Cleans an object behind its brace.
    fn object(&mut self, fields: &'static [Field], index: usize) -> Step {
        let (mut run, mut there, mut next, mut known) = (Run::new(), 0_u64, 0, Seen::Kept);
        while let Some(start) = self.next(b'}', run.is_empty())? {
            let Some(at) = self.place(fields, &mut next)? else {
                self.cursor.skip()?;
                run.cut(start, self.cursor.at);
                continue;
            };
            let (mark, cut) = (self.edits.mark(), run.cut);
            run.release(start, &mut self.edits);
            let Field { shape, need, .. } = &fields[at];
            let first = self.cursor.peek()?;
            match (need, shape) {
                // What most fields are is passed here and now.
                (_, Shape::Text) if first == b'"' => self.cursor.pass_string()?,
                (_, Shape::Number) if begins_number(first) => self.cursor.number()?,
                (Need::Must, _) if first == b'n' => return Err(Malformed),
                (Need::Fill(fill), _) if first == b'n' => self.filled_null(*fill, index)?,
                _ => match self.value(shape, first, index)? {
                    Seen::Kept => {}
                    Seen::Unknown => {
                        // An unknown type makes its object unknown.
                        let is_all = matches!(shape, Shape::Tag(_));
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

    /// Passes a key, and says which field it is. Most objects have their fields in the order of the table.
    #[inline]
    fn place(&mut self, fields: &[Field], next: &mut usize) -> Result<Option<usize>, Malformed> {
        let mut order = (*next..fields.len()).chain(0..*next);
        if let Some(found) = order.find(|at| self.cursor.is_key(fields[*at].name)) {
            *next = found + 1;
            return Ok(Some(found));
        }
        let start = self.cursor.at;
        let key = self.cursor.key()?;
        // With escapes, or with white space before its colon, a known one looks like another.
        let is_plain = !key.has_escapes && self.cursor.at - start == key.text.len() + 3;
        let mut order = if is_plain { 0..0 } else { 0..fields.len() };
        let found = order.find(|at| key.is(fields[*at].name));
        self.names_error |= found.is_none() && self.depth == 1 && key.is("error");
        Ok(found)
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
            Fill::Id(start) => format!("\"{start}{:x}\"", self.known.id).into(),
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
        while let Some(start) = self.next(b'}', run.is_empty())? {
            self.cursor.key()?;
            let first = self.cursor.peek()?;
            let (mark, cut) = (self.edits.mark(), run.cut);
            run.release(start, &mut self.edits);
            let seen = match first == b'n' || shape.begins_with(first) {
                true => self.value(shape, first, 0)?,
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
        if matches!(item, Shape::Number) {
            self.numbers(&mut run)?;
        }
        while let Some(start) = self.next(b']', run.is_empty())? {
            let first = self.cursor.peek()?;
            let (mark, cut) = (self.edits.mark(), run.cut);
            run.release(start, &mut self.edits);
            if self.value(item, first, index)? == Seen::Unknown {
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

    /// Passes the numbers with which a list begins: embeddings are nothing else.
    fn numbers(&mut self, run: &mut Run) -> Result<(), Malformed> {
        if !begins_number(self.cursor.peek()?) {
            return Ok(());
        }
        loop {
            self.cursor.number()?;
            let end = self.cursor.at;
            run.kept = Some(end);
            if self.cursor.peek()? != b',' {
                return Ok(());
            }
            self.cursor.at += 1;
            if !begins_number(self.cursor.peek()?) {
                self.cursor.at = end;
                return Ok(());
            }
        }
    }

    /// Where the next of a list or object begins, behind its comma; none where it ends here.
    #[inline]
    fn next(&mut self, end: u8, is_first: bool) -> Result<Option<usize>, Malformed> {
        match self.cursor.peek()? {
            byte if byte == end => {
                self.cursor.at += 1;
                return Ok(None);
            }
            b',' if !is_first => {
                self.cursor.at += 1;
                self.cursor.peek()?;
            }
            _ if is_first => {}
            _ => return Err(Malformed),
        }
        Ok(Some(self.cursor.at))
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
