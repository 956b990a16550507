//! Writes OTLP's protobuf (`opentelemetry.proto.trace.v1`), as far as spans need it.
//!
//! Lengths are known before each part is written, so nothing is written twice and nothing is boxed.

/// Attributes: each is one field of what they belong to.
pub(super) struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    field: u8,
}

impl<'a> Attributes<'a> {
    /// Appends them as this field.
    pub(super) fn of(out: &'a mut Vec<u8>, field: u8) -> Self {
        Self { out, field }
    }

    /// A text.
    #[inline]
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.parts(name, [text]);
    }

    /// A text in parts.
    #[inline]
    pub(super) fn parts<const N: usize>(&mut self, name: &str, parts: [&str; N]) {
        let length = parts.iter().map(|part| part.len()).sum();
        self.name(name, 1 + of_length(length));
        self.out.push(field(1, LENGTH));
        varint(self.out, length as u64);
        parts.iter().for_each(|part| self.out.extend_from_slice(part.as_bytes()));
    }

    /// A number.
    #[inline]
    pub(super) fn number(&mut self, name: &str, number: u64) {
        // A negative number would take ten bytes; none is one.
        let number = number.min(i64::MAX as u64);
        self.name(name, 1 + of_varint(number));
        self.out.push(field(3, VARINT));
        varint(self.out, number);
    }

    /// A number with a fraction.
    pub(super) fn fraction(&mut self, name: &str, number: f64) {
        self.name(name, 9);
        self.out.push(field(4, FIXED64));
        self.out.extend_from_slice(&number.to_le_bytes());
    }

    /// Yes or no.
    pub(super) fn is(&mut self, name: &str, is: bool) {
        self.name(name, 2);
        self.out.extend_from_slice(&[field(2, VARINT), u8::from(is)]);
    }

    /// A list of texts.
    pub(super) fn texts<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t str> + Clone) {
        let each = |text: &str| 1 + of_length(text.len());
        let length = texts.clone().map(|text| 1 + of_length(each(text))).sum();
        self.name(name, 1 + of_length(length));
        self.out.push(field(5, LENGTH));
        varint(self.out, length as u64);
        for text in texts {
            self.out.push(field(1, LENGTH));
            varint(self.out, each(text) as u64);
            self::text(self.out, 1, text);
        }
    }

    /// The beginning of an attribute whose value takes so many bytes.
    #[inline]
    fn name(&mut self, name: &str, value: usize) {
        self.out.push(field(self.field, LENGTH));
        varint(self.out, (1 + of_length(name.len()) + 1 + of_length(value)) as u64);
        text(self.out, 1, name);
        self.out.push(field(2, LENGTH));
        varint(self.out, value as u64);
    }
}

/// A field that is a text.
#[inline]
pub(super) fn text(out: &mut Vec<u8>, number: u8, text: &str) {
    bytes(out, number, text.as_bytes());
}

/// A field that is bytes, or a message that is written.
#[inline]
pub(super) fn bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(field(number, LENGTH));
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A field that is a number.
#[inline]
pub(super) fn number(out: &mut Vec<u8>, number: u8, value: u64) {
    out.push(field(number, VARINT));
    varint(out, value);
}

/// A field of eight bytes.
#[inline]
pub(super) fn fixed(out: &mut Vec<u8>, number: u8, value: u64) {
    out.push(field(number, FIXED64));
    out.extend_from_slice(&value.to_le_bytes());
}

/// The beginning of a message of so many bytes.
pub(super) fn message(out: &mut Vec<u8>, number: u8, length: usize) {
    out.push(field(number, LENGTH));
    varint(out, length as u64);
}

/// The bytes of a length and of what has it.
#[inline]
pub(super) fn of_length(length: usize) -> usize {
    of_varint(length as u64) + length
}

#[inline]
fn of_varint(number: u64) -> usize {
    // Seven bits to a byte, and one byte for zero.
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

#[inline]
fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A field's number, up to 15, and its wire type in one byte.
const fn field(number: u8, wire: u8) -> u8 {
    number << 3 | wire
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value},
        resource::v1::Resource,
    };
    use prost::Message as _;

    use super::*;

    #[test]
    fn attributes_are_read_as_they_were_written() {
        let long = "é".repeat(20_000);
        let (texts, numbers) = (["", "a", &long], [0, 1, 127, 128, 16_384, u64::MAX]);
        let mut out = Vec::new();
        let mut attributes = Attributes::of(&mut out, 1);
        for text in texts {
            attributes.text("text", text);
        }
        for number in numbers {
            attributes.number("number", number);
        }
        attributes.parts("parts", ["GET", " ", "/"]);
        attributes.fraction("fraction", 0.25);
        attributes.is("is", true);
        attributes.texts("texts", texts.into_iter());
        let read = Resource::decode(&out[..]).unwrap();
        let text = |text: &str| Value::StringValue(text.to_owned());
        let number = |number: u64| Value::IntValue(i64::try_from(number).unwrap_or(i64::MAX));
        let value = |value| Some(AnyValue { value: Some(value) });
        let all = texts.map(|it| AnyValue { value: Some(text(it)) }).to_vec();
        let mut wanted: Vec<_> = texts.iter().map(|it| ("text", text(it))).collect();
        wanted.extend(numbers.map(|it| ("number", number(it))));
        wanted.push(("parts", text("GET /")));
        wanted.push(("fraction", Value::DoubleValue(0.25)));
        wanted.push(("is", Value::BoolValue(true)));
        wanted.push(("texts", Value::ArrayValue(ArrayValue { values: all })));
        let wanted = wanted.into_iter();
        let wanted: Vec<_> = wanted
            .map(|(key, it)| KeyValue {
                key: key.to_owned(),
                value: value(it),
                ..Default::default()
            })
            .collect();
        assert_eq!(read.attributes, wanted);
    }
}
