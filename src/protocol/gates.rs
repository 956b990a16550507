//! Anthropic's betas at other platforms: the header values that are known there, and the request
//! fields that only other betas allow.
//!
//! Refused fields are cut out of the bytes; all others stay.

use std::borrow::Cow;
use std::ops::Range;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::schema::text::Text;
use crate::models::betas::{self, Elsewhere};
use crate::models::{Model, anthropic};

/// The values of a client's header that are known elsewhere, each once.
pub(crate) fn known(client: &HeaderMap, at: Elsewhere, model: &str) -> Vec<&'static str> {
    let model: Model<'_> = anthropic::model(model);
    let mut known = Vec::new();
    for value in client.get_all(BETAS).iter().filter_map(|value| value.to_str().ok()) {
        for sent in value.split(',').filter_map(|word| betas::sent(word.trim(), at, model)) {
            if !known.contains(&sent) {
                known.push(sent);
            }
        }
    }
    known
}

/// Puts these values into the header, or takes it away.
pub(crate) fn tell(betas: &[&str], headers: &mut HeaderMap) {
    headers.remove(BETAS);
    if let Ok(value) = HeaderValue::try_from(betas.join(","))
        && !betas.is_empty()
    {
        headers.insert(BETAS, value);
    }
}

/// What is cut out of a request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Cuts {
    /// The places, ascending.
    pub(crate) spans: Vec<Range<usize>>,
    /// What was lost by it; hints are not.
    pub(crate) names: Vec<String>,
}

impl Cuts {
    /// What a request holds that is not known where these betas are sent to.
    pub(crate) fn of(body: &str, betas: &[&str]) -> Self {
        let opens = |gate: &Gate| {
            gate.opened_by.iter().any(|start| betas.iter().any(|beta| beta.starts_with(start)))
        };
        let shut: Vec<Shut> = GATES
            .iter()
            .filter(|gate| !opens(gate))
            .map(|gate| Shut { gate, rest: gate.path })
            .collect();
        let mut walk = Walk { text: Text::of(body), cuts: Self::default(), is_broken: false };
        if walk.text.peek() == Some(b'{') {
            walk.object(&shut, true);
        }
        // What cannot be read is the provider's to refuse.
        if walk.is_broken { Self::default() } else { walk.cuts }
    }
}

/// A field that is known only with a beta.
struct Gate {
    path: &'static [&'static str],
    /// How the betas begin that open it.
    opened_by: &'static [&'static str],
    /// Whether it may be omitted without a loss.
    is_hint: bool,
}

/// A field that is not allowed, and the rest of its path.
#[derive(Clone, Copy)]
struct Shut {
    gate: &'static Gate,
    rest: &'static [&'static str],
}

struct Walk<'a> {
    text: Text<'a>,
    cuts: Cuts,
    is_broken: bool,
}

impl Walk<'_> {
    fn value(&mut self, shut: &[Shut]) {
        match self.text.peek() {
            Some(b'{') if !shut.is_empty() => self.object(shut, false),
            Some(b'[') if !shut.is_empty() => self.list(shut),
            _ => self.is_broken |= self.text.value().is_empty(),
        }
    }

    fn list(&mut self, shut: &[Shut]) {
        self.text.pass();
        let items = below(shut, "*");
        while !self.is_broken {
            match self.text.peek() {
                None => self.is_broken = true,
                Some(b']') => return self.text.pass(),
                Some(b',') => self.text.pass(),
                Some(_) => self.value(&items),
            }
        }
    }

    /// Walks an object's members. A removed member takes the comma before it, or the one after it
    /// if no kept member precedes it.
    fn object(&mut self, shut: &[Shut], is_top: bool) {
        self.text.pass();
        let (mut is_any_kept, mut comma) = (false, None);
        while !self.is_broken {
            match self.text.peek() {
                None => self.is_broken = true,
                Some(b'}') => return self.text.pass(),
                Some(b',') => {
                    comma = Some(self.text.at());
                    self.text.pass();
                }
                Some(b'"') => {
                    let start = self.text.at();
                    let key = plain(self.text.key());
                    let under = below(shut, &key);
                    let gate = under.iter().find(|shut| shut.rest.is_empty()).map(|it| it.gate);
                    if gate.is_none() && (!is_top || KNOWN.contains(&&*key)) {
                        self.value(&under);
                        is_any_kept = true;
                        continue;
                    }
                    self.is_broken |= self.text.value().is_empty();
                    let end = self.text.at();
                    let span = match comma.filter(|_| is_any_kept) {
                        Some(comma) => comma..end,
                        None if self.text.peek() == Some(b',') => {
                            self.text.pass();
                            start..self.text.at()
                        }
                        None => start..end,
                    };
                    self.cuts.spans.push(span);
                    self.name(gate, &key);
                }
                Some(_) => self.is_broken = true,
            }
        }
    }

    fn name(&mut self, gate: Option<&Gate>, key: &str) {
        let name = match gate {
            Some(gate) if gate.is_hint => return,
            Some(gate) => {
                let words = gate.path.iter().filter(|word| **word != "*");
                words.copied().collect::<Vec<_>>().join(".")
            }
            None if HINTS.contains(&key) => return,
            None => key.to_owned(),
        };
        if !self.cuts.names.contains(&name) {
            self.cuts.names.push(name);
        }
    }
}

fn below(shut: &[Shut], key: &str) -> Vec<Shut> {
    let under = |shut: &Shut| {
        let (first, rest) = shut.rest.split_first()?;
        (*first == key).then_some(Shut { rest, ..*shut })
    };
    shut.iter().filter_map(under).collect()
}

/// A key without its quotes.
fn plain(key: &str) -> Cow<'_, str> {
    match key.get(1..key.len().saturating_sub(1)) {
        Some(name) if !name.contains('\\') => Cow::Borrowed(name),
        _ => serde_json::from_str(key).map_or(Cow::Borrowed(key), Cow::Owned),
    }
}

/// The fields of a request that are known everywhere; all others are cut.
const KNOWN: &[&str] = &[
    "anthropic_beta",
    "anthropic_version",
    "context_management",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// Of the others, those that change no answer.
const HINTS: &[&str] = &["cache_control", "diagnostics", "service_tier", "inference_geo"];

const fn gate(path: &'static [&'static str], opened_by: &'static [&'static str]) -> Gate {
    Gate { path, opened_by, is_hint: false }
}

const fn hint(path: &'static [&'static str]) -> Gate {
    Gate { path, opened_by: &[], is_hint: true }
}

#[rustfmt::skip]
static GATES: [Gate; 11] = [
    gate(&["context_management"], &["context-management-", "compact-"]),
    gate(&["output_config", "task_budget"], &["task-budgets-"]),
    gate(&["tools", "*", "allowed_callers"], &[]),
    gate(&["tools", "*", "defer_loading"], &["tool-search-tool-"]),
    gate(&["tools", "*", "input_examples"], &["tool-examples-"]),
    hint(&["tools", "*", "eager_input_streaming"]),
    hint(&["tools", "*", "cache_control", "scope"]),
    hint(&["system", "*", "cache_control", "scope"]),
    hint(&["messages", "*", "content", "*", "caller"]),
    hint(&["messages", "*", "content", "*", "cache_control", "scope"]),
    hint(&["messages", "*", "content", "*", "content", "*", "cache_control", "scope"]),
];

/// Where clients ask for betas.
const BETAS: HeaderName = HeaderName::from_static("anthropic-beta");

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cut(body: &str, betas: &[&str]) -> (String, Vec<String>) {
        let Cuts { spans, names } = Cuts::of(body, betas);
        let (mut kept, mut from) = (String::new(), 0);
        for span in spans {
            kept.push_str(&body[from..span.start]);
            from = span.end;
        }
        (kept + &body[from..], names)
    }

    #[test]
    fn what_is_not_known_is_cut_and_all_else_stays() {
        let mark = json!({"type": "ephemeral", "scope": "global", "ttl": "1h"});
        let kept = json!({"type": "ephemeral", "ttl": "1h"});
        let body = |mark: &Value, more: Value| {
            let mut body = json!({"model": "m", "max_tokens": 9,
                "system": [{"type": "text", "text": "\"scope\": {", "cache_control": mark}],
                "messages": [{"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "a", "cache_control": mark}]},
                    {"type": "text", "text": "q", "cache_control": mark}]}, {"role": "user", "content": "plain"}],
                "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"defer_loading": {"scope": 1}}}}]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let gated = json!({"context_management": {"edits": []}, "mcp_servers": [{}], "cache_control": {},
            "speed": "fast", "news": [1, {"a": "}"}]});
        let sent = body(&mark, gated).to_string();
        let (now, names) = cut(&sent, &[]);
        let now: Value = serde_json::from_str(&now).unwrap();
        assert_eq!(now, body(&kept, json!({})));
        assert_eq!(names, ["context_management", "mcp_servers", "speed", "news"]);
        let (now, names) = cut(&sent, &["context-management-2025-06-27"]);
        assert!(now.contains("\"context_management\""), "{now}");
        assert_eq!(names, ["mcp_servers", "speed", "news"]);
    }

    #[test]
    fn members_are_cut_with_one_comma_wherever_they_stand() {
        for (body, wanted) in [
            (r#"{"a":1}"#, "{}"),
            (r#"{"a":1,"model":2}"#, r#"{"model":2}"#),
            (r#"{ "a" : 1 , "b": [2] , "model" : 2 }"#, r#"{   "model" : 2 }"#),
            (r#"{"model":2, "a":1, "stream":true, "b":{}}"#, r#"{"model":2, "stream":true}"#),
            (r#"{"model":2}"#, r#"{"model":2}"#),
            (r#"{"mod\u0065l":2,"\u0061":1}"#, r#"{"mod\u0065l":2}"#),
            // What cannot be read stays.
            (r#"{"a":1,"#, r#"{"a":1,"#),
            (r#"{"a" 1}"#, r#"{"a" 1}"#),
            (r#"{"tools":[}],"a":1}"#, r#"{"tools":[}],"a":1}"#),
            ("[1]", "[1]"),
        ] {
            assert_eq!(cut(body, &[]).0, wanted, "{body}");
        }
    }

    #[test]
    fn header_holds_the_values_that_are_known() {
        let mut headers = HeaderMap::new();
        headers.append(BETAS, "claude-code-20250219, context-1m-2025-08-07".parse().unwrap());
        headers.append(BETAS, "context-1m-2025-08-07,effort-2025-11-24".parse().unwrap());
        let at = |at| known(&headers, at, "claude-sonnet-4-5");
        assert_eq!(at(Elsewhere::Vertex), ["context-1m-2025-08-07"]);
        let bedrock = at(Elsewhere::Bedrock);
        assert_eq!(bedrock, ["context-1m-2025-08-07", "effort-2025-11-24"]);
        let mut sent = headers.clone();
        tell(&bedrock, &mut sent);
        assert_eq!(sent[BETAS], "context-1m-2025-08-07,effort-2025-11-24");
        tell(&[], &mut sent);
        assert!(sent.is_empty());
    }
}
