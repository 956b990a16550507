//! Files that a `targets.json` refers to: they come late, they change, they are read once: C3, C13.
//!
//! Never: a secret that arrives after the file that names it is waited for in vain.

use std::fs::{self, File};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Reply, Router, Upstream, assert_ok, eventually, ms, open, run_cli, secs};

/// Two aliases whose credentials are in files, one of them in a directory of its own.
fn referring(upstream: &Upstream) -> Value {
    let entry = |file: &str| json!({"url": upstream.base(), "onwards_key": file});
    json!({"targets": {"far": entry("${file:secrets/far}"), "near": entry("${file:near}")}})
}

#[tokio::test]
async fn c13_a_secret_may_come_after_the_file_that_names_it() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    router.write_targets(&referring(&upstream)).await;
    let refused =
        async || router.metric("onwards_config_last_reload_successful", &[]).await == Some(0.0);
    assert!(eventually(secs(3), refused).await, "{}", router.log_text());
    assert_ok(&router.chat("m").await);

    fs::write(router.dir().join("near"), "sk-near").unwrap();
    fs::create_dir(router.dir().join("secrets")).unwrap();
    fs::write(router.dir().join("secrets/far"), "sk-far").unwrap();
    assert!(router.serves(&["far", "near"], ms(1500)).await, "{}", router.log_text());

    fs::write(router.dir().join("secrets/far"), "sk-changed").unwrap();
    let changed = async || {
        assert_ok(&router.chat("far").await);
        upstream.last().header("authorization") == Some("Bearer sk-changed")
    };
    assert!(eventually(ms(1500), changed).await, "the directory that came late is not watched");
}

#[tokio::test]
async fn c13_a_file_that_names_other_secrets_is_loaded_once() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    fs::create_dir(router.dir().join("secrets")).unwrap();
    for secret in ["near", "secrets/far"] {
        fs::write(router.dir().join(secret), "sk-some").unwrap();
    }
    router.write_targets(&referring(&upstream)).await;
    assert!(router.serves(&["far", "near"], secs(2)).await);
    // Longer than files are left unlooked at.
    tokio::time::sleep(ms(2500)).await;
    let loaded = router.metric("onwards_config_reloads_total", &[("result", "success")]).await;
    assert_eq!(loaded, Some(1.0), "{}", router.log_text());
}

#[test]
fn c13_a_pipe_that_nobody_writes_to_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let [file, pipe] = ["targets.json", "pipe"].map(|name| dir.path().join(name));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let target = json!({"url": "http://a.example", "onwards_key": "${file:pipe}"});
    fs::write(&file, json!({"targets": {"m": target}}).to_string()).unwrap();
    let check = || run_cli(["check", file.to_str().unwrap()]);
    let output = check();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("pipe` cannot be read: it is a pipe that does not end within a second"),
        "{text}"
    );
    let writer = std::thread::spawn(move || fs::write(&pipe, "sk-some"));
    assert_eq!(check().status.code(), Some(0), "one that somebody writes to is read");
    writer.join().unwrap().unwrap();
}

#[test]
fn a_file_without_measure_is_not_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    File::create(&file).unwrap().set_len(8 << 30).unwrap();
    let output = run_cli(["check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("it is larger than 256 MiB"), "{text}");
}
