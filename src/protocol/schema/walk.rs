//! One walk over a schema: removes what its vendor refuses, and adds what it requires.
//!
//! It visits every byte once, with an explicit stack in place of recursion.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::rule::{CHOICES, Rule};
use super::text::Text;

/// A walk over a schema that writes the fitted one.
pub(super) struct Walk<'a> {
    rule: &'a Rule,
    text: Text<'a>,
    open: Vec<Open>,
    /// The fitted schema.
    pub(super) out: String,
    /// The keywords that were lost, each once.
    pub(super) lost: Vec<&'static str>,
    /// Whether some property is optional.
    pub(super) has_optional: bool,
}

/// An object or a list that is open.
#[derive(Clone, Copy)]
struct Open {
    role: Role,
    is_empty: bool,
    is_object: bool,
    is_list: bool,
    has_type: bool,
    has_properties: bool,
    has_items: bool,
    /// How many properties it has, and how many of them must be there.
    properties: usize,
    required: usize,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Schema,
    /// An object of schemas, by name.
    Each,
    /// The same, and the names are an object's properties.
    Properties,
    /// A list of schemas.
    List,
}

impl Open {
    fn new(role: Role) -> Self {
        Self {
            role,
            is_empty: true,
            is_object: false,
            is_list: false,
            has_type: false,
            has_properties: false,
            has_items: false,
            properties: 0,
            required: 0,
        }
    }
}

impl<'a> Walk<'a> {
    /// A walk over a schema with a vendor's rule.
    pub(super) fn new(rule: &'a Rule, schema: &'a str) -> Self {
        let out = String::with_capacity(schema.len() + 64);
        let text = Text::of(schema);
        Self { rule, text, open: Vec::new(), out, lost: Vec::new(), has_optional: false }
    }

    /// Walks to the end.
    pub(super) fn run(&mut self) {
        let mut next = Some(Role::Schema);
        while let Some(role) = next {
            self.begin(role);
            next = self.go_on();
        }
    }

    /// Begins a value. A value of an unexpected type is copied.
    fn begin(&mut self, role: Role) {
        let begins = if role == Role::List { b'[' } else { b'{' };
        if self.text.peek() != Some(begins) {
            let value = self.text.value();
            return self.out.push_str(value);
        }
        self.text.pass();
        self.out.push(char::from(begins));
        self.open.push(Open::new(role));
    }

    /// Moves to the next value to walk; `None` at the end.
    fn go_on(&mut self) -> Option<Role> {
        loop {
            let open = *self.open.last()?;
            match self.text.peek()? {
                b'}' | b']' => self.close(open),
                b',' => self.text.pass(),
                _ if open.role == Role::List => {
                    self.separate();
                    return Some(Role::Schema);
                }
                _ => {
                    let key = self.text.key();
                    if let Some(role) = self.field(key, open.role) {
                        return Some(role);
                    }
                }
            }
        }
    }

    /// Closes what is open, and adds what the vendor requires.
    fn close(&mut self, open: Open) {
        self.text.pass();
        if open.role == Role::Schema {
            let is_whole = self.open.len() == 1;
            let is_object = open.is_object || open.has_properties;
            if self.rule.completes && is_whole && !open.has_type {
                self.add("\"type\":\"object\"");
            }
            if self.rule.completes && is_whole && !open.has_properties {
                self.add("\"properties\":{}");
            }
            if self.rule.completes && open.is_list && !open.has_items {
                self.add("\"items\":{}");
            }
            if self.rule.closes_objects && is_object {
                self.add("\"additionalProperties\":false");
            }
            self.has_optional |= open.properties > open.required;
        }
        self.open.pop();
        if open.role == Role::Properties
            && let Some(schema) = self.open.last_mut()
        {
            schema.properties = open.properties;
        }
        self.out.push(if open.role == Role::List { ']' } else { '}' });
    }

    /// Handles a field name. Returns the role of its value, if the value is to be walked.
    fn field(&mut self, key: &'a str, role: Role) -> Option<Role> {
        if matches!(role, Role::Each | Role::Properties) {
            if let Some(open) = self.open.last_mut() {
                open.properties += 1;
            }
            self.separate();
            self.write_key(key);
            return Some(Role::Schema);
        }
        let name = plain(key);
        if let Some(removed) = self.rule.removed.iter().find(|removed| **removed == name) {
            return self.remove(removed);
        }
        let choice = CHOICES.into_iter().find(|choice| *choice == name);
        if let Some(choice) = choice.filter(|_| self.rule.completes && self.open.len() == 1) {
            return self.remove(choice);
        }
        let below = below(&name);
        if name == "additionalProperties" && self.rule.closes_objects {
            let value = self.text.value();
            if value != "false" {
                self.lose("additionalProperties");
            }
            return None;
        }
        if below.is_none() && self.is_refused(&name) {
            return None;
        }
        let renamed = self.rule.renamed.iter().find(|(old, _)| *old == name);
        self.separate();
        match renamed {
            Some((_, new)) => self.write_key(&format!("\"{new}\"")),
            None => self.write_key(key),
        }
        self.note(&name, below);
        if below.is_none() {
            let value = self.text.value();
            self.out.push_str(value);
        }
        below
    }

    /// What the schema that is open is found to be.
    fn note(&mut self, name: &str, below: Option<Role>) {
        let mut text = self.text;
        let value = if below.is_none() { text.value() } else { "" };
        let Some(open) = self.open.last_mut() else { return };
        match name {
            "type" => {
                open.has_type = true;
                open.is_object |= value.contains("\"object\"");
                open.is_list |= value.contains("\"array\"");
            }
            "properties" => open.has_properties = true,
            "items" | "prefixItems" => open.has_items = true,
            "required" => {
                // An empty list is skipped without allocation.
                let names = serde_json::from_str::<Vec<serde::de::IgnoredAny>>(value);
                open.required = names.map_or(0, |names| names.len());
            }
            _ => {}
        }
    }

    /// Whether the value that comes next is refused; it is then passed and named.
    fn is_refused(&mut self, name: &str) -> bool {
        let mut ahead = self.text;
        let value = ahead.value();
        let most = self.rule.most_min_items;
        let lost = match name {
            "minItems" => most.is_some_and(|most| value.parse().map_or(true, |n: u64| n > most)),
            "format" => {
                self.rule.formats.is_some_and(|formats| !formats.contains(&value.trim_matches('"')))
            }
            "enum" => !self.rule.rich_enums && has_rich_values(value),
            "pattern" => !self.rule.rich_patterns && RICH.iter().any(|it| value.contains(it)),
            _ => false,
        };
        if lost {
            self.text = ahead;
            let known =
                ["format", "pattern", "minItems", "enum"].into_iter().find(|known| *known == name);
            self.lose(known.unwrap_or_default());
        }
        lost
    }

    fn remove(&mut self, name: &'static str) -> Option<Role> {
        let value = self.text.value();
        // A keyword without effect is not a loss.
        if !matches!(value, "false" | "null" | "{}" | "[]") {
            self.lose(name);
        }
        None
    }

    fn lose(&mut self, name: &'static str) {
        if !self.lost.contains(&name) {
            self.lost.push(name);
        }
    }

    fn add(&mut self, field: &str) {
        self.separate();
        self.out.push_str(field);
    }

    fn write_key(&mut self, key: &str) {
        self.out.push_str(key);
        self.out.push(':');
    }

    /// Writes a comma, unless the next member is the first.
    fn separate(&mut self) {
        if let Some(open) = self.open.last_mut()
            && !std::mem::replace(&mut open.is_empty, false)
        {
            self.out.push(',');
        }
    }
}

/// Whether objects or lists are among the values of a list.
fn has_rich_values(list: &str) -> bool {
    let is_rich = |value: &&RawValue| value.get().starts_with(['{', '[']);
    serde_json::from_str::<Vec<&RawValue>>(list).is_ok_and(|all| all.iter().any(is_rich))
}

/// What only richer engines of regular expressions know, as JSON writes it.
const RICH: [&str; 7] = ["(?=", "(?!", "(?<", "\\\\b", "\\\\B", "\\\\1", "\\\\2"];

/// What stands below a keyword, if schemas do.
fn below(name: &str) -> Option<Role> {
    Some(match name {
        "properties" => Role::Properties,
        "$defs" | "definitions" | "patternProperties" | "dependentSchemas" => Role::Each,
        "items"
        | "additionalProperties"
        | "contains"
        | "not"
        | "if"
        | "then"
        | "else"
        | "propertyNames"
        | "unevaluatedProperties"
        | "unevaluatedItems"
        | "additionalItems" => Role::Schema,
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => Role::List,
        _ => return None,
    })
}

/// A key without its quotes.
fn plain(key: &str) -> Cow<'_, str> {
    match key.get(1..key.len().saturating_sub(1)) {
        Some(name) if !name.contains('\\') => Cow::Borrowed(name),
        _ => serde_json::from_str(key).map_or(Cow::Borrowed(key), Cow::Owned),
    }
}
