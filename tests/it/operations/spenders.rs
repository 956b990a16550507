//! Who spent most today, on the status page's own data and in the terminal.
//!
//! Never: a day that began before this process looks whole.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Call, Reply, Router, Upstream, assert_ok, chat, eventually, run_cli, secs};

const ANN: &str = "sk-ann-secret-0123456789";
const BOB: &str = "sk-bob-secret-0123456789";
const CY: &str = "sk-cy-secret-0123456789";

/// A dollar for each answer of ten tokens in and five out.
fn targets(upstream: &Upstream, store: &Path) -> Value {
    json!({
        "store": {"file": store},
        "prices": {"m": {"input": 50_000, "output": 100_000}},
        "auth": {
            "teams": {"research": {}, "sales": {}},
            "key_definitions": {
                "ann": {"key": ANN, "team": "research"},
                "bob": {"key": BOB, "team": "research",
                    "budget": {"dollars": 40, "period": "day"}},
                "cy": {"key": CY, "team": "sales"}}},
        "targets": {"m": {"url": upstream.base()}}})
}

fn answer() -> Reply {
    Reply::json(
        200,
        &json!({"id": "a", "object": "chat.completion", "model": "m", "choices":
        [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}),
    )
}

async fn status(router: &Router) -> Value {
    Call::get("/status").send(router.metrics_addr()).await.json()
}

async fn ask(router: &Router, key: &str, times: usize) {
    for _ in 0..times {
        assert_ok(&Call::chat(&chat("m")).key(key).send(router.addr()).await);
    }
}

/// Each entry of a list by its name, with its cost today and since the start.
fn costs(told: &Value, list: &str, name: &str) -> Vec<(String, f64, f64)> {
    let of = |it: &Value, key: &str| it[key].as_f64().unwrap();
    let entries = told[list].as_array().unwrap().iter();
    let costs = entries
        .map(|it| (it[name].as_str().unwrap().to_owned(), of(it, "cost_today"), of(it, "cost")));
    costs.collect()
}

fn named(wanted: &[(&str, f64, f64)]) -> Vec<(String, f64, f64)> {
    wanted.iter().map(|(name, today, cost)| ((*name).to_owned(), *today, *cost)).collect()
}

#[tokio::test]
async fn who_spent_most_today_comes_first_and_a_stored_budget_knows_of_before_a_restart() {
    let upstream = Upstream::start(answer()).await;
    let dir = tempfile::tempdir().unwrap();
    let targets = targets(&upstream, &dir.path().join("levels.redb"));
    let mut router = Router::start(&targets).await;
    for (key, times) in [(ANN, 1), (BOB, 2), (CY, 4)] {
        ask(&router, key, times).await;
    }
    let all = async || status(&router).await["requests"].as_array().unwrap().len() == 7;
    assert!(eventually(secs(10), all).await);
    let told = status(&router).await;
    let keys = [("cy", 4.0, 4.0), ("bob", 2.0, 2.0), ("ann", 1.0, 1.0)];
    assert_eq!(costs(&told, "keys", "key"), named(&keys), "{told}");
    let teams = [("sales", 4.0, 4.0), ("research", 3.0, 3.0)];
    assert_eq!(costs(&told, "teams", "team"), named(&teams), "{told}");
    assert_eq!(
        (&told["teams"][1]["keys"], &told["teams"][1]["input_tokens"]),
        (&2.into(), &30.into())
    );
    assert_eq!(told["today_since"], told["started"], "the day is older than the process");
    router.signal("TERM");
    assert!(router.wait_exit(secs(20)).await.is_some());

    let router = Router::start(&targets).await;
    ask(&router, ANN, 1).await;
    let one = async || status(&router).await["requests"].as_array().unwrap().len() == 1;
    assert!(eventually(secs(10), one).await);
    let told = status(&router).await;
    let keys = [("bob", 2.0, 0.0), ("ann", 1.0, 1.0), ("cy", 0.0, 0.0)];
    assert_eq!(costs(&told, "keys", "key"), named(&keys), "{told}");
    assert_eq!(
        costs(&told, "teams", "team"),
        named(&[("research", 3.0, 1.0), ("sales", 0.0, 0.0)])
    );

    let url = format!("http://{}", router.metrics_addr());
    let printed = String::from_utf8(run_cli(["top", "--once", "--url", &url]).stdout).unwrap();
    let start = told["started"].as_str().unwrap()[11..16].to_owned();
    let wanted = format!("keys by cost today, since {start} UTC, the start\n  bob   ");
    assert!(printed.contains(&wanted) && printed.contains("$2.0000 today"), "{printed}");
    assert!(printed.contains("team research       $3.0000 today"), "{printed}");
}
