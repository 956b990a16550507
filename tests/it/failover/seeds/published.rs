//! The chains as `docs/migrating.md` publishes them, aimed at providers of the laboratory.
//!
//! Never: a rule of theirs is changed; only addresses, credentials and the length of timeouts are.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Reply, Script, Seen, Upstream};

/// What the first provider does.
pub(super) enum Primary {
    /// Its connections break and nobody listens; one that shares its address with others only breaks them.
    Dies,
    /// What it makes of a good answer, which is a stream or not.
    Answers(fn(Reply, bool) -> Reply),
}

/// A file, and the providers that it names.
pub(super) struct Chain {
    pub(super) alias: String,
    pub(super) targets: Value,
    upstreams: Vec<Upstream>,
    struck: Arc<AtomicBool>,
}

impl Chain {
    /// The published file for this alias, with these timeouts. All are well until the first is struck.
    pub(super) async fn published(alias: &str, primary: &Primary, timeout: Duration) -> Self {
        let mut target = published(alias);
        known(&mut target);
        let struck = Arc::new(AtomicBool::new(false));
        let act = match primary {
            Primary::Dies => |_, _| Reply::raw("").then_close(),
            &Primary::Answers(act) => act,
        };
        let switch = Arc::clone(&struck);
        let first = move |seen: &Seen| match switch.load(Ordering::Relaxed) {
            true => act(good(seen), streams(seen)),
            false => good(seen),
        };
        let upstreams = match target["providers"].as_array_mut() {
            Some(providers) => several(providers, first).await,
            None => vec![one(&mut target, first).await],
        };
        let millis = timeout.as_millis() as u64;
        target["timeouts"] =
            json!({"response_ms": millis, "first_event_ms": millis, "idle_ms": millis});
        let targets = json!({"targets": {alias: target}});
        Self { alias: alias.to_owned(), targets, upstreams, struck }
    }

    /// The blow falls.
    pub(super) async fn strike(&mut self, primary: &Primary) {
        self.struck.store(true, Ordering::Relaxed);
        if let (Primary::Dies, [first, _, ..]) = (primary, self.upstreams.as_mut_slice()) {
            first.dies().await;
        }
    }
}

/// The first block of the page that has this alias and falls back.
fn published(alias: &str) -> Value {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/migrating.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```json\n").skip(1);
    let files = blocks.map(|block| block.split("```").next().unwrap());
    let mut targets = files.filter_map(|file| {
        let file: Value = serde_json::from_str(file).ok()?;
        Some(file["targets"].get(alias)?.clone())
    });
    targets.find(|target| target["fallback"]["enabled"] == true).expect(alias)
}

/// References to the environment become what they are named.
fn known(value: &mut Value) {
    match value {
        Value::String(text) => {
            let name = text.strip_prefix("${env:").and_then(|rest| rest.strip_suffix('}'));
            if let Some(name) = name.map(str::to_owned) {
                *text = name;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(known),
        Value::Object(fields) => fields.values_mut().for_each(known),
        _ => {}
    }
}

/// Each provider at an address of its own.
async fn several(providers: &mut [Value], first: impl Answer) -> Vec<Upstream> {
    let mut upstreams = vec![Upstream::start(Script::by(first)).await];
    for _ in providers.iter().skip(1) {
        upstreams.push(Upstream::start(Script::by(good)).await);
    }
    for (provider, upstream) in providers.iter_mut().zip(&upstreams) {
        provider["url"] = upstream.base().into();
    }
    upstreams
}

/// Several credentials at one address: the first of them is struck.
async fn one(target: &mut Value, first: impl Answer) -> Upstream {
    let struck = format!("Bearer {}", target["onwards_key"][0].as_str().unwrap());
    let script = Script::by(move |seen| match seen.header("authorization") {
        Some(own) if own == struck => first(seen),
        _ => good(seen),
    });
    let upstream = Upstream::start(script).await;
    target["url"] = upstream.base().into();
    upstream
}

trait Answer: Fn(&Seen) -> Reply + Send + Sync + 'static {}
impl<F: Fn(&Seen) -> Reply + Send + Sync + 'static> Answer for F {}

/// A whole answer of the vendor whose path was asked.
fn good(seen: &Seen) -> Reply {
    let stream = streams(seen);
    if seen.target.starts_with("/v1/chat/completions") {
        return if stream { Reply::chat_stream(&["well"; 8]) } else { Reply::chat("well") };
    }
    let (vendor, file, kind) = match (seen.target.starts_with("/v1/messages"), stream) {
        (true, true) => ("anthropic", "stream.sse", "text/event-stream"),
        (true, false) => ("anthropic", "response.json", "application/json"),
        (false, true) => ("bedrock", "stream.bin", "application/vnd.amazon.eventstream"),
        (false, false) => ("bedrock", "response.json", "application/json"),
    };
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let body = std::fs::read(golden.join(vendor).join("plain").join(file)).unwrap();
    Reply::new(200).header("content-type", kind).chunked().body(body)
}

fn streams(seen: &Seen) -> bool {
    seen.target.ends_with("-stream")
        || String::from_utf8_lossy(&seen.body).contains("\"stream\":true")
}
