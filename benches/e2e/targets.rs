//! The targets file that routers are measured with.
//! It never holds a limit that a run could reach: limits are checked, not hit.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::payload::{Alias, CLIENT_KEY};

/// How a router is set up; each is a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setup {
    /// Keys, limits and metrics on; four aliases.
    Standard,
    /// The same with 10 000 aliases and 100 000 keys beside them.
    Many,
    /// `Standard` with metrics off.
    Quiet,
    /// `Standard`, whose file is replaced while requests run.
    Reloading,
    /// `Standard` with as many idle connections as a file keeps that says nothing of them.
    Lean,
}

/// Writes the file for `setup` into `folder` and returns its path.
pub(crate) fn write(folder: &Path, setup: Setup, upstream: SocketAddr) -> io::Result<PathBuf> {
    let path = path_in(folder, setup);
    replace(&path, setup, upstream, 0)?;
    Ok(path)
}

/// Where `write` puts it.
pub(crate) fn path_in(folder: &Path, setup: Setup) -> PathBuf {
    folder.join(format!("targets-{setup:?}.json").to_lowercase())
}

/// Replaces the file atomically; each `generation` differs from the one before in one weight.
pub(crate) fn replace(
    path: &Path,
    setup: Setup,
    upstream: SocketAddr,
    generation: u64,
) -> io::Result<()> {
    let draft = path.with_extension("draft");
    fs::write(&draft, document(setup, upstream, generation).to_string())?;
    fs::rename(&draft, path)
}

fn document(setup: Setup, upstream: SocketAddr, generation: u64) -> Value {
    let (aliases, keys) = if setup == Setup::Many { (10_000, 100_000) } else { (0, 0) };
    let mut definitions = Map::new();
    definitions.insert(
        "bench".to_owned(),
        json!({"key": CLIENT_KEY, "rate_limit": rate(), "concurrency_limit": concurrency()}),
    );
    for number in 0..keys {
        definitions
            .insert(format!("key-{number}"), json!({"key": format!("sk-many-{number:024}")}));
    }
    let mut targets = own_aliases(upstream, generation);
    for number in 0..aliases {
        let keys: Vec<String> = (0..10).map(|of| format!("key-{}", number * 10 + of)).collect();
        let target = json!({"keys": keys, "rate_limit": rate(), "providers": [provider(upstream)]});
        targets.insert(format!("model-{number}"), target);
    }
    let mut document = json!({"auth": {"key_definitions": definitions}, "targets": targets});
    if setup != Setup::Lean {
        document["http_pool"] = json!({"max_idle_per_host": 4096});
    }
    document
}

/// The aliases that requests ask for.
fn own_aliases(upstream: SocketAddr, generation: u64) -> Map<String, Value> {
    let mut weighted = provider(upstream);
    weighted["weight"] = json!(2 + generation % 2);
    let mut failing = provider(upstream);
    failing["url"] = json!(format!("http://{upstream}/fail"));
    let alias = |providers: Value, more: Value| {
        let mut target = json!({
            "keys": ["bench"],
            "rate_limit": rate(),
            "concurrency_limit": concurrency(),
            "providers": providers,
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            target[key] = value.clone();
        }
        target
    };
    let open = json!({"url": format!("http://{upstream}"), "onwards_key": "sk-upstream"});
    Map::from_iter([
        (Alias::Open.name().to_owned(), open),
        (Alias::Keyed.name().to_owned(), alias(json!([provider(upstream)]), json!({}))),
        (Alias::Pair.name().to_owned(), alias(json!([weighted, provider(upstream)]), json!({}))),
        (
            Alias::Failing.name().to_owned(),
            alias(
                json!([failing, provider(upstream)]),
                json!({"strategy": "priority", "fallback": {"enabled": true}}),
            ),
        ),
    ])
}

fn provider(upstream: SocketAddr) -> Value {
    json!({
        "url": format!("http://{upstream}"),
        "onwards_key": "sk-upstream",
        "onwards_model": Alias::Keyed.upstream_model(),
        "rate_limit": rate(),
        "concurrency_limit": concurrency(),
    })
}

fn rate() -> Value {
    json!({"requests_per_second": 1_000_000, "burst_size": 1_000_000})
}

fn concurrency() -> Value {
    json!({"max_concurrent_requests": 1_000_000})
}
