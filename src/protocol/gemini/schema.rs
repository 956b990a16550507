//! Converts Google's older schemas (OpenAPI with `STRING` and `nullable`) to JSON Schema.
//!
//! It works without a tree and keeps the order of keys; JSON Schema passes unchanged.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::protocol::conversation::tool::raw;
use crate::protocol::schema::text::Text;

/// The same schema as JSON Schema.
pub(super) fn to_json_schema(schema: &RawValue) -> Box<RawValue> {
    let mut walk = Walk::over(schema.get());
    walk.run();
    let mut walk =
        Walk { writes: true, ..Walk { nullable: walk.nullable, ..Walk::over(schema.get()) } };
    walk.out.reserve(schema.get().len());
    walk.run();
    raw(&walk.out)
}

/// One walk over a schema. The first walk finds nullable schemas, because a type is written before
/// that is known; the second writes. Each visits every byte once with an explicit stack.
struct Walk<'a> {
    text: Text<'a>,
    writes: bool,
    open: Vec<Open>,
    /// For each schema, in the order of their beginning.
    nullable: Vec<bool>,
    /// How many schemas have begun.
    schemas: usize,
    out: String,
}

/// An object or a list that is open.
#[derive(Clone, Copy)]
struct Open {
    role: Role,
    /// The schema's number.
    schema: usize,
    is_empty: bool,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Schema,
    /// An object of schemas, by name.
    Each,
    /// A list of schemas.
    List,
}

impl<'a> Walk<'a> {
    fn over(text: &'a str) -> Self {
        let (open, nullable, out) = (Vec::new(), Vec::new(), String::new());
        Self { text: Text::of(text), writes: false, open, nullable, schemas: 0, out }
    }

    fn run(&mut self) {
        let mut next = Some(Role::Schema);
        while let Some(role) = next {
            self.begin(role);
            next = self.go_on();
        }
    }

    /// Begins a value. A value of an unexpected type is copied.
    fn begin(&mut self, role: Role) {
        let byte = self.text.peek();
        let begins = if role == Role::List { b'[' } else { b'{' };
        if byte != Some(begins) {
            let value = self.text.value();
            return self.write(value);
        }
        self.text.pass();
        self.write(if role == Role::List { "[" } else { "{" });
        self.open.push(Open { role, schema: self.schemas, is_empty: true });
        if role == Role::Schema {
            self.schemas += 1;
            if !self.writes {
                self.nullable.push(false);
            }
        }
    }

    /// Moves to the next value to walk; `None` at the end.
    fn go_on(&mut self) -> Option<Role> {
        loop {
            let open = *self.open.last()?;
            match self.text.peek()? {
                b'}' | b']' => {
                    self.text.pass();
                    self.write(if open.role == Role::List { "]" } else { "}" });
                    self.open.pop();
                }
                b',' => self.text.pass(),
                _ if open.role == Role::List => {
                    self.separate();
                    return Some(Role::Schema);
                }
                _ => {
                    let key = self.text.key();
                    if let Some(role) = self.field(key, open) {
                        return Some(role);
                    }
                }
            }
        }
    }

    /// Handles a field name. Returns the role of its value, if the value is to be walked.
    fn field(&mut self, key: &str, open: Open) -> Option<Role> {
        if open.role == Role::Each {
            self.separate();
            self.write_all([key, ":"]);
            return Some(Role::Schema);
        }
        let name: Cow<'_, str> = match key.get(1..key.len() - 1) {
            Some(name) if !name.contains('\\') => Cow::Borrowed(name),
            _ => serde_json::from_str(key).map_or(Cow::Borrowed(key), Cow::Owned),
        };
        let name = modern_name(&name);
        let role = match name {
            "properties" | "$defs" | "definitions" => Some(Role::Each),
            "items" | "additionalProperties" => Some(Role::Schema),
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => Some(Role::List),
            _ => None,
        };
        let value = if role.is_some() { "" } else { self.text.value() };
        let is_dropped = match name {
            "nullable" | "propertyOrdering" => true,
            "type" => value == "\"TYPE_UNSPECIFIED\"",
            "format" => NUMBER_FORMATS.contains(&value),
            _ => false,
        };
        if name == "nullable" && value == "true" {
            self.nullable[open.schema] = true;
        }
        if is_dropped || !self.writes {
            return role;
        }
        self.separate();
        let key = SNAKES
            .iter()
            .find(|(_, camel)| *camel == name)
            .map_or(Cow::Borrowed(key), |_| Cow::Owned(format!("\"{name}\"")));
        self.write_all([&key, ":"]);
        match name {
            _ if role.is_some() => {}
            "type" => write_type(value, self.nullable[open.schema], &mut self.out),
            // Whole numbers of 64 bits are texts in Google's JSON.
            name if COUNTS.contains(&name) => self.out.push_str(value.trim_matches('"')),
            _ => self.out.push_str(value),
        }
        role
    }

    /// Writes a comma, unless the next member is the first.
    fn separate(&mut self) {
        if let Some(open) = self.open.last_mut()
            && !std::mem::replace(&mut open.is_empty, false)
        {
            self.write(",");
        }
    }

    fn write(&mut self, text: &str) {
        if self.writes {
            self.out.push_str(text);
        }
    }

    fn write_all(&mut self, texts: [&str; 2]) {
        texts.into_iter().for_each(|text| self.write(text));
    }
}

fn write_type(value: &str, is_nullable: bool, out: &mut String) {
    let known = serde_json::from_str::<Cow<'_, str>>(value).ok();
    let known = known.map(|name| name.to_ascii_lowercase());
    match known.filter(|name| TYPES.contains(&name.as_str())) {
        Some(name) if is_nullable => {
            out.extend(["[\"", &name, "\",\"null\"]"]);
        }
        Some(name) => out.extend(["\"", &name, "\""]),
        None => out.push_str(value),
    }
}

fn modern_name(name: &str) -> &str {
    SNAKES.iter().find(|(snake, _)| *snake == name).map_or(name, |(_, camel)| camel)
}

const TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];

/// Formats that JSON Schema does not have and strict readers refuse.
const NUMBER_FORMATS: &[&str] = &["\"int32\"", "\"int64\"", "\"float\"", "\"double\"", "\"enum\""];

const COUNTS: &[&str] =
    &["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

const SNAKES: &[(&str, &str)] = &[
    ("any_of", "anyOf"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("min_properties", "minProperties"),
    ("max_properties", "maxProperties"),
    ("property_ordering", "propertyOrdering"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_become_json_schema() {
        for (from, to) in [
            (
                r#"{"type":"OBJECT","properties":{"b":{"type":"STRING","nullable":true,"description":"d"},"a":{"type":"ARRAY","items":{"type":"INTEGER","format":"int32"},"minItems":"1"}},"required":["b"],"propertyOrdering":["b","a"]}"#,
                r#"{"type":"object","properties":{"b":{"type":["string","null"],"description":"d"},"a":{"type":"array","items":{"type":"integer"},"minItems":1}},"required":["b"]}"#,
            ),
            (
                r#"{"any_of":[{"type":"NUMBER"},{"type":"TYPE_UNSPECIFIED","enum":["STRING"]}]}"#,
                r#"{"anyOf":[{"type":"number"},{"enum":["STRING"]}]}"#,
            ),
            // A property may be called as a keyword is.
            (
                r#"{"type":"object","properties":{"type":{"type":"STRING"},"nullable":{"type":"boolean"}}}"#,
                r#"{"type":"object","properties":{"type":{"type":"string"},"nullable":{"type":"boolean"}}}"#,
            ),
            (
                r##"{"$ref":"#/$defs/x","type":["string","null"],"format":"date-time","additionalProperties":false}"##,
                r##"{"$ref":"#/$defs/x","type":["string","null"],"format":"date-time","additionalProperties":false}"##,
            ),
            ("true", "true"),
            (
                r#" { "\u0074ype" : "STRING" , "min_length":"1", "items": [1, {"nullable":true}], "properties": 5, "anyOf": {"a":[]} , "nullable" : true }"#,
                r#"{"\u0074ype":["string","null"],"minLength":1,"items":[1, {"nullable":true}],"properties":5,"anyOf":{"a":[]}}"#,
            ),
            (
                r#"{"anyOf":[ ],"properties":{ },"a\"}":"b\\"}"#,
                r#"{"anyOf":[],"properties":{},"a\"}":"b\\"}"#,
            ),
        ] {
            let from: &RawValue = serde_json::from_str(from).unwrap();
            assert_eq!(to_json_schema(from).get(), to);
        }
    }
}
