//! The flat request fields for output limits and sampling, declared once for each protocol: name,
//! meaning, type and range. The reader and the writer use the same table, in the protocol's
//! `profile`. A writer first fits the values to its model.

use serde::Serialize;
use serde::de::Deserialize;
use serde::ser::{SerializeMap, Serializer};

use super::codec::{ReadError, Refused};
use super::conversation::{Conversation, Losses, Sampling};
use super::object::{Object, text_of};

/// A field of one protocol.
#[derive(Debug)]
pub(in crate::protocol) struct Field {
    /// Its names. It is written under the first; of those that are read, the first that is there counts.
    names: &'static [&'static str],
    means: Means,
    form: Form,
    range: Range,
}

/// The neutral meaning of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) enum Means {
    Temperature,
    TopP,
    TopK,
    Seed,
    PresencePenalty,
    FrequencyPenalty,
    Stop,
    MaxTokens,
}

/// How a value is written where that is not the usual way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Usual,
    /// A whole number that may have a fraction.
    Fraction,
    /// 64 bits unsigned; a larger value keeps its low bits.
    Bits,
    /// 0 means that it is absent.
    ZeroIsUnsaid,
    /// A text, or a list of texts.
    OneOrMany,
}

/// Which values are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Range {
    All,
    /// What lies outside is lost.
    Within(f64, f64),
    /// What lies outside becomes the nearest that is taken.
    Nearest(f64, f64),
    /// Less becomes the least, which is named as lost.
    AtLeast(u64),
    /// A signed integer of 32 bits, or it is lost.
    Signed32,
    /// A whole number without a sign, or it is lost.
    Unsigned,
}

/// A value as written.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Number(f64),
    Whole(u64),
    Signed(i64),
    Texts(&'a [&'a str]),
}

/// The values of a request that is written, in the order of the protocol's table.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Fields<'a> {
    pub(in crate::protocol) table: &'static [Field],
    pub(in crate::protocol) sampling: Sampling,
    pub(in crate::protocol) max_tokens: Option<u64>,
    pub(in crate::protocol) stop: Vec<&'a str>,
}

impl Field {
    /// A field in the usual form that takes every value.
    pub(in crate::protocol) const fn new(names: &'static [&'static str], means: Means) -> Self {
        Self { names, means, form: Form::Usual, range: Range::All }
    }

    /// A whole number that some write with a fraction.
    pub(in crate::protocol) const fn with_fraction(self) -> Self {
        Self { form: Form::Fraction, ..self }
    }

    /// 64 bits unsigned, as far as the neutral form holds them.
    pub(in crate::protocol) const fn unsigned(self) -> Self {
        Self { form: Form::Bits, range: Range::Unsigned, ..self }
    }

    /// 0 means that it is absent.
    pub(in crate::protocol) const fn zero_is_unsaid(self) -> Self {
        Self { form: Form::ZeroIsUnsaid, ..self }
    }

    /// A text, or a list of texts.
    pub(in crate::protocol) const fn one_or_many(self) -> Self {
        Self { form: Form::OneOrMany, ..self }
    }

    /// What lies outside is lost.
    pub(in crate::protocol) const fn within(self, least: f64, most: f64) -> Self {
        Self { range: Range::Within(least, most), ..self }
    }

    /// What lies outside becomes the nearest that is taken.
    pub(in crate::protocol) const fn nearest(self, least: f64, most: f64) -> Self {
        Self { range: Range::Nearest(least, most), ..self }
    }

    /// Less becomes this, and is named as lost.
    pub(in crate::protocol) const fn at_least(self, least: u64) -> Self {
        Self { range: Range::AtLeast(least), ..self }
    }

    /// What has more bits is lost.
    pub(in crate::protocol) const fn signed_32(self) -> Self {
        Self { range: Range::Signed32, ..self }
    }
}

impl Means {
    /// What a protocol may have no field for, in the order in which it is lost.
    const UNNAMED: [Self; 5] =
        [Self::TopK, Self::Seed, Self::PresencePenalty, Self::FrequencyPenalty, Self::Stop];
    /// Fields with ranges, in the order in which they are lost.
    const RANGED: [Self; 5] =
        [Self::PresencePenalty, Self::FrequencyPenalty, Self::Seed, Self::TopP, Self::MaxTokens];

    /// Its name in the neutral form.
    fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::TopK => "top_k",
            Self::Seed => "seed",
            Self::PresencePenalty => "presence_penalty",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::Stop => "stop",
            Self::MaxTokens => "max_tokens",
        }
    }
}

/// Reads every field of the table.
///
/// # Errors
/// The field that is of the wrong shape.
pub(in crate::protocol) fn read(
    table: &[Field],
    object: &mut Object<'_>,
    to: &mut Conversation,
) -> Result<(), ReadError> {
    let sampling = &mut to.sampling;
    for field in table {
        // A penalty of 0 is every vendor's default.
        let is_set = |number: &f64| *number != 0.0;
        match (field.means, field.form) {
            (Means::Temperature, _) => sampling.temperature = field.take(object)?,
            (Means::TopP, _) => sampling.top_p = field.take(object)?,
            (Means::TopK, Form::Fraction) => {
                sampling.top_k = field.take::<f64>(object)?.map(|number| number as u64);
            }
            (Means::TopK, Form::ZeroIsUnsaid) => {
                sampling.top_k = field.take(object)?.filter(|number| *number != 0);
            }
            (Means::TopK, _) => sampling.top_k = field.take(object)?,
            (Means::Seed, Form::Bits) => {
                sampling.seed = field.take::<u64>(object)?.map(u64::cast_signed);
            }
            (Means::Seed, _) => sampling.seed = field.take(object)?,
            (Means::PresencePenalty, _) => {
                sampling.presence_penalty = field.take(object)?.filter(is_set);
            }
            (Means::FrequencyPenalty, _) => {
                sampling.frequency_penalty = field.take(object)?.filter(is_set);
            }
            (Means::MaxTokens, _) => to.max_tokens = field.take(object)?,
            (Means::Stop, Form::OneOrMany) => to.stop = field.take_texts(object)?,
            (Means::Stop, _) => to.stop = field.take(object)?.unwrap_or_default(),
        }
    }
    Ok(())
}

impl Field {
    /// The first of the names that is there. All are taken.
    fn take<'a, T: Deserialize<'a>>(
        &self,
        object: &mut Object<'a>,
    ) -> Result<Option<T>, ReadError> {
        let mut found = None;
        for name in self.names {
            let value = object.take(name)?;
            found = found.or(value);
        }
        Ok(found)
    }

    fn take_texts(&self, object: &mut Object<'_>) -> Result<Vec<String>, ReadError> {
        for name in self.names {
            let Some(value) = object.raw(name) else { continue };
            if value.get().starts_with('"') {
                let text = text_of(value).map_err(|error| error.within(name))?;
                return Ok(vec![text]);
            }
            return serde_json::from_str(value.get())
                .map_err(|_| ReadError::new(*name, "must be a string or a list of strings"));
        }
        Ok(Vec::new())
    }
}

impl Fields<'_> {
    fn get(&self, means: Means) -> Option<Value<'_>> {
        match means {
            Means::Temperature => self.sampling.temperature.map(Value::Number),
            Means::TopP => self.sampling.top_p.map(Value::Number),
            Means::TopK => self.sampling.top_k.map(Value::Whole),
            Means::Seed => self.sampling.seed.map(Value::Signed),
            Means::PresencePenalty => self.sampling.presence_penalty.map(Value::Number),
            Means::FrequencyPenalty => self.sampling.frequency_penalty.map(Value::Number),
            Means::Stop => Some(&*self.stop).filter(|stop| !stop.is_empty()).map(Value::Texts),
            Means::MaxTokens => self.max_tokens.map(Value::Whole),
        }
    }

    /// Loses fields that the table does not have, and values out of range.
    ///
    /// # Errors
    /// The first field, if losing it is refused.
    pub(in crate::protocol) fn fitted(mut self, losses: &mut Losses) -> Result<Self, Refused> {
        let table = self.table;
        let field = |means| table.iter().find(|field: &&Field| field.means == means);
        for means in Means::UNNAMED {
            losses.lose_if(field(means).is_none() && self.get(means).is_some(), means.name())?;
        }
        for means in Means::RANGED {
            let (Some(value), Some(field)) = (self.get(means), field(means)) else { continue };
            let is_lost = match (field.range, value) {
                (Range::Within(least, most), Value::Number(number)) => {
                    !(least..=most).contains(&number)
                }
                (Range::Signed32, Value::Signed(number)) => i32::try_from(number).is_err(),
                (Range::Unsigned, Value::Signed(number)) => number < 0,
                (Range::AtLeast(least), Value::Whole(number)) => number < least,
                _ => false,
            };
            losses.lose_if(is_lost, means.name())?;
            let sampling = &mut self.sampling;
            match (means, field.range) {
                (Means::TopP, Range::Nearest(least, most)) => {
                    sampling.top_p = sampling.top_p.map(|top_p| top_p.clamp(least, most));
                }
                (Means::MaxTokens, Range::AtLeast(least)) if is_lost => {
                    self.max_tokens = Some(least)
                }
                (Means::PresencePenalty, _) if is_lost => sampling.presence_penalty = None,
                (Means::FrequencyPenalty, _) if is_lost => sampling.frequency_penalty = None,
                (Means::Seed, _) if is_lost => sampling.seed = None,
                _ => {}
            }
        }
        Ok(self)
    }

    /// Whether nothing is written.
    pub(in crate::protocol) fn is_empty(&self) -> bool {
        self.table.iter().all(|field| self.get(field.means).is_none())
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in self.table {
            if let (Some(name), Some(value)) = (field.names.first(), self.get(field.means)) {
                map.serialize_entry(name, &value)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::conversation::Lossy;

    static TABLE: [Field; 7] = [
        Field::new(&["limit", "old_limit"], Means::MaxTokens).at_least(16),
        Field::new(&["p"], Means::TopP).nearest(0.01, 0.99),
        Field::new(&["k"], Means::TopK).zero_is_unsaid(),
        Field::new(&["seed"], Means::Seed).signed_32(),
        Field::new(&["presence"], Means::PresencePenalty).within(0.0, 1.0),
        Field::new(&["stop"], Means::Stop).one_or_many(),
        Field::new(&["heat"], Means::Temperature),
    ];

    fn read_of(body: &str) -> Result<Conversation, ReadError> {
        let (mut object, mut to) = (Object::parse(body.as_bytes())?, Conversation::default());
        read(&TABLE, &mut object, &mut to)?;
        object.keep_rest("", &mut to);
        Ok(to)
    }

    #[test]
    fn fields_of_a_table_are_read_under_each_of_their_names() {
        let body = r#"{"old_limit":1,"limit":2,"k":0,"presence":0,"stop":"a","heat":1,"x":1}"#;
        let read = read_of(body).unwrap();
        assert_eq!((read.max_tokens, read.stop), (Some(2), vec!["a".to_owned()]));
        assert_eq!(read.sampling, Sampling { temperature: Some(1.0), ..Sampling::default() });
        let rest: Vec<&str> = read.extras.iter().map(|extra| extra.name.as_str()).collect();
        assert_eq!(rest, ["x"]);
        let read = read_of(r#"{"old_limit":1,"stop":["a","b"],"k":3}"#).unwrap();
        assert_eq!((read.max_tokens, read.stop.len(), read.sampling.top_k), (Some(1), 2, Some(3)));
        for (body, said) in [
            (r#"{"stop":1}"#, "`stop` must be a string or a list of strings"),
            (r#"{"heat":"1"}"#, "`heat` must be a number"),
            (r#"{"limit":1,"old_limit":"1"}"#, "`old_limit` must be a whole number"),
        ] {
            assert_eq!(read_of(body).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn fields_are_written_in_the_order_of_their_table_within_its_ranges() {
        let sampling = Sampling {
            temperature: Some(0.5),
            top_p: Some(1.0),
            top_k: Some(5),
            seed: Some(1 << 40),
            presence_penalty: Some(-1.0),
            frequency_penalty: Some(1.0),
        };
        let asked = || Fields {
            table: &TABLE,
            sampling: sampling.clone(),
            max_tokens: Some(1),
            stop: vec!["a"],
        };
        let mut losses = Losses::new(Lossy::Warn);
        let fitted = asked().fitted(&mut losses).unwrap();
        let written = serde_json::to_string(&fitted).unwrap();
        assert_eq!(written, r#"{"limit":16,"p":0.99,"k":5,"stop":["a"],"heat":0.5}"#);
        let lost = ["frequency_penalty", "presence_penalty", "seed", "max_tokens"];
        assert_eq!(losses.into_names(), lost);
        let refused = asked().fitted(&mut Losses::new(Lossy::Refuse)).unwrap_err();
        assert_eq!(refused.field, "frequency_penalty");
        assert!(!fitted.is_empty() && Fields { table: &TABLE, ..Fields::default() }.is_empty());
    }
}
