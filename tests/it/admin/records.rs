//! The last requests that have ended, for who holds the admin key: filtered, in order, without a text or a secret.

use serde_json::{Value, json};

use super::{KEY, administered, call, get};
use crate::support::{
    Call, Launch, Reply, Router, Upstream, assert_ok, chat, eventually, run_cli_with, secs,
};

const PROMPT: &str = "the-words-of-the-prompt";

async fn records(router: &Router, query: &str) -> Value {
    let answer = get(router, &format!("/admin/records{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

fn column(told: &Value, name: &str) -> Vec<Value> {
    told["records"].as_array().unwrap().iter().map(|it| it[name].clone()).collect()
}

/// How many requests an answer says have ended, of whichever process.
fn counted(told: &Value) -> u64 {
    let next = told["next"].as_str().unwrap();
    next.split_once('-').unwrap().1.parse().unwrap()
}

async fn lab() -> (Upstream, Router) {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let targets = json!({
        "auth": {"key_definitions": {"ann": {"key": "sk-token-of-ann"}, "bob": {"key": "sk-token-of-bob"}}},
        "targets": {
            "m": {"url": upstream.base(), "keys": ["ann", "bob"]},
            "down": {"url": "mock:?status=503", "keys": ["ann"]},
            "over": {"url": "mock:?status=503", "keys": ["ann"],
                "fallback": {"enabled": true, "to": ["m"]}}}});
    let router = administered(&targets).await;
    let ask = async |key: &str, alias: &str| {
        let mut body = chat(alias);
        body["messages"][0]["content"] = PROMPT.into();
        Call::chat(&body).key(key).send(router.addr()).await
    };
    assert_ok(&ask("sk-token-of-ann", "m").await);
    assert_ok(&ask("sk-token-of-bob", "m").await);
    assert_eq!(ask("sk-token-of-ann", "down").await.status, 503);
    assert_ok(&ask("sk-token-of-ann", "over").await);
    assert_eq!(ask("sk-token-of-nobody", "m").await.status, 401);
    let all = eventually(secs(10), async || counted(&records(&router, "").await) == 5).await;
    assert!(all, "{}", records(&router, "").await);
    (upstream, router)
}

#[tokio::test]
async fn the_last_requests_are_told_by_key_alias_status_and_since() {
    let (_upstream, router) = lab().await;
    let all = records(&router, "").await;
    assert_eq!(column(&all, "nth"), [0, 1, 2, 3, 4]);
    assert_eq!(all["missed"], false);
    for (query, wanted) in [
        ("?key=ann", vec![0, 2, 3]),
        ("?key=bob", vec![1]),
        ("?key=carl", vec![]),
        ("?alias=m", vec![0, 1, 3, 4]),
        ("?alias=over", vec![3]),
        ("?status=503", vec![2]),
        ("?status=2xx&key=ann", vec![0, 3]),
        ("?since=3", vec![3, 4]),
        ("?since=5", vec![]),
        ("?since=2000-01-01T00:00:00Z&alias=down", vec![2]),
        ("?since=2999-01-01T00:00:00Z", vec![]),
    ] {
        let told = records(&router, query).await;
        assert_eq!(column(&told, "nth"), wanted, "{query}: {told}");
        assert_eq!((counted(&told), &told["missed"]), (5, &json!(false)), "{query}");
    }
    // In parts, each from where the one before has ended.
    let (mut since, mut seen) = ("0".to_owned(), Vec::new());
    for _ in 0..3 {
        let told = records(&router, &format!("?limit=2&since={since}")).await;
        assert_eq!(told["missed"], false, "{told}");
        seen.extend(column(&told, "nth"));
        since = told["next"].as_str().unwrap().to_owned();
    }
    assert_eq!((seen.len(), counted(&records(&router, &format!("?since={since}")).await)), (5, 5));
    // Of a process before this one, that had counted further, or that this one has passed.
    let (_other_upstream, other) = lab().await;
    for before in ["900", &since] {
        let told = records(&other, &format!("?since={before}")).await;
        assert_eq!((column(&told, "nth").len(), &told["missed"]), (5, &json!(true)), "{before}");
    }
    assert_ok(&Call::chat(&chat("m")).key("sk-token-of-ann").send(other.addr()).await);
    let passed = async || counted(&records(&other, "").await) == 6;
    assert!(eventually(secs(10), passed).await);
    let told = records(&other, &format!("?since={since}")).await;
    assert_eq!((column(&told, "nth").len(), &told["missed"]), (6, &json!(true)), "{told}");
    for wrong in ["?since=soon", "?status=5", "?limit=0", "?limit=201", "?model=m"] {
        let refused = get(&router, &format!("/admin/records{wrong}")).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
}

#[tokio::test]
async fn records_hold_no_text_and_no_secret_and_need_the_admin_key() {
    let (_upstream, router) = lab().await;
    let text = records(&router, "").await.to_string();
    for secret in [PROMPT, "sk-token-of", KEY] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let without = Call::new("GET", "/admin/records").send(router.metrics_addr()).await;
    assert_eq!(without.status, 401);
    let plain = Launch::new(&json!({"targets": {}})).start().await;
    assert_eq!(call("GET", "/admin/records").send(plain.metrics_addr()).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_prints_them_and_takes_no_other_server_for_the_router() {
    let (upstream, router) = lab().await;
    let admin = |url: &str, arguments: &[&str]| {
        let arguments = [&["admin", "--url", url], arguments].concat();
        let output = run_cli_with(arguments, &[("ONWARDS_ADMIN_KEY", KEY)]);
        let [out, err] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        (output.status.success(), out, err)
    };
    let url = format!("http://{}", router.metrics_addr());
    let (ok, out, err) = admin(&url, &["records", "--key", "ann", "--status", "2xx"]);
    assert!(ok && out.lines().count() == 2 && out.contains("  key ann  "), "{out}{err}");
    let (ok, _, err) = admin(&url, &["records", "--since", "soon"]);
    assert!(!ok && err.contains("`next`"), "{err}");
    // It answers 200 and JSON to whatever it is asked.
    let other = upstream.base();
    for wish in [&["targets"][..], &["keys"], &["records"], &["reload"], &["drain", "m", "p"]] {
        let (ok, out, err) = admin(&other, wish);
        assert!(
            !ok && out.is_empty() && err.contains("it is not the operations port"),
            "{wish:?}: {err}"
        );
    }
    assert!(!admin(&other, &["--json", "targets"]).0);
}
