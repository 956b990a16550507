//! Where clients connect: several addresses, sockets in the file system, a path before every other; and as many
//! descriptors as the system allows.
//!
//! Never: a socket at which another process listens is taken away from it unasked.

use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::router::{CHAT, free_port};
use crate::support::{
    Call, Launch, Reply, Router, Upstream, assert_error, assert_ok, chat, eventually, open,
    run_cli_with, secs,
};

/// What is answered to a request at a socket in the file system.
async fn ask(path: &Path, call: &Call) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(path).await?;
    let call = call.clone().header("connection", "close");
    stream.write_all(&call.bytes(([127, 0, 0, 1], 1).into())).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn is_up(path: &Path) -> bool {
    let up = async || {
        ask(path, &Call::get("/readyz")).await.is_ok_and(|it| it.starts_with("HTTP/1.1 200"))
    };
    eventually(secs(20), up).await
}

fn at(path: &Path) -> String {
    format!("unix:{}", path.display())
}

#[tokio::test]
async fn clients_connect_at_several_places_and_a_socket_goes_with_the_process() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let dir = tempfile::tempdir().unwrap();
    let (path, second) = (dir.path().join("a.sock"), free_port());
    let further = format!("localhost:{second}");
    let mut router = Launch::new(&open(&upstream))
        .args(["--listen", &at(&path), "--listen", &further, "--cores", "2"])
        .start()
        .await;
    assert_ok(&router.chat("m").await);
    assert_ok(&Call::chat(&chat("m")).send(([127, 0, 0, 1], second).into()).await);
    for _ in 0..8 {
        let answer = ask(&path, &Call::chat(&chat("m"))).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("hi"), "{answer}");
    }
    let place = at(&path);
    let healthy =
        |place: &str| run_cli_with(["health"], &[("ONWARDS_LISTEN", place)]).status.code();
    assert_eq!(healthy(&place), Some(0));
    // Another process does not take it away.
    let mut other = Launch::new(&open(&upstream)).args(["--listen", &place]).spawn();
    let exit = other.wait_exit(secs(20)).await.expect("it does not start");
    assert!(
        !exit.success() && other.stderr_text().contains("--reuse-port"),
        "{}",
        other.stderr_text()
    );
    assert_eq!(healthy(&place), Some(0));
    router.signal("TERM");
    assert!(router.wait_exit(secs(20)).await.expect("it ends").success());
    assert!(!path.exists());
    assert_eq!(healthy(&place), Some(1));
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_replaced_and_a_file_is_not() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let place = at(&path);
    let first = Launch::new(&open(&upstream)).args(["--listen", &place]).start().await;
    assert!(is_up(&path).await);
    // A hand-over: the new process has it, and the old one leaves it alone when it ends.
    let second =
        Launch::new(&open(&upstream)).args(["--listen", &place, "--reuse-port"]).start().await;
    let mut first = first;
    first.signal("TERM");
    assert!(first.wait_exit(secs(20)).await.is_some());
    assert!(is_up(&path).await, "{}", second.stderr_text());

    let file = dir.path().join("notes.txt");
    std::fs::write(&file, "not a socket").unwrap();
    let mut refused = Launch::new(&open(&upstream)).args(["--listen", &at(&file)]).spawn();
    assert!(!refused.wait_exit(secs(20)).await.expect("it does not start").success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not a socket");
}

#[tokio::test]
async fn a_base_path_stands_before_every_other() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let launch =
        Launch::new(&json!({"targets": {"m": {"url": format!("{}/v1", upstream.base())}}}));
    let router = launch.args(["--base-path", "/llm/"]).start().await;
    let ask = async |method: &str, path: &str| {
        let call = Call::new(method, path);
        let call = if method == "POST" { call.json(&chat("m")) } else { call };
        call.send(router.addr()).await
    };
    assert_ok(&ask("POST", "/llm/v1/chat/completions?a=b").await);
    assert_eq!(upstream.last().target, "/v1/chat/completions?a=b");
    for path in ["/llm/v1/models", "/llm/healthz", "/healthz", "/readyz"] {
        assert_eq!(ask("GET", path).await.status, 200, "{path}");
    }
    for path in
        [CHAT, "/", "/llmx/v1/chat/completions", "/LLM/v1/chat/completions", "//llm/v1/models"]
    {
        assert_error(&ask("POST", path).await, 404, "not_found");
    }
    assert_eq!(ask("GET", "/v1/models").await.status, 404);
    assert_error(&ask("POST", "/llm/../x").await, 400, "invalid_path");
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn the_limit_of_descriptors_is_raised_and_told() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let launch = Launch::new(&open(&upstream)).open_files_at_first(64).env("ONWARDS_LOG", "debug");
    let router: Router = launch.start().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", router.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let of: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(of[3], of[4], "{line}");
    let told = eventually(secs(10), async || {
        router.stderr_text().contains("raised the limit of file descriptors")
    });
    assert!(told.await, "{}", router.stderr_text());
}
