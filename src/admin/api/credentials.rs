//! Protects the credentials of the file: a change must not send one to another server, nor replace
//! one by `***`.
//!
//! A client that writes the credential itself may put it anywhere.

use std::collections::HashMap;

use serde_json::Value;

use super::{asked::Asked, denied::Denied};
use crate::config::{Path, edit::Document, mask::MASK};

/// The destination of a credential: host, proxy and trusted CAs.
type Destination = (String, Option<Value>, Option<Value>);

/// Refuses a change that would send a credential elsewhere, or lose it.
///
/// # Errors
/// The place of the credential.
pub(super) fn check(before: &Document, after: &Document, asked: &Asked) -> Result<(), Denied> {
    let (old, new) = (Found::of(before), Found::of(after));
    for (at, secret, destination) in &new.secrets {
        let known = old.destinations.get(secret);
        if known.is_some_and(|known| !known.contains(destination)) && !asked.says(secret) {
            let message =
                "this would send a stored credential to another server: also write the credential";
            return Err(Denied::invalid(message, Some(at.to_string())));
        }
    }
    let lost = new.masks.into_iter().find(|mask| !old.masks.contains(mask));
    lost.map_or(Ok(()), |mask| Err(Denied::NoSecret(mask)))
}

/// The credentials of a document.
#[derive(Default)]
struct Found {
    secrets: Vec<(Path, String, Destination)>,
    destinations: HashMap<String, Vec<Destination>>,
    /// The places of a literal `***`.
    masks: Vec<Path>,
}

impl Found {
    fn of(document: &Document) -> Self {
        let mut found = Self::default();
        let all = document.value(&Path::root()).unwrap_or_default();
        let masked = serde_json::from_str(&document.masked()).unwrap_or_default();
        found.look(&all, &masked, &Path::root(), None);
        found
    }

    fn look(&mut self, value: &Value, masked: &Value, at: &Path, goes: Option<&Destination>) {
        match (value, masked) {
            (Value::String(text), Value::String(_)) if text == MASK => self.masks.push(at.clone()),
            (Value::String(text), Value::String(shown)) if shown == MASK => {
                let Some(goes) = goes else { return };
                self.destinations.entry(text.clone()).or_default().push(goes.clone());
                self.secrets.push((at.clone(), text.clone(), goes.clone()));
            }
            // Names that look like credentials are masked too, so members are matched by order.
            (Value::Object(members), Value::Object(shown)) => {
                let own = destination(members);
                let goes = own.as_ref().or(goes);
                for ((key, value), shown) in members.iter().zip(shown.values()) {
                    self.look(value, shown, &at.key(key.as_str()), goes);
                }
            }
            (Value::Array(items), Value::Array(shown)) => {
                for (index, (item, shown)) in items.iter().zip(shown).enumerate() {
                    self.look(item, shown, &at.index(index), goes);
                }
            }
            _ => {}
        }
    }
}

/// The destination of the credentials in an object.
fn destination(members: &serde_json::Map<String, Value>) -> Option<Destination> {
    let url = members.get("url")?.as_str()?;
    let end = url.find("://").map_or(0, |at| at + 3);
    let authority = url[end..].find(['/', '?', '#']).map_or(url, |at| &url[..end + at]);
    // The text before an `@` is itself a credential.
    let host = authority.rsplit_once('@').map_or(authority[end..].to_owned(), |(_, it)| it.into());
    let scheme = &authority[..end];
    let host = format!("{scheme}{host}").to_ascii_lowercase();
    Some((host, members.get("proxy").cloned(), members.get("tls").cloned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(before: &Value, after: &Value, body: &Value) -> Result<(), Denied> {
        let document = |value: &Value| Document::read("f", value.to_string().as_bytes()).unwrap();
        check(&document(before), &document(after), &Asked::with_body(&body.to_string()))
    }

    fn file(provider: Value) -> Value {
        json!({"targets": {"m": {"providers": [provider]}}})
    }

    #[test]
    fn no_stored_credential_goes_to_another_server() {
        let own = json!({"url": "https://one.example/v1", "onwards_key": "sk-first"});
        let before = file(own);
        for other in [
            json!({"url": "https://evil.example/v1", "onwards_key": "sk-first"}),
            json!({"url": "http://one.example/v1", "onwards_key": "sk-first"}),
            json!({"url": "https://one.example@evil.example/v1", "onwards_key": "sk-first"}),
            json!({"url": "https://one.example:8443/v1", "onwards_key": "sk-first"}),
            json!({"url": "https://one.example/v1", "onwards_key": "sk-first", "proxy": "http://evil"}),
            json!({"url": "https://one.example/v1", "onwards_key": "sk-first", "tls": {"ca": "x"}}),
            json!({"url": "https://evil.example", "request_headers": {"x-key": "sk-first"}}),
        ] {
            let refused = checked(&before, &file(other.clone()), &json!({"url": other["url"]}));
            assert!(matches!(refused, Err(Denied::Invalid { .. })), "{other}");
            let known = json!({"it": "Bearer sk-first"});
            assert!(checked(&before, &file(other.clone()), &known).is_ok(), "{other}");
        }
        for same in [
            json!({"url": "https://ONE.example/v2?x=1", "onwards_key": "sk-first"}),
            json!({"url": "https://evil.example", "onwards_key": "${env:KEY}"}),
            json!({"url": "https://evil.example", "onwards_key": "sk-new"}),
        ] {
            assert!(checked(&before, &file(same.clone()), &json!({})).is_ok(), "{same}");
        }
    }

    #[test]
    fn no_mask_is_written_in_the_place_of_a_credential() {
        let before = file(json!({"url": "https://one.example", "onwards_key": "sk-first"}));
        let after = file(json!({"url": "https://one.example", "onwards_key": "***"}));
        assert!(matches!(checked(&before, &after, &json!({})), Err(Denied::NoSecret(_))));
        assert!(checked(&after, &after, &json!({})).is_ok());
    }
}
