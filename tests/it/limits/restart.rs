//! Levels of limits over the end of a process, however it ends.
//!
//! Never: a budget that begins anew because a process did, or one that counts what was not answered.

use std::path::Path;

use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use super::tokens::{KEY, prices, six, told};
use crate::support::router::{CHAT, SeriesExt};
use crate::support::{
    Call, Launch, Reply, Router, Upstream, assert_error, assert_ok, chat, eventually, ms, run_cli,
    secs,
};

/// A key with a budget and a window of a day, whose levels are kept in a file.
fn targets(upstream: &Upstream, store: &Path, dollars: &str) -> Value {
    json!({
        "store": {"file": store},
        "prices": prices(),
        "auth": {"key_definitions": {"ann": {"key": KEY,
            "budget": {"dollars": dollars, "period": "total"},
            "token_limit": {"per_day": 1_000_000_000}}}},
        "targets": {"m": {"url": upstream.base(), "open_responses": {"adapter": true}}}})
}

/// The share of the budget that is used.
async fn used(router: &Router) -> Option<f64> {
    let labels = [("limit", "key"), ("name", "ann"), ("window", "dollars/total")];
    router.metric("onwards_window_used_ratio", &labels).await
}

async fn written(router: &Router) -> f64 {
    let labels = [("result", "written")];
    router.metric("onwards_store_writes_total", &labels).await.unwrap()
}

async fn ended(mut router: Router, signal: &str) {
    router.signal(signal);
    assert!(router.wait_exit(secs(20)).await.is_some());
}

/// What a start with this file says before it fails.
fn refused(targets: &Value) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    std::fs::write(&file, targets.to_string()).unwrap();
    let output =
        run_cli(["--targets", file.to_str().unwrap(), "--port", "0", "--metrics-port", "0"]);
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The tokens of the answers that have been counted for the key.
async fn counted(router: &Router) -> f64 {
    let metrics = router.metrics().await;
    let of = |kind| metrics.series("onwards_key_tokens_total", &[("key", "ann"), ("kind", kind)]);
    of("input").unwrap_or_default() + of("output").unwrap_or_default()
}

#[tokio::test]
async fn of_two_hundred_callers_a_kill_loses_a_moment_in_their_favour() {
    let upstream = Upstream::start(Reply::json(200, &told()).paced(ms(100))).await;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("levels.redb");
    let targets = targets(&upstream, &store, "100");
    let router = Router::start(&targets).await;
    let mut callers = JoinSet::new();
    for (path, body) in six().into_iter().cycle().take(200) {
        let addr = router.addr();
        callers.spawn(async move {
            // Until the process is gone.
            while Call::post(&path).key(KEY).json(&body).try_send(addr).await.is_ok() {
                tokio::time::sleep(ms(300)).await;
            }
        });
    }
    assert!(eventually(secs(30), async || counted(&router).await >= 9_000.0).await);
    let (least, before, since) = (counted(&router).await, written(&router).await, Instant::now());
    // Of two writes that end from now on, the second one began from now on.
    assert!(eventually(secs(20), async || written(&router).await >= before + 2.0).await);
    let waited = since.elapsed();
    ended(router, "KILL").await;
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    let answered = upstream.hits() as f64 * 30.0;

    let router = Router::start(&targets).await;
    let log = router.log_text();
    assert!(log.contains("the process before did not shut down"), "{log}");
    // At 50 millionths of a dollar for 30 tokens.
    let kept = used(&router).await.unwrap() * 100.0 / 0.000_05 * 30.0;
    assert!(
        (least - 0.5..=answered + 0.5).contains(&kept),
        "{kept} of {answered} are kept, and {least} were counted {waited:?} before the end"
    );
    // The books go on from there, to the token.
    for _ in 0..3 {
        assert_ok(&router.post(CHAT, KEY, &chat("m")).await);
    }
    let is_whole = async || {
        let now = used(&router).await.unwrap() * 100.0 / 0.000_05 * 30.0;
        (now - kept - 90.0).abs() < 0.5
    };
    assert!(eventually(secs(10), is_whole).await, "{:?}", used(&router).await);
}

#[tokio::test]
async fn budget_that_is_spent_stays_spent_after_a_shutdown_and_by_each_holder() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("levels.redb");
    let budget = json!({"dollars": "0.0001", "period": "total"});
    let targets = |tokens: u64| {
        json!({
        "store": {"file": store},
        "prices": prices(),
        "auth": {
            "key_definitions": {
                "ann": {"key": KEY, "team": "t"}, "bob": {"key": "sk-client-bob0"},
                "eve": {"key": "sk-client-eve0"}},
            "teams": {"t": {"budget": budget}}},
        "targets": {
            "m": {"url": upstream.base()},
            "day": {"url": upstream.base(), "onwards_model": "m", "token_limit": {"per_day": tokens}},
            "one": {"providers": [{"url": upstream.base(), "onwards_model": "m", "budget": budget}]}}})
    };
    let ask =
        async |router: &Router, key: &str, alias: &str| router.post(CHAT, key, &chat(alias)).await;
    let router = Router::start(&targets(50)).await;
    for (key, alias) in [(KEY, "m"), ("sk-client-bob0", "day"), ("sk-client-eve0", "one")] {
        let spent = async || ask(&router, key, alias).await.status == 429;
        assert!(eventually(secs(10), spent).await, "{alias}");
    }
    assert_eq!(upstream.hits(), 6);
    ended(router, "TERM").await;

    let router = Router::start(&targets(50)).await;
    let log = router.log_text();
    assert!(!log.contains("did not shut down"), "{log}");
    assert_eq!(ask(&router, KEY, "m").await.code(), "budget_exceeded");
    assert_error(&ask(&router, "sk-client-bob0", "day").await, 429, "rate_limit_exceeded");
    assert_eq!(ask(&router, "sk-client-eve0", "one").await.status, 429);
    assert_eq!(upstream.hits(), 6);
    // A limit whose number changed while the process was stopped begins with what was used.
    ended(router, "TERM").await;
    let router = Router::start(&targets(90)).await;
    assert_ok(&ask(&router, "sk-client-bob0", "day").await);
    let spent = async || ask(&router, "sk-client-bob0", "day").await.status == 429;
    assert!(eventually(secs(10), spent).await);
    assert_eq!(upstream.hits(), 7);
}

#[tokio::test]
async fn kept_file_holds_no_key_and_no_prompt() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("levels.redb");
    let mut targets = targets(&upstream, &store, "1");
    targets["targets"]["m"]["providers"] = json!([{"url": upstream.base(),
        "onwards_key": "sk-provider-secret", "token_limit": {"per_day": 9000}}]);
    targets["targets"]["m"].as_object_mut().unwrap().retain(|key, _| key == "providers");
    let router = Router::start(&targets).await;
    let prompt =
        json!({"model": "m", "messages": [{"role": "user", "content": "a-secret-prompt"}]});
    assert_ok(&router.post(CHAT, KEY, &prompt).await);
    assert!(eventually(secs(10), async || used(&router).await == Some(0.000_05)).await);
    ended(router, "TERM").await;
    let bytes = std::fs::read(&store).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|at| at == text.as_bytes());
    assert!(holds("key:ann") && holds("provider:m/"), "what it does hold");
    for secret in [KEY, "sk-provider-secret", "a-secret-prompt", &upstream.base()] {
        assert!(!holds(secret), "{secret}");
    }
}

#[tokio::test]
async fn key_that_leaves_and_comes_back_has_what_it_used() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("levels.redb");
    let with = targets(&upstream, &store, "0.00005");
    let mut without = with.clone();
    without["auth"]["key_definitions"] = json!({"bob": {"key": "sk-client-bob0"}});
    let router = Router::start(&with).await;
    assert_ok(&router.post(CHAT, KEY, &chat("m")).await);
    let spent = async || router.post(CHAT, KEY, &chat("m")).await.status == 429;
    assert!(eventually(secs(10), spent).await);
    router.write_targets(&without).await;
    let is_gone = async || used(&router).await.is_none();
    assert!(eventually(secs(10), is_gone).await);
    router.write_targets(&with).await;
    assert!(eventually(secs(10), async || used(&router).await == Some(1.0)).await);
    assert_eq!(router.post(CHAT, KEY, &chat("m")).await.code(), "budget_exceeded");
    assert_eq!(upstream.hits(), 1);
}

#[tokio::test]
async fn store_that_cannot_be_used_is_a_problem_with_what_to_do() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("levels.redb");
    let first = Router::start(&targets(&upstream, &store, "1")).await;
    let said = refused(&targets(&upstream, &store, "1"));
    assert!(said.contains("is open in another process") && said.contains("store"), "{said}");
    // The one that has it goes on, and a reload that names another is refused whole.
    let junk = dir.path().join("junk.redb");
    let content = "no store at all".repeat(900);
    std::fs::write(&junk, &content).unwrap();
    first.write_targets(&targets(&upstream, &junk, "2")).await;
    let told = async || first.log_text().contains("junk.redb is damaged, or is not a store");
    assert!(eventually(secs(10), told).await, "{}", first.log_text());
    assert_ok(&first.post(CHAT, KEY, &chat("m")).await);
    let is_counted = async || used(&first).await == Some(0.000_05);
    assert!(eventually(secs(10), is_counted).await, "the old limit holds");

    for (place, words) in [
        (junk.as_path(), "move it away"),
        (Path::new("/sys/onwards.redb"), "this user may write to"),
        (&dir.path().join("no/such/x.redb"), "make its directory"),
        (dir.path(), "cannot be opened"),
    ] {
        let said = refused(&targets(&upstream, place, "1"));
        assert!(said.contains(words), "{}: {said}", place.display());
        assert!(!said.contains("panicked"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&junk).unwrap(), content, "it is left as it was");
}

#[tokio::test]
async fn nothing_is_made_where_nothing_has_to_outlive_the_process() {
    let upstream = Upstream::start(Reply::json(200, &told())).await;
    let minute =
        json!({"targets": {"m": {"url": upstream.base(), "token_limit": {"per_minute": 9000}}}});
    let router = Router::start(&minute).await;
    assert_ok(&router.chat("m").await);
    let threads = router.threads();
    let made = router.dir().join("onwards.redb");
    assert!(!made.exists());
    // The first limit that needs it makes it, beside the file; the last one that goes closes it.
    let mut day = minute.clone();
    day["targets"]["m"]["token_limit"] = json!({"per_day": 9000});
    router.write_targets(&day).await;
    assert!(eventually(secs(10), async || made.exists()).await);
    assert!(eventually(secs(10), async || router.threads() == threads + 1).await);
    router.write_targets(&minute).await;
    assert!(eventually(secs(10), async || router.threads() == threads).await);

    let mut memory = day.clone();
    memory["store"] = json!("memory");
    let launched = Launch::new(&memory).start().await;
    assert_ok(&launched.chat("m").await);
    assert!(!launched.dir().join("onwards.redb").exists());
}

#[test]
fn store_that_keeps_nothing_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    let check = |store: Value, limit: Value| {
        let targets = json!({"store": store,
            "targets": {"m": {"url": "https://models.example.com", "token_limit": limit}}});
        std::fs::write(&file, targets.to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (day, minute) = (json!({"per_day": 9}), json!({"per_minute": 9}));
    let (good, said) = check(json!({"file": "levels.redb"}), day.clone());
    assert!(good && said.is_empty(), "{said}");
    let (good, said) = check(json!("memory"), day.clone());
    assert!(good && said.contains("store: ") && said.contains("are reset at each start"), "{said}");
    let (good, said) = check(json!("memory"), minute.clone());
    assert!(good && said.is_empty(), "{said}");
    let (good, said) = check(json!({"file": "levels.redb"}), minute);
    assert!(good && said.contains("has nothing to keep"), "{said}");
    let (good, said) = check(json!({"file": "no/levels.redb"}), day.clone());
    assert!(good && said.contains("its directory does not exist"), "{said}");
    let (good, said) = check(json!({"redis": "redis://127.0.0.1"}), day.clone());
    assert!(good && said.is_empty(), "{said}");
    let (good, said) = check(json!({"redis": "http://u:sk-hidden@127.0.0.1"}), day.clone());
    assert!(!good && said.contains("store.redis: this is not the address of a Redis server"));
    assert!(!said.contains("sk-hidden"), "{said}");
    let (good, said) = check(json!({"redis": "redis://127.0.0.1", "file": "levels.redb"}), day);
    assert!(!good && said.contains("store.file: `file` and `redis` exclude each other"), "{said}");
    assert!(!dir.path().join("levels.redb").exists(), "checking makes no file");
}
