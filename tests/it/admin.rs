//! The administration of a running router: what the holder of the admin key reads and changes, and what others
//! cannot.
//!
//! Never: a change is lost, a secret is shown, or a byte of the file moves that no change is about.

mod documented;
mod guarded;
mod keys;
mod litellm;
mod apisix;
mod many;
mod providers;
mod records;
mod targets;

use serde_json::Value;

use crate::support::{Call, Launch, Response, Router, eventually, secs};

/// The admin key of these tests.
const KEY: &str = "admin-key-of-the-tests-0001";

/// A router with an admin key.
async fn administered(targets: &Value) -> Router {
    Launch::new(targets).env("ONWARDS_ADMIN_KEY", KEY).start().await
}

/// The same with these bytes as the file.
async fn administered_raw(content: &str) -> Router {
    Launch::raw(content).env("ONWARDS_ADMIN_KEY", KEY).start().await
}

/// A request of the holder of the admin key.
fn call(method: &str, path: &str) -> Call {
    Call::new(method, path).key(KEY)
}

async fn get(router: &Router, path: &str) -> Response {
    call("GET", path).send(router.metrics_addr()).await
}

async fn send(router: &Router, method: &str, path: &str, body: &Value) -> Response {
    call(method, path).json(body).send(router.metrics_addr()).await
}

fn file(router: &Router) -> String {
    std::fs::read_to_string(router.file()).unwrap()
}

/// The lines of the audit, once there are so many.
async fn audit(router: &Router, count: usize) -> Vec<String> {
    let lines = || -> Vec<String> {
        let text = router.stderr_text();
        text.lines().filter(|line| line.contains(" audit ")).map(str::to_owned).collect()
    };
    let enough = eventually(secs(10), async || lines().len() >= count).await;
    assert!(enough, "of {count} lines: {:?}", lines());
    lines()
}

/// A field of a line of the log.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}
