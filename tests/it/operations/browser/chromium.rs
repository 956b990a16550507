//! A headless Chromium, driven by the DevTools protocol over a pair of pipes (`--remote-debugging-pipe`).
//!
//! Never: it opens a port, keeps a profile, or waits for ever.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{eventually, secs};

/// A browser with one page.
pub(super) struct Chromium {
    child: Child,
    to: File,
    heard: Arc<Mutex<Vec<Value>>>,
    session: String,
    calls: u64,
    _profile: TempDir,
}

impl Chromium {
    /// Starts it; nothing where this machine has none.
    pub(super) async fn start() -> Option<Self> {
        let binary = NAMES.iter().find(|name| {
            let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output();
            found.is_ok_and(|it| it.status.success())
        })?;
        let profile = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = profile.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            // Open at both ends, so that neither process waits for the other to open it.
            (File::options().read(true).write(true).open(&path).unwrap(), path)
        };
        let ((to, input), (from, output)) = (pipe("in"), pipe("out"));
        let child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$IN\" 4>\"$OUT\"", "sh", binary])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-extensions", "--disable-background-networking"])
            .args(["--disable-dev-shm-usage", "--disable-component-update", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("IN", input)
            .env("OUT", output)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let heard = Arc::<Mutex<Vec<Value>>>::default();
        listen(from, heard.clone());
        let session = String::new();
        let mut browser = Self { child, to, heard, session, calls: 0, _profile: profile };
        browser.attach().await;
        Some(browser)
    }

    async fn attach(&mut self) {
        let target = self.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let params = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", params).await;
        self.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Runtime", "Log", "Page"] {
            self.call(&format!("{domain}.enable"), json!({})).await;
        }
    }

    /// Asks for something, and waits for the answer.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        let mut answer = Value::Null;
        let answered = eventually(secs(60), async || {
            let heard = self.heard.lock().unwrap();
            let found = heard.iter().find(|it| it["id"] == self.calls);
            found.inspect(|it| answer = (*it).clone()).is_some()
        });
        assert!(answered.await, "{method} is not answered");
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Opens a page.
    pub(super) async fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({"url": url})).await;
    }

    /// What an expression of JavaScript is worth.
    pub(super) async fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true});
        let mut told = self.call("Runtime.evaluate", params).await;
        assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
        told["result"]["value"].take()
    }

    /// The text that a person reads.
    pub(super) async fn text(&mut self) -> String {
        self.value("document.body?.innerText ?? ''").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until all of these can be read.
    pub(super) async fn reads(&mut self, wanted: &[&str]) {
        let start = std::time::Instant::now();
        loop {
            let text = self.text().await;
            let missing: Vec<_> = wanted.iter().filter(|it| !text.contains(**it)).collect();
            if missing.is_empty() {
                return;
            }
            assert!(start.elapsed() < secs(30), "{missing:?} cannot be read:\n{text}");
            tokio::time::sleep(crate::support::ms(100)).await;
        }
    }

    /// How wide the page is, and which colours the reader prefers.
    pub(super) async fn looks(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": scheme})).await;
    }

    /// Keeps a picture of what is seen, where pictures are wanted.
    pub(super) async fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("ONWARDS_PICTURES") else { return };
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        let data = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap());
        std::fs::write(Path::new(&folder).join(name), data.unwrap()).unwrap();
    }

    /// What the page has complained of: exceptions, errors and warnings of the console and the browser.
    pub(super) fn complaints(&self) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        let is_complaint = |it: &&Value| match it["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => true,
            Some("Log.entryAdded") => it["params"]["entry"]["level"] != "verbose",
            _ => false,
        };
        heard.iter().filter(is_complaint).cloned().collect()
    }
}

/// Messages end in a zero byte.
fn listen(mut from: File, heard: Arc<Mutex<Vec<Value>>>) {
    std::thread::spawn(move || {
        let (mut text, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        while let Ok(count @ 1..) = from.read(&mut piece) {
            text.extend_from_slice(&piece[..count]);
            while let Some(end) = text.iter().position(|byte| *byte == 0) {
                let rest = text.split_off(end + 1);
                text.pop();
                heard.lock().unwrap().extend(serde_json::from_slice::<Value>(&text));
                text = rest;
            }
        }
    });
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What distributions call it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
