//! Conversations that stay with one provider, up to a number (`affinity`).
//!
//! Never: a provider is out of reach for a conversation.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Call, Reply, Router, Upstream, assert_ok, chat, pair, run_cli, secs};

fn staying(first: &Upstream, second: &Upstream, strategy: &str, affinity: Value) -> Value {
    let mut targets = pair(first, second);
    targets["targets"]["m"]["strategy"] = strategy.into();
    targets["targets"]["m"]["fallback"]["affinity"] = affinity;
    targets
}

async fn two() -> (Upstream, Upstream) {
    (Upstream::start(Reply::chat("hi")).await, Upstream::start(Reply::chat("hi")).await)
}

/// The sessions of which the first provider is asked first.
async fn of_first(router: &Router, sessions: &[u32]) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    for session in sessions {
        let call = Call::chat(&chat("m")).header("x-session-id", &format!("session-{session}"));
        let answer = call.send(router.addr()).await;
        assert_ok(&answer);
        if answer.attempts() == "first=200" {
            all.insert(*session);
        }
    }
    all
}

async fn counted(router: &Router) -> (Option<f64>, Option<f64>) {
    let of = async |placed: &str| {
        let labels = [("alias", "m"), ("provider", "first"), ("placed", placed)];
        router.metric("onwards_conversations", &labels).await
    };
    (of("staying").await, of("others").await)
}

#[tokio::test]
async fn conversations_stay_up_to_the_number_under_every_strategy() {
    let (first, second) = two().await;
    let sessions: Vec<u32> = (0..20).collect();
    for strategy in
        ["priority", "weighted_random", "round_robin", "least_busy", "lowest_latency", "sticky"]
    {
        let affinity = json!({"target_conversations": 5, "margin": 1});
        let router = Router::start(&staying(&first, &second, strategy, affinity)).await;
        of_first(&router, &sessions).await;
        let once = of_first(&router, &sessions).await;
        assert!((5..=6).contains(&once.len()), "{strategy}: {once:?}");
        for _ in 0..3 {
            assert_eq!(of_first(&router, &sessions).await, once, "{strategy}");
        }
        let (staying, others) = counted(&router).await;
        assert_eq!(staying, Some(once.len() as f64), "{strategy}");
        assert_eq!(others, Some((20 - once.len()) as f64), "{strategy}");
        let told = json!({"provider": "first", "staying": once.len(), "others": 20 - once.len(), "target": 5});
        let explained = router.explain("m").await.json();
        assert_eq!(explained["pools"][0]["conversations"], told, "{strategy}");
        let status = Call::get("/status").send(router.metrics_addr()).await.json();
        assert_eq!(status["aliases"][0]["conversations"], told, "{strategy}");
    }
}

#[tokio::test]
async fn processes_that_see_the_same_conversations_keep_the_same_ones() {
    let (first, second) = two().await;
    let affinity = json!({"target_conversations": 8, "margin": 2});
    let file = staying(&first, &second, "priority", affinity);
    let (one, other) = (Router::start(&file).await, Router::start(&file).await);
    let forwards: Vec<u32> = (0..30).collect();
    let backwards: Vec<u32> = forwards.iter().rev().copied().collect();
    of_first(&one, &forwards).await;
    of_first(&other, &backwards).await;
    let (here, there) = (of_first(&one, &backwards).await, of_first(&other, &forwards).await);
    assert!(here.symmetric_difference(&there).count() <= 2, "{here:?} and {there:?}");
    assert!((6..=10).contains(&here.len()) && (6..=10).contains(&there.len()));
}

#[tokio::test]
async fn no_provider_is_out_of_reach_of_a_conversation() {
    let down = Upstream::start(Reply::error(500, "down")).await;
    let well = Upstream::start(Reply::chat("hi")).await;
    let affinity = json!({"target_conversations": 2, "margin": 1});
    for strategy in ["priority", "round_robin"] {
        // The preferred one is down, then the other one.
        for (first, second) in [(&down, &well), (&well, &down)] {
            let router = Router::start(&staying(first, second, strategy, affinity.clone())).await;
            for nth in 0..12 {
                let call = Call::chat(&chat("m")).header("x-session-id", &format!("s{nth}"));
                assert_ok(&call.send(router.addr()).await);
            }
        }
    }
    // Without another provider nothing is left to later.
    let mut alone = staying(&well, &well, "priority", affinity);
    alone["targets"]["m"]["providers"].as_array_mut().unwrap().truncate(1);
    let router = Router::start(&alone).await;
    assert_eq!(of_first(&router, &[1, 2, 3, 4, 5, 6]).await.len(), 6);
}

#[tokio::test]
async fn a_conversation_is_told_by_its_names_else_by_how_it_began() {
    let (first, second) = two().await;
    let affinity = json!({"target_conversations": 100});
    let router = Router::start(&staying(&first, &second, "priority", affinity)).await;
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let marked = json!([{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]);
    let user = |content: &Value| json!({"role": "user", "content": content});
    let turn = json!({"role": "assistant", "content": "Hi"});
    let system = json!({"role": "system", "content": "Be brief."});
    let mut of = 0.0;
    // Each group is one conversation.
    let groups: Vec<Vec<(&str, Option<&str>, Value)>> = vec![
        vec![
            ("/v1/chat/completions", Some("a"), json!({"messages": [user(&json!("one"))]})),
            (
                "/v1/messages",
                Some("a"),
                json!({"messages": [user(&json!("two"))], "session_id": "b"}),
            ),
            (
                "/v1/chat/completions",
                None,
                json!({"messages": [user(&json!("x"))], "session_id": "a"}),
            ),
            ("/v1/responses", None, json!({"input": "three", "prompt_cache_key": "a"})),
        ],
        vec![
            ("/v1/chat/completions", None, json!({"messages": [system, user(&json!("Hello"))]})),
            (
                "/v1/chat/completions",
                None,
                json!({"messages": [system, user(&text("Hello")), turn, user(&json!("More"))]}),
            ),
            (
                "/v1/chat/completions",
                None,
                json!({"temperature": 0, "messages": [system, user(&marked), turn, user(&text("x"))]}),
            ),
        ],
        vec![
            (
                "/v1/messages",
                None,
                json!({"max_tokens": 9, "system": text("Be long."), "messages": [user(&marked)]}),
            ),
            (
                "/v1/messages",
                None,
                json!({"max_tokens": 9, "system": "Be long.",
                "messages": [user(&json!("Hello")), turn, user(&marked)]}),
            ),
        ],
        vec![
            ("/v1/responses", None, json!({"input": "Tell me"})),
            (
                "/v1/responses",
                None,
                json!({"input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Tell me"}]},
                {"role": "assistant", "id": "msg_1", "content": "Well"}, {"role": "user", "content": "Go on"}]}),
            ),
        ],
        vec![
            (
                "/v1beta/models/m:generateContent",
                None,
                json!({"contents": [{"role": "user", "parts": [{"text": "Gemini"}]}]}),
            ),
            (
                "/v1beta/models/m:generateContent",
                None,
                json!({"contents": [
                {"role": "user", "parts": [{"text": "Gemini"}]}, {"role": "model", "parts": [{"text": "Yes"}]},
                {"role": "user", "parts": [{"text": "More"}]}]}),
            ),
        ],
        vec![
            ("/v1/completions", None, json!({"prompt": "a".repeat(300)})),
            ("/v1/completions", None, json!({"prompt": "a".repeat(400)})),
        ],
    ];
    for group in groups {
        of += 1.0;
        for (path, session, mut body) in group {
            body["model"] = "m".into();
            let mut call = Call::post(path).json(&body);
            if let Some(session) = session {
                call = call.header("x-session-id", session);
            }
            call.send(router.addr()).await;
            assert_eq!(counted(&router).await, (Some(of), Some(0.0)), "{path} {body}");
        }
    }
    // What belongs to no conversation.
    router.post("/v1/embeddings", "", &json!({"model": "m", "input": "x"})).await;
    router.post("/v1/moderations", "", &json!({"model": "m", "input": "x"})).await;
    // Another caller may begin in the same way.
    router.post("/v1/responses", "sk-another", &json!({"model": "m", "input": "Tell me"})).await;
    assert_eq!(counted(&router).await, (Some(of + 1.0), Some(0.0)));
}

#[tokio::test]
async fn what_stays_is_shown_and_survives_a_reload() {
    let (first, second) = two().await;
    let affinity = json!({"target_conversations": 3, "margin": 1, "update_interval_ms": 3_600_000});
    let mut file = staying(&first, &second, "priority", affinity);
    let router = Router::start(&file).await;
    let sessions: Vec<u32> = (0..12).collect();
    of_first(&router, &sessions).await;
    let before = of_first(&router, &sessions).await;
    let told = router.explain("m").await.json();
    let expected = json!({"provider": "first", "staying": before.len(), "others": 12 - before.len(), "target": 3});
    assert_eq!(told["pools"][0]["conversations"], expected);
    let status = Call::get("/status").send(router.metrics_addr()).await.json();
    assert_eq!(status["aliases"][0]["conversations"], expected);
    file["targets"]["n"] = json!({"url": second.base()});
    router.write_targets(&file).await;
    assert!(router.serves(&["m", "n"], secs(10)).await);
    assert_eq!(of_first(&router, &sessions).await, before);
    // With a larger number, those that stay go on staying.
    file["targets"]["m"]["fallback"]["affinity"] =
        json!({"target_conversations": 6, "margin": 1, "update_interval_ms": 1});
    file["targets"]["o"] = json!({"url": second.base()});
    router.write_targets(&file).await;
    assert!(router.serves(&["m", "n", "o"], secs(10)).await);
    let after = of_first(&router, &sessions).await;
    assert!(after.is_superset(&before) && (5..=7).contains(&after.len()), "{before:?} {after:?}");
    let url = format!("http://{}", router.metrics_addr());
    let output = run_cli(["top", "--once", "--url", &url]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("of 6 conversations stay with first"), "{said}");
}

#[tokio::test]
async fn a_share_below_one_moves_whole_conversations() {
    let first = Upstream::start(Reply::error(529, "busy")).await;
    let second = Upstream::start(Reply::chat("hi")).await;
    let mut file =
        staying(&first, &second, "priority", json!({"target_conversations": 100, "margin": 1}));
    file["targets"]["m"]["fallback"]["aimd"] = json!({"min_samples": 2, "window_samples": 2,
        "share_decay": 0.5, "share_floor": 0.5, "dwell_ms": 600_000});
    let router = Router::start(&file).await;
    let sessions: Vec<u32> = (0..24).collect();
    let share = async || {
        router.metric("onwards_first_choice_share", &[("alias", "m"), ("provider", "first")]).await
    };
    for session in &sessions {
        let call = Call::chat(&chat("m")).header("x-session-id", &format!("session-{session}"));
        assert_ok(&call.send(router.addr()).await);
    }
    assert_eq!(share().await, Some(0.5));
    let mut asked = Vec::new();
    for session in &sessions {
        let ask = async || {
            let call = Call::chat(&chat("m")).header("x-session-id", &format!("session-{session}"));
            call.send(router.addr()).await.attempts().to_owned()
        };
        let once = ask().await;
        for _ in 0..3 {
            assert_eq!(ask().await, once, "{session}");
        }
        asked.push(once);
    }
    let moved = asked.iter().filter(|it| *it == "second=200").count();
    assert!((4..=20).contains(&moved), "{moved} of 24 conversations have moved: {asked:?}");
}

#[test]
fn keys_and_values_of_affinity_are_checked_with_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("targets.json");
    for (affinity, expected) in [
        (json!({}), "fallback.affinity: `target_conversations` is missing"),
        (
            json!({"target_conversations": 0}),
            "affinity.target_conversations: expected a whole number ≥ 1",
        ),
        (json!({"target_conversations": 9, "target": 3}), "affinity.target: unknown key `target`"),
        (
            json!({"target_conversations": 9, "margin": 10}),
            "affinity.margin: must not be above `target_conversations`",
        ),
        (
            json!({"target_conversations": 9, "margin": 0}),
            "affinity.margin: expected a whole number ≥ 1",
        ),
        (
            json!({"target_conversations": 9, "max_tracked": 9}),
            "affinity.max_tracked: must not be below",
        ),
        (
            json!({"target_conversations": 9, "active_window_ms": 0}),
            "affinity.active_window_ms: expected",
        ),
        (
            json!({"target_conversations": 9, "update_interval_ms": "1m"}),
            "affinity.update_interval_ms: expected",
        ),
    ] {
        let text = json!({"targets": {"m": {"url": "mock:",
            "fallback": {"enabled": true, "affinity": affinity}}}});
        std::fs::write(&file, text.to_string()).unwrap();
        let output = run_cli(["check", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected) && !output.status.success(), "{expected}: {said}");
    }
}
