//! Checks a request against the declared fields of its endpoint, and reports the invalid place. The
//! bytes are not changed.

use std::fmt::Write as _;

use smallvec::SmallVec;

use super::{
    cursor::{Cursor, Written},
    shape::Malformed,
    want::{Want, Wanted},
};

/// What is wrong with a request, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The place, such as `messages[3].content[0].type`.
    pub(crate) param: String,
    /// The sentence for the client.
    pub(crate) message: String,
    /// Its code.
    pub(crate) code: &'static str,
}

/// Checks a request's body.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn check(body: &[u8], want: &Want, refuses_unknown: bool) -> Result<(), Wrong> {
    let mut checker = Checker { cursor: Cursor::new(body), path: SmallVec::new(), refuses_unknown };
    checker.value(want).map_err(|wrong| *wrong)
}

/// A step on the way to a value.
enum Step<'a> {
    Key(Written<'a>),
    Field(&'static str),
    Item(usize),
}

struct Checker<'a> {
    cursor: Cursor<'a>,
    path: SmallVec<[Step<'a>; 8]>,
    refuses_unknown: bool,
}

impl<'a> Checker<'a> {
    fn value(&mut self, want: &Want) -> Result<(), Box<Wrong>> {
        let first = self.read(Cursor::peek)?;
        if !want.begins_with(first) {
            return Err(self.wrong_type(want, first));
        }
        match want {
            Want::Any => self.read(Cursor::skip),
            Want::Text | Want::Flag => self.read(Cursor::scalar),
            Want::Number(least, most) => self.number(want, *least, *most),
            Want::Whole(least, most) => self.whole(want, *least, *most),
            Want::Choice(words) => self.choice(want, words),
            Want::List(item) => self.list(item).map(|_| ()),
            Want::Some(item) => match self.list(item)? {
                0 => Err(self.wrong("invalid_value", want, "an empty list")),
                _ => Ok(()),
            },
            Want::Map(value) => self.map(value),
            Want::Object(fields) => self.object(fields, None).map(|_| ()),
            Want::Tagged(tag, forms) => self.tagged(tag, forms),
            Want::Within(want) => self.value(want),
            Want::Either(wants) => match wants.iter().find(|want| want.begins_with(first)) {
                Some(want) => self.value(want),
                None => Err(self.wrong_type(want, first)),
            },
        }
    }

    /// How often the tag is there.
    fn object(&mut self, fields: &[Wanted], tag: Option<&str>) -> Result<usize, Box<Wrong>> {
        let (mut there, mut is_first, mut tags) = (0_u128, true, 0);
        self.cursor.at += 1;
        while let Some(key) = self.next_key(is_first)? {
            is_first = false;
            let at = fields.iter().position(|field| key.is(field.name));
            let is_tag = tag.is_some_and(|tag| key.is(tag));
            tags += usize::from(is_tag);
            self.path.push(Step::Key(key));
            let is_null = self.read(Cursor::peek)? == b'n';
            match at {
                Some(at) if !is_null => {
                    self.value(&fields[at].want)?;
                    there |= 1 << at;
                }
                None if !is_tag && self.refuses_unknown => {
                    let message = format!("Unknown parameter: `{}`.", self.place());
                    return Err(self.at_place("unknown_parameter", message));
                }
                _ => self.read(Cursor::skip)?,
            }
            self.path.pop();
        }
        let mut missing =
            fields.iter().enumerate().filter(|(at, it)| it.must && there >> at & 1 == 0);
        match missing.next() {
            None => Ok(tags),
            Some((_, field)) => {
                self.path.push(Step::Field(field.name));
                let (place, noun) = (self.place(), field.want.noun());
                let message = format!("Missing required parameter: `{place}`: expected {noun}.");
                Err(self.at_place("missing_required_parameter", message))
            }
        }
    }

    /// Finds the tag first, then checks all fields.
    fn tagged(
        &mut self,
        tag: &'static str,
        forms: &[(&'static str, &'static [Wanted])],
    ) -> Result<(), Box<Wrong>> {
        let start = self.cursor.at;
        let of = |word: Option<Written<'_>>| {
            let form = forms.iter().find(|(name, _)| word.is_some_and(|word| word.is(name)));
            form.map(|(_, fields)| *fields)
        };
        // Most write it first: then the rest is passed once. Of two, the last counts.
        if let Some(fields) = of(self.word_at_first(tag)) {
            self.cursor.at = start;
            if self.object(fields, Some(tag))? == 1 {
                return Ok(());
            }
        }
        self.cursor.at = start;
        let word = self.word(tag)?;
        self.cursor.at = start;
        match of(word) {
            Some(fields) => self.object(fields, Some(tag)).map(|_| ()),
            None => Err(self.untagged(tag, forms, word)),
        }
    }

    /// The word in an object's first field, if that is the one.
    fn word_at_first(&mut self, tag: &str) -> Option<Written<'a>> {
        self.cursor.at += 1;
        self.cursor.peek().ok()?;
        let is_it = self.cursor.key().ok()?.is(tag) && self.cursor.peek().ok()? == b'"';
        if is_it { self.cursor.string().ok() } else { None }
    }

    /// The last word in this field of an object.
    fn word(&mut self, tag: &'static str) -> Result<Option<Written<'a>>, Box<Wrong>> {
        let (mut is_first, mut word) = (true, None);
        self.cursor.at += 1;
        while let Some(key) = self.next_key(is_first)? {
            is_first = false;
            let first = self.read(Cursor::peek)?;
            match key.is(tag) {
                true if first == b'"' => word = Some(self.read(Cursor::string)?),
                true => {
                    self.path.push(Step::Field(tag));
                    return Err(self.wrong_type(&Want::Text, first));
                }
                false => self.read(Cursor::skip)?,
            }
        }
        Ok(word)
    }

    fn untagged(
        &mut self,
        tag: &'static str,
        forms: &[(&'static str, &'static [Wanted])],
        word: Option<Written<'_>>,
    ) -> Box<Wrong> {
        self.path.push(Step::Field(tag));
        let words: Vec<_> = forms.iter().map(|(name, _)| format!("`{name}`")).collect();
        let (place, words) = (self.place(), words.join(", "));
        match word {
            None => self.at_place(
                "missing_required_parameter",
                format!("Missing required parameter: `{place}`: expected one of {words}."),
            ),
            Some(word) => self.at_place(
                "invalid_value",
                format!(
                    "Invalid value at `{place}`: expected one of {words}, found `{}`.",
                    short(&word.decoded())
                ),
            ),
        }
    }

    fn map(&mut self, want: &Want) -> Result<(), Box<Wrong>> {
        let mut is_first = true;
        self.cursor.at += 1;
        while let Some(key) = self.next_key(is_first)? {
            is_first = false;
            self.path.push(Step::Key(key));
            match self.read(Cursor::peek)? {
                b'n' => self.read(Cursor::scalar)?,
                _ => self.value(want)?,
            }
            self.path.pop();
        }
        Ok(())
    }

    fn list(&mut self, item: &Want) -> Result<usize, Box<Wrong>> {
        self.cursor.at += 1;
        let mut count = 0;
        loop {
            match self.read(Cursor::peek)? {
                b']' => {
                    self.cursor.at += 1;
                    return Ok(count);
                }
                b',' if count > 0 => self.cursor.at += 1,
                _ => {}
            }
            self.path.push(Step::Item(count));
            self.value(item)?;
            self.path.pop();
            count += 1;
        }
    }

    /// The next key of an object; `None` at its end.
    fn next_key(&mut self, is_first: bool) -> Result<Option<Written<'a>>, Box<Wrong>> {
        match self.read(Cursor::peek)? {
            b'}' => {
                self.cursor.at += 1;
                return Ok(None);
            }
            b',' if !is_first => {
                self.cursor.at += 1;
                self.read(Cursor::peek)?;
            }
            _ => {}
        }
        Ok(Some(self.read(Cursor::key)?))
    }

    fn number(&mut self, want: &Want, least: f64, most: f64) -> Result<(), Box<Wrong>> {
        let text = self.passed(Cursor::number)?;
        let value: f64 = text.parse().unwrap_or(f64::NAN);
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(self.wrong("invalid_value", want, text))
    }

    /// Some clients write a whole number with a fraction of zero.
    fn whole(&mut self, want: &Want, least: i64, most: i64) -> Result<(), Box<Wrong>> {
        let text = self.passed(Cursor::number)?;
        let digits = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
        let is_huge = digits.trim_start_matches('-').bytes().all(|it| it.is_ascii_digit());
        let fits = match digits.parse::<i64>() {
            Ok(value) => (least..=most).contains(&value),
            // Deeper nesting is left to the provider.
            Err(_) => is_huge && digits.starts_with('-') == (least < 0) && most == i64::MAX,
        };
        if fits { Ok(()) } else { Err(self.wrong("invalid_value", want, text)) }
    }

    fn choice(&mut self, want: &Want, words: &[&str]) -> Result<(), Box<Wrong>> {
        let word = self.read(Cursor::string)?;
        if words.iter().any(|it| word.is(it)) {
            return Ok(());
        }
        let found = format!("`{}`", short(&word.decoded()));
        Err(self.wrong("invalid_value", want, &found))
    }

    fn passed(
        &mut self,
        pass: impl FnOnce(&mut Cursor<'a>) -> Result<(), Malformed>,
    ) -> Result<&'a str, Box<Wrong>> {
        let start = self.cursor.at;
        self.read(pass)?;
        Ok(std::str::from_utf8(self.cursor.since(start)).unwrap_or_default())
    }

    /// Invalid JSON was refused before; this is the remaining case.
    fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Cursor<'a>) -> Result<T, Malformed>,
    ) -> Result<T, Box<Wrong>> {
        read(&mut self.cursor).map_err(|Malformed| {
            let message = format!("The request is not JSON at `{}`.", self.place());
            self.at_place("invalid_json", message)
        })
    }

    fn wrong_type(&self, want: &Want, first: u8) -> Box<Wrong> {
        let found = match first {
            b'"' => "a string",
            b'[' => "a list",
            b'{' => "an object",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            _ => "a number",
        };
        self.wrong("invalid_type", want, found)
    }

    fn wrong(&self, code: &'static str, want: &Want, found: &str) -> Box<Wrong> {
        let place = self.place();
        let noun = want.noun();
        self.at_place(code, format!("Invalid value at `{place}`: expected {noun}, found {found}."))
    }

    fn at_place(&self, code: &'static str, message: String) -> Box<Wrong> {
        Box::new(Wrong { param: self.place(), message, code })
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            let written = match step {
                Step::Item(at) => write!(place, "[{at}]"),
                Step::Field(name) => write!(place, "{}{name}", dot(&place)),
                Step::Key(key) => write!(place, "{}{}", dot(&place), short(&key.decoded())),
            };
            debug_assert!(written.is_ok());
        }
        place
    }
}

/// What stands between a place and the name of a field in it.
fn dot(place: &str) -> &'static str {
    if place.is_empty() { "" } else { "." }
}

/// A short excerpt of what a client sent, without control characters.
fn short(text: &str) -> String {
    let plain = |c: char| if crate::refusal::drives_terminals(c) { '\u{fffd}' } else { c };
    text.chars().take(SHOWN).map(plain).collect()
}

const SHOWN: usize = 64;
