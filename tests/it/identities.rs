//! Credentials that are fetched: from AWS containers, instances and STS, from Google.
//!
//! Never: a credential is asked for twice where once was enough, or written where it can be read.

mod aws;
mod google;

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::{Reply, Router, Script, Seen, Upstream, eventually, secs};

/// A moment so many seconds from now, as AWS writes it.
fn moment(from_now: u64) -> String {
    let at = SystemTime::now() + Duration::from_secs(from_now);
    let http = httpdate::fmt_http_date(at);
    let parts: Vec<&str> = http.split(' ').collect();
    let month = MONTHS.iter().position(|name| *name == parts[2]).unwrap() + 1;
    format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4])
}

/// A pair with this number in it.
fn pair(number: usize, good_for: u64) -> Value {
    json!({"Code": "Success", "AccessKeyId": format!("ASIA{number}"), "SecretAccessKey": SECRET,
        "Token": format!("session-{number}"), "Expiration": moment(good_for)})
}

/// A provider of Bedrock's protocol that is always there.
async fn bedrock() -> Upstream {
    Upstream::start(Reply::json(
        200,
        &json!({"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
            "stopReason": "end_turn", "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}),
    ))
    .await
}

/// Whose pair signed a request.
fn signer(seen: &Seen) -> String {
    let authorization = seen.header("authorization").unwrap_or_default();
    let credential = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=").unwrap_or_default();
    credential.split(", ").next().unwrap_or_default().to_owned()
}

/// Somebody who hands out credentials, by what is asked.
async fn source(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Upstream {
    Upstream::start(Script::by(answer)).await
}

/// The log, once these words are in it: it is written beside what it tells of.
async fn log_with(router: &Router, words: &str) -> String {
    let told = eventually(secs(5), async || router.log_text().contains(words)).await;
    assert!(told, "`{words}` is not in the log:\n{}", router.log_text());
    router.log_text()
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
