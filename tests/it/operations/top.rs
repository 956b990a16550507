//! `onwards top` in a terminal of 80 × 24, and as text for scripts.
//!
//! Never: a picture is compared letter by letter; what a person must find on it is looked for.

mod emulated;

use serde_json::json;

use self::emulated::Terminal;
use crate::support::{
    Call, Reply, Router, Upstream, assert_ok, chat, eventually, pair, run_cli, secs,
};

/// A pool whose first provider fails and rests, and one request that has fallen back.
async fn failed_over() -> (Router, [Upstream; 2]) {
    let broken = Upstream::start(Reply::error(503, "busy")).await;
    let well = Upstream::start(Reply::chat("hi")).await;
    let mut file = pair(&broken, &well);
    file["auth"] = json!({"key_definitions": {"team-a": {"key": "sk-team-a-secret-0123456789"}}});
    file["prices"] = json!({"m": {"input": 2500, "output": 10000}});
    file["targets"]["m"]["cooldown"] = json!({"failures": 1});
    let router = Router::start(&file).await;
    ask(&router, "look-for-me").await;
    (router, [broken, well])
}

async fn ask(router: &Router, id: &str) {
    let call = Call::chat(&chat("m")).key("sk-team-a-secret-0123456789");
    assert_ok(&call.header("x-request-id", id).send(router.addr()).await);
}

fn url(router: &Router) -> String {
    format!("http://{}", router.metrics_addr())
}

#[tokio::test]
async fn a_failover_appears_and_enter_shows_its_attempts() {
    let (router, _upstreams) = failed_over().await;
    let mut terminal = Terminal::run(&["top", "--url", &url(&router)]);
    terminal.shows(&["m / first: resting 60 s after a 503, until "]).await;
    terminal.shows(&["first=503 second=200", "team-a", "200", "q quit"]).await;
    terminal.shows(&["the last edit is live"]).await;

    // The newest request comes by itself; the one that is picked stays picked.
    terminal.press("\t");
    terminal.shows(&["▶ 2 requests"]).await;
    ask(&router, "another").await;
    terminal.shows(&["first=cooling second=200"]).await;
    terminal.press("\x1b[B\r");
    terminal.shows(&["look-for-me", "first=503", "second=200", "after", "━", "esc back"]).await;
    terminal.press("q");
    terminal.shows(&["▶ 2 requests"]).await;

    // Who spent most today.
    terminal.press("3");
    terminal.shows(&["▶ 3 keys by cost today, since ", "UTC, the start", "cost today", "$"]).await;
    terminal.press("2");

    // An edit that is refused is told, with its problems.
    router.write_targets(&json!({"targets": {"m": {"url": "ftp://nowhere"}}})).await;
    terminal.shows(&["THE LAST EDIT IS NOT LIVE", "p problems"]).await;
    terminal.press("p");
    terminal.shows(&["targets[\"m\"].url"]).await;
    terminal.press("q");
    terminal.press("q");
    assert!(terminal.ends(secs(10)).await, "it goes on:\n{}", terminal.screen());
    assert!(!terminal.raw().contains("sk-"), "no key is shown");
}

#[tokio::test]
async fn a_process_that_ends_and_comes_again_is_told() {
    let (mut router, _upstreams) = failed_over().await;
    let mut terminal = Terminal::run(&["top", "--url", &url(&router)]);
    terminal.shows(&["first=503 second=200"]).await;
    router.signal("KILL");
    assert!(router.wait_exit(secs(10)).await.is_some());
    terminal.shows(&["NOT LIVE: cannot connect to 127.0.0.1:", "first=503 second=200"]).await;
    terminal.press("\x03");
    assert!(terminal.ends(secs(10)).await, "it goes on:\n{}", terminal.screen());
}

#[tokio::test]
async fn once_prints_the_same_as_text() {
    let (router, _upstreams) = failed_over().await;
    let url = url(&router);
    let told = eventually(secs(10), async || {
        let printed = run_cli(["top", "--once", "--url", &url]);
        let text = String::from_utf8(printed.stdout).unwrap();
        let wanted =
            ["m / first: resting 60 s after a 503", "(first=503 second=200) team-a", "look-for-me"];
        printed.status.success() && wanted.iter().all(|part| text.contains(part))
    });
    assert!(told.await, "{:?}", run_cli(["top", "--once", "--url", &url]));
}

#[tokio::test]
async fn what_cannot_be_shown_is_said_in_a_sentence() {
    let (router, _upstreams) = failed_over().await;
    let proxy = format!("http://{}", router.addr());
    let nothing = format!("http://127.0.0.1:{}", crate::support::router::free_port());
    let url = url(&router);
    for (args, wanted) in [
        (&["top", "--once", "--url", &nothing][..], "cannot connect to"),
        (&["top", "--once", "--url", &proxy], "it is not the operations port of Onwards"),
        (&["top", "--once", "--url", "localhost:9090"], "http://HOST:PORT"),
        (&["top", "--url", &url], "`--once` prints text"),
    ] {
        let told = run_cli(args.iter().copied());
        let text = String::from_utf8(told.stderr).unwrap();
        assert!(!told.status.success() && text.contains(wanted), "{args:?}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
