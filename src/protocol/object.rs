//! Reads a JSON object field by field: taken fields are typed, remaining ones are known by name.
//!
//! Values stay slices of the body until they are taken, so a tool's schema keeps its bytes. Errors
//! never quote a value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::bounds;
use super::codec::ReadError;
use super::conversation::Conversation;

/// The fields of an object that have not been taken yet.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// A field that is a text or a list of objects, as contents of turns are.
#[derive(Debug)]
pub(crate) enum TextOr<T> {
    Text(String),
    Each(Vec<T>),
}

impl<'a> Object<'a> {
    /// The object that a body is.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, ReadError> {
        let text = std::str::from_utf8(body)
            .map_err(|_| ReadError::new("", "the body is not UTF-8 text"))?;
        let read: Result<Self, _> = serde_json::from_str(text);
        let object = read.map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            ReadError::new("", format!("the body is not a JSON object ({place})"))
        })?;
        object.bounded()
    }

    /// The object that a value is.
    pub(crate) fn of(value: &'a RawValue) -> Result<Self, ReadError> {
        let read: Result<Self, _> = serde_json::from_str(value.get());
        read.map_err(|_| ReadError::new("", "must be an object"))?.bounded()
    }

    /// The same, if it has no more fields than any protocol's object.
    fn bounded(self) -> Result<Self, ReadError> {
        if self.fields.len() <= bounds::FIELDS {
            return Ok(self);
        }
        let most = bounds::FIELDS;
        Err(ReadError::new("", format!("must not have more than {most} fields")))
    }

    /// The raw value of a field; `null` counts as absent.
    pub(crate) fn raw(&mut self, name: &str) -> Option<&'a RawValue> {
        // The last one counts, as for every JSON library of the vendors.
        let mut found = None;
        self.fields.retain(|(field, value)| {
            let taken = field == name;
            if taken {
                found = Some(*value);
            }
            !taken
        });
        found.filter(|value| value.get() != "null")
    }

    /// The value of a field, which is not taken.
    pub(crate) fn peek(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| *value)
    }

    /// A field, if it is there and not `null`.
    pub(crate) fn take<T: Deserialize<'a>>(&mut self, name: &str) -> Result<Option<T>, ReadError> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(value.get()).map(Some).map_err(|_| {
            ReadError::new(name, format!("must be {}", expected(std::any::type_name::<T>())))
        })
    }

    /// A field that must be there.
    pub(crate) fn require<T: Deserialize<'a>>(&mut self, name: &str) -> Result<T, ReadError> {
        self.take(name)?.ok_or_else(|| ReadError::new(name, "is missing"))
    }

    /// The model: the one that the path names, else the field, which then must be there.
    pub(crate) fn model(&mut self, in_path: Option<&str>) -> Result<String, ReadError> {
        let named: Option<String> = self.take("model")?;
        let model = in_path.map(ToOwned::to_owned).or(named);
        model.ok_or_else(|| ReadError::new("model", "is missing"))
    }

    /// A field that is an object, read by `read`.
    pub(crate) fn with<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Object<'a>) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        Object::of(value).and_then(read).map(Some).map_err(|error| error.within(name))
    }

    /// A field that is an object, read by `read`; its other fields are kept by their names.
    pub(crate) fn inside(
        &mut self,
        name: &str,
        to: &mut Conversation,
        read: impl FnOnce(&mut Object<'a>, &mut Conversation) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let read = self.with(name, |mut object| {
            read(&mut object, to)?;
            for (field, value) in object.rest() {
                to.keep_extra(format!("{name}.{field}"), value);
            }
            Ok(())
        });
        read.map(|_| ())
    }

    /// A list of objects, each read by `read`; an absent field is an empty list.
    pub(crate) fn each<T>(
        &mut self,
        name: &str,
        read: impl FnMut(Object<'a>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let Some(value) = self.raw(name) else { return Ok(Vec::new()) };
        each_of(value, read).map_err(|error| error.within(name))
    }

    /// The messages of a request: at least one, fields that are not taken are kept by their names.
    pub(crate) fn messages(
        &mut self,
        to: &mut Conversation,
        mut read: impl FnMut(&mut Object<'a>, &mut Conversation) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let messages = self.each("messages", |mut message| {
            read(&mut message, to)?;
            message.keep_rest("messages.", to);
            Ok(())
        })?;
        if messages.is_empty() {
            return Err(ReadError::new("messages", "must hold at least one message"));
        }
        Ok(())
    }

    /// A field that is a text or a list of objects.
    pub(crate) fn text_or_each<T>(
        &mut self,
        name: &str,
        read: impl FnMut(Object<'a>) -> Result<T, ReadError>,
    ) -> Result<Option<TextOr<T>>, ReadError> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        let found = if value.get().starts_with('"') {
            text_of(value).map(TextOr::Text)
        } else {
            each_of(value, read).map(TextOr::Each)
        };
        found.map(Some).map_err(|error| error.within(name))
    }

    /// Fields that were not taken go to the conversation's extras, each under its name after `inside`.
    pub(crate) fn keep_rest(self, inside: &str, to: &mut Conversation) {
        for (name, value) in self.rest() {
            to.keep_extra(format!("{inside}{name}"), value);
        }
    }

    /// The fields that were not taken.
    pub(crate) fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.fields.into_iter()
    }
}

/// The text that a value is.
pub(crate) fn text_of(value: &RawValue) -> Result<String, ReadError> {
    serde_json::from_str(value.get()).map_err(|_| ReadError::new("", "must be a string"))
}

/// The present values of a list, in the list's own allocation.
pub(crate) fn present<T>(list: Vec<Option<T>>) -> Vec<T> {
    // A flattened iterator would allocate a new list with a capacity of four.
    let itself = |item: Option<T>| item;
    list.into_iter().filter_map(itself).collect()
}

fn each_of<'a, T>(
    value: &'a RawValue,
    mut read: impl FnMut(Object<'a>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let items = items_of(value)?;
    // A growing list starts with a capacity of four, but a message usually has one part.
    let mut all = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let one = Object::of(item).and_then(&mut read);
        all.push(one.map_err(|error| error.within(format!("[{index}]")))?);
    }
    Ok(all)
}

/// The items of a list, not more than any vendor takes. None is kept beyond that.
fn items_of(value: &RawValue) -> Result<Vec<&RawValue>, ReadError> {
    let Items(items) = serde_json::from_str(value.get())
        .map_err(|_| ReadError::new("", "must be a list of objects"))?;
    if items.len() > bounds::PARTS { Err(bounds::too_many("", bounds::PARTS)) } else { Ok(items) }
}

/// What a type is called in JSON.
fn expected(type_name: &str) -> &'static str {
    match type_name {
        "bool" => "true or false",
        "f64" => "a number",
        "u64" | "u32" | "i64" => "a whole number",
        name if name.contains("Vec") => "a list",
        _ => "a string",
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, _>()? {
                    // One too many is kept, by which the object is known.
                    if fields.len() <= bounds::FIELDS {
                        fields.push((name, value));
                    }
                }
                Ok(Object { fields })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// The items of a list, with one too many where there are too many.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    if items.len() <= bounds::PARTS {
                        items.push(item);
                    }
                }
                Ok(Items(items))
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

/// A key, borrowed where it holds no escape.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_and_the_rest_is_known() {
        let body = br#"{"a": 1, "b": null, "c": {"z": 1, "y": 2}, "a": 2, "\u0064": true}"#;
        let mut object = Object::parse(body).unwrap();
        assert_eq!(object.take::<u64>("a").unwrap(), Some(2));
        assert_eq!(object.take::<String>("b").unwrap(), None);
        let rest: Vec<_> = object.rest().map(|(name, value)| (name, value.get())).collect();
        assert_eq!(rest, [("c".into(), r#"{"z": 1, "y": 2}"#), ("d".into(), "true")]);
    }

    #[test]
    fn errors_name_the_place_and_no_value() {
        let read = |body: &'static str| -> ReadError {
            let read_turn = |mut turn: Object<'_>| turn.require::<String>("role").map(drop);
            let mut object = Object::parse(body.as_bytes()).unwrap();
            object.each("turns", read_turn).unwrap_err()
        };
        for (body, said) in [
            (r#"{"turns": [{"role": "u"}, {"role": 5}]}"#, "`turns[1].role` must be a string"),
            (r#"{"turns": [{}]}"#, "`turns[0].role` is missing"),
            (r#"{"turns": [5]}"#, "`turns[0]` must be an object"),
            (r#"{"turns": "secret"}"#, "`turns` must be a list of objects"),
        ] {
            assert_eq!(read(body).to_string(), said);
        }
        let broken = Object::parse(b"{\"a\": ").unwrap_err().to_string();
        assert_eq!(broken, "the body is not a JSON object (line 1 column 6)");
        assert!(Object::parse(b"[]").is_err());
    }
}
