//! Guardrails that call the operator's webhook: it receives the texts and decides.
//!
//! Its reason is logged and never sent to a client.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::judged::{denied, unasked};
use crate::{
    guard::{Action, Guardrails, OnFailure, Rule},
    live::{BodyBudget, Share},
    record::Record,
    refusal::Refusal,
    secret::names::label,
    serve::outages,
    table::{Caller, Table, webhook::Webhook},
    upstream::{client::Client, inbound::UNCOUNTED, webhook},
};

/// The context of a call.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// This core's connections.
    pub(crate) client: &'a Client,
    /// The table of the request.
    pub(crate) table: &'a Table,
    /// Who sent it.
    pub(crate) caller: Caller,
}

/// The body of a call.
#[derive(Serialize)]
struct Question<'a> {
    texts: &'a [String],
    key: Option<&'a str>,
    alias: &'a str,
    request_id: &'a str,
}

/// The response of a webhook.
#[derive(Deserialize)]
struct Said {
    action: Does,
    #[serde(default)]
    reason: serde_json::Value,
    texts: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Does {
    Allow,
    Deny,
    Replace,
}

/// The decision on the texts.
enum Verdict {
    Allow,
    Deny(String),
    Replace(Vec<String>),
}

/// Reserves memory for the texts, the call and its response.
///
/// # Errors
/// The budget for bodies is used up.
pub(super) fn room(budget: &'static BodyBudget, bytes: usize) -> Result<Share, Refusal> {
    let (mut share, needed) = (budget.share(), COPIES * bytes as u64);
    match needed <= UNCOUNTED || share.grow_to(needed) {
        true => Ok(share),
        false => Err(Refusal::NoRoom),
    }
}

/// Whether any rule has a webhook.
pub(super) fn any(rules: &Guardrails) -> bool {
    rules.iter().any(|rule| rule.webhook().is_some())
}

/// Calls each webhook in turn with the texts as changed by the previous one. Returns the replaced
/// texts, if any. `about` is the request or the answer, with the alias.
///
/// # Errors
/// A webhook refuses, or cannot be called and its rule then refuses.
pub(super) async fn ask(
    asking: Asking<'_>,
    rules: &Guardrails,
    texts: &[String],
    about: (&str, &str),
    record: &mut Record,
) -> Result<Option<Vec<String>>, Refusal> {
    let (what, alias) = about;
    let mut instead: Option<Vec<String>> = None;
    if texts.is_empty() {
        return Ok(None);
    }
    for rule in rules.iter() {
        let webhook = rule.webhook().and_then(|nth| asking.table.webhooks.get(nth));
        let Some(webhook) = webhook else { continue };
        let current = instead.as_deref().unwrap_or(texts);
        let does = rule.action != Action::Flag;
        let asked = Instant::now();
        let said = asking.of(webhook, rule, current, about, record).await;
        if let Some(pool) = record.pool() {
            pool.live.meters.asked_webhook(&rule.name, asked.elapsed());
        }
        match said {
            Ok(Verdict::Allow) => {}
            Ok(Verdict::Replace(other)) if other == current => {}
            Ok(Verdict::Replace(other)) => {
                record.guarded.found(rule, if does { REDACTED } else { Action::Flag.name() });
                instead = if does { Some(other) } else { instead };
            }
            Ok(Verdict::Deny(reason)) => {
                record.guarded.found(rule, rule.action.name());
                let (alias, request_id) = (label(alias), record.request_id());
                let (rule_name, request_id) = (&*rule.name, text(&request_id));
                let reason = &*reason;
                tracing::info!(rule = rule_name, %alias, request_id, reason, "a webhook denied the {what}");
                if does {
                    return Err(denied(rule, what));
                }
            }
            Err(cause) => {
                record.guarded.found(rule, FAILED);
                let who = format!("guardrail {}", rule.name);
                outages::unasked(alias, &who, cause, text(&record.request_id()));
                if does && webhook.on_failure == OnFailure::Deny {
                    record.guarded.found(rule, Action::Deny.name());
                    return Err(unasked(rule, what));
                }
            }
        }
    }
    Ok(instead)
}

impl Asking<'_> {
    async fn of(
        self,
        webhook: &Webhook,
        rule: &Rule,
        texts: &[String],
        (what, alias): (&str, &str),
        record: &Record,
    ) -> Result<Verdict, String> {
        let id = record.request_id();
        let key = match self.caller {
            Caller::Known(key) => self.table.keyring.key(key).name().map(label),
            Caller::Anonymous | Caller::Unknown => None,
        };
        let alias = label(alias);
        let question =
            Question { texts, key: key.as_deref(), alias: &alias, request_id: text(&id) };
        let body = serde_json::to_vec(&question).map_err(|_| NO_ANSWER.to_owned())?;
        let mut own = HeaderMap::new();
        if let Ok(name) = HeaderValue::try_from(&*rule.name) {
            own.insert(HeaderName::from_static("x-onwards-guardrail"), name);
        }
        let side = if what == "answer" { "output" } else { "input" };
        own.insert(HeaderName::from_static("x-onwards-side"), HeaderValue::from_static(side));
        let most = body.len().saturating_mul(GROWS).saturating_add(LEAST_READ);
        let said = webhook::ask(self.client, webhook, own, Bytes::from(body), most).await?;
        read(&said, texts.len())
    }
}

/// Parses the response for this many texts.
fn read(said: &[u8], texts: usize) -> Result<Verdict, String> {
    let said: Said = serde_json::from_slice(said).map_err(|_| NO_ANSWER.to_owned())?;
    match (said.action, said.texts) {
        (Does::Allow, _) => Ok(Verdict::Allow),
        (Does::Deny, _) => {
            let reason = said.reason.as_str().unwrap_or_default();
            Ok(Verdict::Deny(reason.chars().take(LONGEST_REASON).collect()))
        }
        (Does::Replace, Some(all)) if all.len() == texts => Ok(Verdict::Replace(all)),
        (Does::Replace, _) => Err("returned a different number of texts than it received".into()),
    }
}

fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

const COPIES: u64 = 4;
const NO_ANSWER: &str = "returned neither allow, deny nor replace";
const FAILED: &str = "failed";
const REDACTED: &str = "redact";
/// How much longer than the texts a response may be, since each character may be escaped.
const GROWS: usize = 6;
const LEAST_READ: usize = 64 * 1024;
const LONGEST_REASON: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_a_failure_and_a_denial_is_one_whatever_its_reason() {
        for said in [
            "",
            "{}",
            "null",
            r#"{"action":"Deny"}"#,
            r#"{"action":"maybe"}"#,
            r#"{"action":["allow"]}"#,
            r#"{"action":"allow","action":"deny"}"#,
            r#"{"action":"replace"}"#,
            r#"{"action":"replace","texts":["a"]}"#,
            r#"{"action":"replace","texts":["a","b","c"]}"#,
            r#"{"action":"replace","texts":["a",2]}"#,
            r#"{"action":"replace","texts":"ab"}"#,
            r#"{"action":"allow"} x"#,
        ] {
            assert!(read(said.as_bytes(), 2).is_err(), "{said}");
        }
        for reason in ["", r#","reason":null"#, r#","reason":{"a":1}"#, r#","reason":"because""#] {
            let said = format!(r#"{{"action":"deny"{reason}}}"#);
            assert!(matches!(read(said.as_bytes(), 2), Ok(Verdict::Deny(_))), "{said}");
        }
        assert!(matches!(read(br#"{"action":"allow","more":1}"#, 2), Ok(Verdict::Allow)));
        let said = br#"{"action":"replace","texts":["a","b"]}"#;
        assert!(matches!(read(said, 2), Ok(Verdict::Replace(all)) if all == ["a", "b"]));
    }
}
