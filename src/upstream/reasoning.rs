//! Writes the reasoning effort for one provider (`reasoning_translation`). If the client sets none,
//! nothing is written.
//!
//! It changes only the fields about reasoning.

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::inbound::Inbound;
use crate::{
    body::Pieces,
    models::Effort,
    protocol::{Operation, Protocol, profile::EffortField},
    refusal::Refusal,
    table::{Provider, reasoning::Efforts},
};

/// What is written for this request and provider, if anything.
fn translation<'a>(
    inbound: &Inbound,
    provider: &'a Provider,
    spoken: Protocol,
) -> Option<(&'static EffortField, &'a Efforts)> {
    let reasoning = provider.reasoning.as_deref()?;
    let endpoint = inbound.endpoint.as_ref()?;
    let is_asked = endpoint.operation == Operation::Generate;
    Some((spoken.profile().effort.as_ref().filter(|_| is_asked)?, reasoning.of(spoken)?))
}

/// The body in the provider's protocol with the effort translated; `None` if nothing is written.
///
/// # Errors
/// The provider does not support the effort, or the request sets the provider's own fields.
pub(super) fn translated(
    body: &[u8],
    inbound: &Inbound,
    provider: &Provider,
    spoken: Protocol,
) -> Result<Option<Bytes>, Refusal> {
    let Some((field, efforts)) = translation(inbound, provider, spoken) else { return Ok(None) };
    // A body that is not an object was refused, or is the provider's to refuse.
    let Ok(mut members) = serde_json::from_slice::<Members<'_>>(body) else { return Ok(None) };
    refuse_native(&members, field)?;
    let Some(said) = members.value(field.at) else { return Ok(None) };
    let place = field.at.join(".");
    let effort =
        said.as_str().and_then(|said| Effort::ALL.into_iter().find(|it| it.name() == said));
    let supported = effort.filter(|effort| !efforts.unsupported.contains(effort));
    let Some(effort) = supported else {
        let said = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
        let said: String = said.chars().take(32).collect();
        let message = format!("This model does not take `{said}` as `{place}`.");
        return Err(Refusal::Invalid { param: place, message, code: "unsupported_value" });
    };
    check_limit(&members, field, efforts, effort)?;
    members.remove(field.at);
    for write in &efforts.writes {
        if let Some(value) = write.value(effort) {
            members.set(&write.path, value.clone());
        }
    }
    Ok(Some(members.written()))
}

/// The unchanged body with what is written into it.
pub(super) fn written(body: Pieces, inbound: &Inbound, provider: &Provider) -> Pieces {
    let spoken = inbound.speaks();
    if translation(inbound, provider, spoken).is_none() {
        return body;
    }
    // It was prepared, so nothing is refused here.
    match translated(&body.to_bytes(), inbound, provider, spoken) {
        Ok(Some(written)) => Pieces::from(written),
        _ => body,
    }
}

fn refuse_native(members: &Members<'_>, field: &EffortField) -> Result<(), Refusal> {
    let native = field.native.iter().find(|path| members.value(path).is_some());
    let Some(path) = native else { return Ok(()) };
    let (param, own) = (path.join("."), field.at.join("."));
    let message = format!("`{param}` is not taken for this model: say `{own}`.");
    Err(Refusal::Invalid { param, message, code: "unsupported_parameter" })
}

/// The request's output limit must exceed the thinking budget.
fn check_limit(
    members: &Members<'_>,
    field: &EffortField,
    efforts: &Efforts,
    effort: Effort,
) -> Result<(), Refusal> {
    let budget = efforts.writes.iter().find(|write| write.is_budget);
    let Some(budget) = budget.and_then(|write| write.value(effort)?.as_u64()) else {
        return Ok(());
    };
    let limit = field.limits.iter().find_map(|name| Some((name, members.value(&[name])?)));
    match limit {
        None => Err(Refusal::LimitNeeded { param: field.limits[0], budget }),
        Some((_, limit)) if limit.as_f64().is_some_and(|limit| limit > budget as f64) => Ok(()),
        Some((name, _)) => {
            let message = format!(
                "`{name}` must be more than {budget}, the tokens that this effort thinks with."
            );
            Err(Refusal::Invalid { param: (*name).to_string(), message, code: "invalid_value" })
        }
    }
}

/// The members of an object in order, parsed only when they are needed.
struct Members<'a>(Vec<(String, Member<'a>)>);

enum Member<'a> {
    AsItCame(&'a RawValue),
    Changed(Value),
}

impl Members<'_> {
    /// The value at a path; `null` counts as absent.
    fn value(&self, path: &[&str]) -> Option<Value> {
        let (first, rest) = path.split_first()?;
        let mut value = self.0.iter().rev().find(|(key, _)| key == first)?.1.value();
        for key in rest {
            value = value.get_mut(*key)?.take();
        }
        Some(value).filter(|value| !value.is_null())
    }

    fn remove(&mut self, path: &[&str]) {
        match path {
            [only] => self.0.retain(|(key, _)| key != only),
            [first, last] => {
                let Some((_, member)) = self.0.iter_mut().find(|(key, _)| key == first) else {
                    return;
                };
                let mut value = member.value();
                if let Value::Object(map) = &mut value {
                    map.shift_remove(*last);
                }
                let is_empty = value.as_object().is_some_and(Map::is_empty);
                *member = Member::Changed(value);
                if is_empty {
                    self.0.retain(|(key, _)| key != first);
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, path: &[Box<str>], value: Value) {
        let Some((first, rest)) = path.split_first() else { return };
        let at = self.0.iter().position(|(key, _)| **key == **first);
        let mut whole = at.map_or(Value::Null, |at| self.0[at].1.value());
        let mut place = &mut whole;
        for key in rest {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(map) = place else { return };
            place = map.entry(&**key).or_insert(Value::Null);
        }
        *place = value;
        match at {
            Some(at) => self.0[at].1 = Member::Changed(whole),
            None => self.0.push((first.to_string(), Member::Changed(whole))),
        }
    }

    fn written(&self) -> Bytes {
        let mut out = String::from("{");
        for (at, (key, member)) in self.0.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&Value::from(key.as_str()).to_string());
            out.push(':');
            match member {
                Member::AsItCame(raw) => out.push_str(raw.get()),
                Member::Changed(value) => out.push_str(&value.to_string()),
            }
        }
        out.push('}');
        out.into()
    }
}

impl Member<'_> {
    fn value(&self) -> Value {
        match self {
            Self::AsItCame(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
            Self::Changed(value) => value.clone(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, raw)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((key, Member::AsItCame(raw)));
                }
                Ok(Members(members))
            }
        }

        from.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(text: &str) -> Members<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_not_about_reasoning_stays_as_written() {
        let mut some =
            members(r#"{"a" : 1.0 , "reasoning":{"effort":"low","summary":"auto"},"b":"\u00e9"}"#);
        some.remove(&["reasoning", "effort"]);
        some.set(&["thinking".into(), "type".into()], json!("on"));
        some.set(&["reasoning".into(), "effort".into()], json!("high"));
        let wanted = r#"{"a":1.0,"reasoning":{"summary":"auto","effort":"high"},"b":"\u00e9","thinking":{"type":"on"}}"#;
        assert_eq!(some.written(), wanted);
        let mut some = members(r#"{"reasoning":{"effort":"low"}}"#);
        assert_eq!(some.value(&["reasoning", "effort"]), Some(json!("low")));
        some.remove(&["reasoning", "effort"]);
        assert_eq!(some.written(), "{}");
        assert_eq!(members(r#"{"x":null}"#).value(&["x"]), None);
    }
}
