//! One request that fails over twice, everywhere that it is told.
//!
//! Never: two of them disagree.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use super::traces::collector::{attribute, spans};
use crate::support::{
    Call, Launch, Reply, Upstream, assert_ok, chat, eventually, pool, provider, run_cli, secs,
};

#[tokio::test]
async fn header_log_span_page_and_terminal_tell_the_same_attempts() {
    let busy = Upstream::start(Reply::error(503, "busy")).await;
    let well = Upstream::start(Reply::chat("hi")).await;
    let collector = Upstream::start(Reply::new(200)).await;
    let slow = Upstream::start(Reply::error(429, "slowly")).await;
    let providers = [provider("one", &busy), provider("two", &slow), provider("three", &well)];
    let router = Launch::new(&pool(&providers))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.base())
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .start()
        .await;
    let call = Call::chat(&chat("m")).header("x-request-id", "look-for-me");
    let response = call.send(router.addr()).await;
    assert_ok(&response);
    let wanted = [("one", "503"), ("two", "429"), ("three", "200")];
    let joined = |comma: &str| wanted.map(|(who, how)| format!("{who}={how}")).join(comma);
    assert_eq!(response.header("x-onwards-attempts"), Some(&*joined(",")));

    let told =
        async || router.stdout_text().contains("look-for-me") && spans(&collector).len() >= 4;
    assert!(eventually(secs(20), told).await, "{}", router.log_text());
    let pairs = |row: &Value| -> Vec<(String, String)> {
        let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
        let attempts = row["attempts"].as_array().unwrap().iter();
        attempts.map(|it| (text(it, "provider"), text(it, "outcome"))).collect()
    };
    let wanted_pairs = wanted.map(|(who, how)| (who.to_owned(), how.to_owned()));
    let line: Value = serde_json::from_str(router.stdout_text().lines().next().unwrap()).unwrap();
    assert_eq!(pairs(&line), wanted_pairs, "the log");

    let all = spans(&collector);
    let of_attempts = all.iter().filter(|it| it.kind == SpanKind::Client as i32);
    let told: Vec<_> = of_attempts
        .map(|it| (attribute(it, "onwards.provider"), attribute(it, "onwards.outcome")))
        .collect();
    assert_eq!(told, wanted_pairs, "the spans");
    let reasons = all.iter().map(|it| attribute(it, "gen_ai.response.finish_reasons"));
    let reasons: Vec<_> = reasons.filter(|it| !it.is_empty()).collect();
    assert_eq!(reasons, ["stop"], "of the attempt that answered");
    let server = all.iter().find(|it| it.kind == SpanKind::Server as i32).unwrap();
    assert_eq!(attribute(server, "onwards.request.id"), "look-for-me");
    let trace: String = server.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(line["trace"], json!(trace), "the log leads to the trace");

    let status = Call::get("/status").send(router.metrics_addr()).await.json();
    assert_eq!(pairs(&status["requests"][0]), wanted_pairs, "what the page reads");
    let reason = [&line, &status["requests"][0]].map(|it| it["finish_reason"].clone());
    assert_eq!(reason, [json!("stop"), json!("stop")]);
    let url = format!("http://{}", router.metrics_addr());
    let printed = run_cli(["top", "--once", "--url", &url]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.contains(&format!("({})", joined(" "))), "the terminal: {text}");
}
