//! The fields of a request, each of which is used or refused by name.

use serde_json::{Map, Value};

use super::{asked::Asked, denied::Denied};

/// The unused fields of one object.
pub(super) struct Fields {
    /// The prefix of each name.
    prefix: String,
    left: Map<String, Value>,
}

impl Fields {
    /// Those of a body.
    pub(super) fn of(asked: &Asked) -> Result<Self, Denied> {
        match asked.json()? {
            Value::Object(left) => Ok(Self { prefix: String::new(), left }),
            _ => Err(Denied::invalid("the body must be a JSON object", None)),
        }
    }

    /// Those of an object in it.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, Denied> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(left)) => {
                Ok(Some(Self { prefix: format!("{}{name}.", self.prefix), left }))
            }
            Some(_) => Err(self.wrong(name, "an object")),
        }
    }

    /// Those of each object of a list in it.
    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Self>, Denied> {
        let Some(value) = self.take(name) else { return Ok(Vec::new()) };
        let Value::Array(items) = value else { return Err(self.wrong(name, "a list")) };
        let each = items.into_iter().enumerate().map(|(at, item)| match item {
            Value::Object(left) => {
                Ok(Self { prefix: format!("{}{name}[{at}].", self.prefix), left })
            }
            _ => Err(self.wrong(name, "a list of objects")),
        });
        each.collect()
    }

    /// The names of the remaining fields.
    pub(super) fn names(&self) -> Vec<String> {
        self.left.keys().cloned().collect()
    }

    /// Takes a value; `null` counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Denied> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a text")),
        }
    }

    /// Takes a required text.
    pub(super) fn needed(&mut self, name: &str) -> Result<String, Denied> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| {
            Denied::invalid("this field is required", Some(format!("{}{name}", self.prefix)))
        })
    }

    /// Takes a whole number.
    pub(super) fn count(&mut self, name: &str) -> Result<Option<u64>, Denied> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let whole = value.as_u64().or_else(|| {
            let number = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0);
            number.map(|number| number as u64)
        });
        whole.map(Some).ok_or_else(|| self.wrong(name, "a whole number"))
    }

    /// Takes a number that is not negative.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<f64>, Denied> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_f64().filter(|number| *number >= 0.0);
        number.map(Some).ok_or_else(|| self.wrong(name, "a number"))
    }

    /// Takes a boolean.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Denied> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(name, "`true` or `false`")),
        }
    }

    /// Takes a list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Denied> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let texts = value.as_array().and_then(|list| list.iter().map(text).collect());
        texts.map(Some).ok_or_else(|| self.wrong(name, "a list of texts"))
    }

    /// Ignores remaining empty fields, and adds the others to the refused ones.
    pub(super) fn end(self, refused: &mut Vec<String>) {
        let says = |value: &Value| match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => true,
        };
        let left = self.left.iter().filter(|(_, value)| says(value));
        refused.extend(left.map(|(name, _)| format!("{}{name}", self.prefix)));
    }

    /// The error for a value of the wrong type.
    pub(super) fn wrong(&self, name: &str, wanted: &str) -> Denied {
        let param = format!("{}{name}", self.prefix);
        Denied::invalid(format!("this must be {wanted}"), Some(param))
    }
}

/// Refuses fields by name, if there are any.
pub(super) fn refuse(refused: Vec<String>) -> Result<(), Denied> {
    if refused.is_empty() { Ok(()) } else { Err(Denied::Unknown(refused)) }
}
