//! `reasoning_details`: reasoning signatures that OpenRouter and others send beside an answer and
//! expect back unchanged. In a stream they come in fragments.
//!
//! They are sent back only to the same host.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::protocol::Protocol;
use crate::protocol::conversation::Signature;
use crate::protocol::service::Service;

/// The collected details.
#[derive(Debug, Default)]
pub(super) struct Details {
    all: Vec<Map<String, Value>>,
    /// Bytes of all pieces of the answer.
    said: usize,
}

impl Details {
    /// Adds those of an answer or of a piece of it.
    pub(super) fn add(&mut self, written: &RawValue) {
        self.said += written.get().len();
        if self.said > MOST_SAID {
            // Half of the proofs would be refused.
            self.all.clear();
            return;
        }
        for piece in
            serde_json::from_str::<Vec<Map<String, Value>>>(written.get()).into_iter().flatten()
        {
            let goes_on = |detail: &&mut Map<String, Value>| {
                let same = |key: &str| detail.get(key) == piece.get(key);
                piece.contains_key("index") && same("index") && same("type")
            };
            match self.all.iter_mut().rev().take(NEAR).find(goes_on) {
                Some(detail) => merge(detail, piece),
                None => self.all.push(piece),
            }
        }
    }

    /// Takes the details collected so far.
    pub(super) fn take(&mut self, made_at: Service) -> Option<Signature> {
        if self.all.is_empty() {
            return None;
        }
        let all = std::mem::take(&mut self.all).into_iter().map(Value::Object).collect();
        let proof = Signature::new(Protocol::OpenAi, Value::Array(all).to_string());
        Some(proof.made_at(made_at))
    }
}

/// Texts go on; of everything else the last counts.
fn merge(detail: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (key, value) in piece {
        match (detail.get_mut(&key), value) {
            (Some(Value::String(before)), Value::String(more)) if TEXTS.contains(&key.as_str()) => {
                before.push_str(&more);
            }
            (Some(_), Value::Null) => {}
            (_, value) => {
                detail.insert(key, value);
            }
        }
    }
}

const TEXTS: [&str; 2] = ["text", "summary"];
/// A fragment continues one of the last ones; no answer has more open at once.
const NEAR: usize = 16;
/// In bytes: a million tokens of reasoning.
const MOST_SAID: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_whole_details() {
        let mut details = Details::default();
        for piece in [
            r#"[{"type":"reasoning.text","text":"a","index":0,"format":"f"}]"#,
            r#"[{"type":"reasoning.text","text":"b","index":0,"signature":null}]"#,
            r#"[{"type":"reasoning.text","signature":"S","index":0}]"#,
            r#"[{"type":"reasoning.encrypted","data":"D","id":"call_1","index":0}]"#,
            r#"[{"type":"reasoning.encrypted","data":"E"}]"#,
            "5",
        ] {
            details.add(&RawValue::from_string(piece.to_owned()).unwrap());
        }
        let proof = details.take(Service::Host(1)).unwrap();
        assert_eq!(
            proof.value,
            r#"[{"type":"reasoning.text","text":"ab","index":0,"format":"f","signature":"S"},{"type":"reasoning.encrypted","data":"D","id":"call_1","index":0},{"type":"reasoning.encrypted","data":"E"}]"#
        );
        assert_eq!(details.take(Service::Host(1)), None);
    }
}
