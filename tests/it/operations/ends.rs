//! The record of a request is finished exactly once, whatever its end: requests of every kind, in an order drawn
//! by chance, while the file is read anew and until the process is told to stop.
//!
//! Never: an end is left out because it is rare.

use std::{collections::HashMap, sync::Arc};

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::support::{
    Call, Fault, Place, Reply, Router, Script, Upstream, chat, chat_stream, eventually, ms, secs,
};

/// What a line may say of a request's end: the status, and how it ended.
type Said = (&'static [u64], &'static [&'static str]);

/// Asks in one of many ways, and says what the line of that request must tell.
async fn ask(router: &Router, kind: u64, id: &str) -> Said {
    let call = |call: Call| call.header("x-request-id", id);
    let send = async |it: Call| {
        let _ = call(it).try_send(router.addr()).await;
    };
    match kind {
        0 => {
            send(Call::chat(&chat("well")).key("sk-a")).await;
            (&[200], &["complete"])
        }
        1 => {
            send(Call::chat(&chat_stream("well")).key("sk-a")).await;
            (&[200], &["complete"])
        }
        2 => {
            send(Call::chat(&chat("well"))).await;
            (&[401], &["refused"])
        }
        3 => {
            send(Call::chat(&chat("ghost")).key("sk-a")).await;
            (&[404], &["refused"])
        }
        4 => {
            send(Call::chat(&json!({"model": "well", "x": "y".repeat(5_000)})).key("sk-a")).await;
            (&[413], &["refused"])
        }
        5 => {
            let upgrade = Call::get("/v1/realtime?model=well").key("sk-a");
            send(upgrade.header("connection", "upgrade").header("upgrade", "websocket")).await;
            (&[426], &["refused"])
        }
        6 => {
            let body = json!({"model": "well", "messages": [{"role": "user", "content": "hi"}]});
            send(Call::post("/v1/messages/count_tokens").json(&body).key("sk-a")).await;
            (&[200], &["complete"])
        }
        7 => {
            send(Call::post("/v1/moderations").json(&json!({"model": "well"})).key("sk-a")).await;
            (&[200], &["complete"])
        }
        8 => {
            send(Call::chat(&json!("no object")).key("sk-a")).await;
            (&[400], &["refused"])
        }
        // Leaves while the provider has not answered,
        9 => {
            let conn = call(Call::chat(&chat("silent")).key("sk-a")).open(router.addr()).await;
            tokio::time::sleep(ms(60)).await;
            conn.abort();
            (&[499], &["client_left"])
        }
        // and in the middle of a stream.
        10 => {
            let mut conn =
                call(Call::chat(&chat_stream("slow")).key("sk-a")).open(router.addr()).await;
            assert_eq!(conn.status_line().await, 200);
            conn.abort();
            (&[200], &["client_left", "complete"])
        }
        11 => {
            send(Call::chat(&chat_stream("breaks")).key("sk-a")).await;
            (&[200], &["broken"])
        }
        12 => {
            send(Call::chat(&chat("refuses")).key("sk-a")).await;
            (&[503], &["complete"])
        }
        _ => {
            send(Call::get("/v1/models").key("sk-a")).await;
            (&[200], &["complete"])
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn record_is_finished_once_whatever_the_end() {
    let well = Upstream::start(Script::by(|seen| match seen.target.as_str() {
        target if target.contains("moderations") => Reply::json(200, &json!({"results": []})),
        _ if seen.json()["stream"] == true => Reply::chat_stream(&["hi"]),
        _ => Reply::chat("hi"),
    }))
    .await;
    let slow = Upstream::start(Reply::chat_stream(&["a"; 20]).paced(ms(20))).await;
    let breaks = Reply::chat_stream(&["a"; 9]).fault(Place::Piece(4), Fault::Reset);
    let breaks = Upstream::start(breaks).await;
    let silent = Upstream::start(Reply::chat("hi").fault(Place::Start, Fault::Stall)).await;
    let refuses = Upstream::start(Reply::error(503, "no")).await;
    let mut file = json!({"auth": {"global_keys": ["sk-a"]}, "targets": {
        "well": {"url": well.base()}, "slow": {"url": slow.base()},
        "breaks": {"url": breaks.base()}, "silent": {"url": silent.base()},
        "refuses": {"url": refuses.base()}}});
    let launch = crate::support::Launch::new(&file).args(["--max-body", "4096"]);
    let mut router = launch.start().await;
    let mut random = StdRng::seed_from_u64(7);
    let kinds: Vec<u64> = (0..240).map(|_| random.random_range(0..14)).collect();
    let mut wanted = HashMap::new();
    {
        let shared = Arc::new(&router);
        for (part, some) in kinds.chunks(8).enumerate() {
            let asking = some.iter().enumerate().map(|(nth, kind)| {
                let (router, id) = (Arc::clone(&shared), format!("end-{}", part * 8 + nth));
                async move { (id.clone(), *kind, ask(&router, *kind, &id).await) }
            });
            for (id, kind, said) in futures_util::future::join_all(asking).await {
                wanted.insert(id, (kind, said));
            }
            file["targets"][format!("more-{part}")] = json!({"url": well.base()});
            std::fs::write(router.file(), file.to_string()).unwrap();
        }
    }
    // Streams that are under way when the process is told to stop.
    let mut under_way = Vec::new();
    for nth in 0..4 {
        let call = Call::chat(&chat_stream("slow")).key("sk-a");
        let call = call.header("x-request-id", &format!("drained-{nth}"));
        let mut conn = call.open(router.addr()).await;
        assert_eq!(conn.status_line().await, 200);
        wanted.insert(format!("drained-{nth}"), (99, (&[200], &["complete"])));
        under_way.push(conn);
    }
    router.signal("TERM");
    assert!(router.wait_exit(secs(20)).await.is_some());
    let lines = || -> Vec<Value> {
        let text = router.stdout_text();
        text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
    };
    let all = async || lines().len() >= wanted.len();
    assert!(eventually(secs(10), all).await, "{} of {}", lines().len(), wanted.len());
    let mut told: HashMap<String, Vec<Value>> = HashMap::new();
    for line in lines() {
        told.entry(line["id"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    for (id, (kind, (statuses, ends))) in &wanted {
        let [line] = told.get(id).map(Vec::as_slice).unwrap_or_default() else {
            panic!("{id} of kind {kind}: {:?}", told.get(id));
        };
        let status = line["status"].as_u64().unwrap();
        let end = line["end"].as_str().unwrap();
        assert!(statuses.contains(&status) && ends.contains(&end), "kind {kind}: {line}");
    }
    assert_eq!(told.len(), wanted.len(), "no other line");
    drop(under_way);
}
