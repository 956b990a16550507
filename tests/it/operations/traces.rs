//! Spans for an OTLP collector, and the `traceparent` that providers are told.
//!
//! Never: a collector that is dead, slow or refuses is felt by a request; a query or a credential is in a span.

pub(super) mod collector;

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use serde_json::{Value, json};

use self::collector::{GrpcCollector, attribute, spans};
use crate::support::{
    Accept, Call, End, Fault, Launch, Place, Reply, Router, Script, Upstream, assert_ok, chat,
    chat_stream, eventually, ms, open, pool, provider, secs,
};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: [u8; 16] = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
const CLIENTS_SPAN: [u8; 8] = 0xb7ad_6b71_6920_3331_u64.to_be_bytes();

/// With spans that are sent soon.
fn traced(file: &Value, endpoint: &str) -> Launch {
    Launch::new(file)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "300")
}

/// A collector that takes what it is sent.
async fn taking() -> Upstream {
    Upstream::start(Reply::new(200).header("content-type", "application/x-protobuf")).await
}

/// Two providers that fail, and a third that answers and is trusted.
async fn failing_twice() -> (Value, [Upstream; 3]) {
    let busy = Upstream::start(Reply::error(503, "busy")).await;
    let broken = Upstream::start(Reply::error(500, "broken")).await;
    let well = Upstream::start(Reply::chat("hi")).await;
    let mut trusted = provider("third", &well);
    trusted["trusted"] = json!(true);
    trusted["onwards_model"] = json!("gpt-4o");
    let file = pool(&[provider("first", &busy), provider("second", &broken), trusted]);
    (file, [busy, broken, well])
}

async fn ask(router: &Router, parent: &str) {
    let call = Call::post("/v1/chat/completions?key=sk-hidden-0123456789").json(&chat("m"));
    assert_ok(&call.header("traceparent", parent).send(router.addr()).await);
}

fn kinds(all: &[Span], kind: SpanKind) -> Vec<&Span> {
    all.iter().filter(|it| it.kind == kind as i32).collect()
}

fn texts(spans: &[&Span], name: &str) -> Vec<String> {
    spans.iter().map(|span| attribute(span, name)).collect()
}

/// The whole of a failover as spans, whichever way they came.
fn assert_failover(all: &[Span], asked: &[Upstream; 3]) {
    assert!(all.iter().all(|it| it.trace_id == TRACE), "{all:#?}");
    let servers = kinds(all, SpanKind::Server);
    let [server] = servers[..] else { panic!("one span of the server: {all:#?}") };
    assert_eq!(server.parent_span_id, CLIENTS_SPAN);
    assert_eq!(server.name, "POST /v1/chat/completions");
    for (name, wanted) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/chat/completions"),
        ("url.path", "/v1/chat/completions"),
        ("http.response.status_code", "200"),
        ("onwards.alias", "m"),
        ("onwards.provider", "third"),
        ("onwards.key", "anonymous"),
        ("onwards.end", "complete"),
        ("error.type", ""),
    ] {
        assert_eq!(attribute(server, name), wanted, "{name}: {server:#?}");
    }
    let attempts = kinds(all, SpanKind::Client);
    assert!(attempts.iter().all(|it| it.parent_span_id == server.span_id), "{all:#?}");
    assert_eq!(texts(&attempts, "onwards.provider"), ["first", "second", "third"]);
    assert_eq!(texts(&attempts, "onwards.outcome"), ["503", "500", "200"]);
    assert_eq!(texts(&attempts, "error.type"), ["server_error", "server_error", ""]);
    assert_eq!(texts(&attempts, "http.response.status_code"), ["503", "500", "200"]);
    assert_eq!(texts(&attempts, "gen_ai.operation.name"), ["chat"; 3]);
    assert_eq!(texts(&attempts, "gen_ai.provider.name"), ["openai"; 3]);
    assert_eq!(texts(&attempts, "gen_ai.request.model"), ["m", "m", "gpt-4o"]);
    assert_eq!(texts(&attempts, "server.address"), ["127.0.0.1"; 3]);
    assert_eq!(attempts[2].name, "chat gpt-4o");
    assert_eq!(texts(&attempts, "gen_ai.usage.input_tokens")[..2], ["", ""]);
    assert!(attribute(attempts[2], "gen_ai.usage.input_tokens").parse::<u64>().is_ok());
    let statuses: Vec<_> =
        attempts.iter().map(|it| it.status.as_ref().map_or(0, |s| s.code)).collect();
    assert_eq!(statuses, [2, 2, 0], "an error has the status of one");
    for (nth, attempt) in attempts.iter().enumerate() {
        assert!(attempt.start_time_unix_nano >= server.start_time_unix_nano, "{nth}");
        assert!(attempt.end_time_unix_nano <= server.end_time_unix_nano, "{nth}");
        let begins_later =
            nth == 0 || attempt.start_time_unix_nano >= attempts[nth - 1].end_time_unix_nano;
        assert!(begins_later, "attempts come one after the other: {attempts:#?}");
    }
    // The trusted provider is told its own attempt's span; the others are told nothing.
    let span = attempts[2].span_id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let told = format!("00-0af7651916cd43dd8448eb211c80319c-{span}-01");
    assert_eq!(asked[2].last().header("traceparent"), Some(&*told));
    assert!(asked[..2].iter().all(|it| it.last().header("traceparent").is_none()));
    assert!(!format!("{all:?}").contains("sk-"), "no query and no key is in a span");
}

#[tokio::test]
async fn a_failover_is_one_span_of_the_server_and_one_of_the_client_for_each_attempt() {
    let ((file, asked), collector) = (failing_twice().await, taking().await);
    let router = traced(&file, &collector.base())
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-team=secret-of-the-collector")
        .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=lab")
        .start()
        .await;
    ask(&router, PARENT).await;
    let came = eventually(secs(20), async || spans(&collector).len() >= 4).await;
    assert!(came, "{:#?}\n{}", spans(&collector), router.stderr_text());
    let all = spans(&collector);
    assert_failover(&all, &asked);
    let request = collector.last();
    assert_eq!((&*request.method, &*request.target), ("POST", "/v1/traces"));
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(request.header("x-team"), Some("secret-of-the-collector"));
    for (name, wanted) in [("service.name", "onwards"), ("deployment.environment.name", "lab")] {
        assert_eq!(collector::resource(&collector, name), wanted, "{name}");
    }
    let sent =
        async || router.metric("onwards_spans_total", &[("result", "sent")]).await == Some(4.0);
    assert!(eventually(secs(10), sent).await, "{}", router.metrics().await);
    assert!(!router.log_text().contains("secret-of-the-collector"));
}

#[tokio::test]
async fn spans_go_by_grpc_where_the_environment_says_so() {
    let ((file, asked), collector) = (failing_twice().await, GrpcCollector::start().await);
    let router = traced(&file, &collector.base())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "5000")
        .start()
        .await;
    ask(&router, PARENT).await;
    let came = eventually(secs(20), async || collector.spans().len() >= 4).await;
    assert!(came, "{:#?}\n{}", collector.spans(), router.stderr_text());
    assert_failover(&collector.spans(), &asked);
}

#[tokio::test]
async fn a_client_says_whether_it_is_sampled_and_else_the_share_does() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut file = open(&upstream);
    file["targets"]["m"]["trusted"] = json!(true);
    let collector = taking().await;
    let router =
        traced(&file, &collector.base()).env("OTEL_TRACES_SAMPLER", "parentbased_always_off");
    let router = router.env("OTEL_SERVICE_NAME", "gateway-7").start().await;
    let unsampled = PARENT.replace("-01", "-00");
    ask(&router, &unsampled).await;
    assert_eq!(upstream.last().header("traceparent"), Some(&*unsampled), "it passes as it came");
    assert_ok(&router.chat("m").await);
    assert_eq!(upstream.last().header("traceparent"), None, "no trace begins here");
    ask(&router, PARENT).await;
    let came = eventually(secs(20), async || spans(&collector).len() >= 2).await;
    assert!(came && spans(&collector).iter().all(|it| it.trace_id == TRACE));
    assert_eq!(collector::resource(&collector, "service.name"), "gateway-7");
}

#[tokio::test]
async fn a_trace_that_begins_here_takes_nothing_over_that_belongs_to_another() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut file = open(&upstream);
    file["targets"]["m"]["trusted"] = json!(true);
    let collector = taking().await;
    let router = traced(&file, &collector.base()).start().await;
    let call =
        Call::chat(&chat("m")).header("traceparent", "00-broken").header("tracestate", "a=b");
    assert_ok(&call.send(router.addr()).await);
    let told = upstream.last().header("traceparent").unwrap().to_owned();
    assert!(told.len() == PARENT.len() && upstream.last().header("tracestate").is_none(), "{told}");
    let call = Call::chat(&chat("m")).header("traceparent", PARENT).header("tracestate", "a=b");
    assert_ok(&call.send(router.addr()).await);
    assert_eq!(upstream.last().header("tracestate"), Some("a=b"), "the client's own trace");
    let came = eventually(secs(20), async || spans(&collector).len() >= 4).await;
    assert!(came && spans(&collector).iter().any(|it| it.parent_span_id.is_empty()));
}

#[tokio::test]
async fn a_stream_tells_its_first_chunk_and_how_it_broke_off() {
    let fault = Reply::chat_stream(&["one", "two"]).fault(Place::Piece(1), Fault::Reset);
    let upstream = Upstream::start([Reply::chat_stream(&["one"]), fault]).await;
    let collector = taking().await;
    let router = traced(&open(&upstream), &collector.base()).start().await;
    for _ in 0..2 {
        let response = Call::chat(&chat_stream("m")).send(router.addr()).await;
        assert_eq!((response.status, response.end), (200, End::Complete));
    }
    let came = eventually(secs(20), async || spans(&collector).len() >= 4).await;
    assert!(came, "{:#?}", spans(&collector));
    let all = spans(&collector);
    let attempts = kinds(&all, SpanKind::Client);
    assert_eq!(texts(&attempts, "gen_ai.request.stream"), ["true", "true"]);
    assert!(attempts.iter().all(|it| attribute(it, TTFC).parse::<f64>().unwrap() > 0.0));
    assert_eq!(texts(&attempts, "error.type"), ["", "unreachable"]);
    let servers = kinds(&all, SpanKind::Server);
    assert_eq!(texts(&servers, "onwards.end"), ["complete", "broken"]);
    assert_eq!(texts(&servers, "error.type"), ["", "unreachable"]);
}

/// However a collector fails, requests are served, and each span that is lost is counted.
#[tokio::test]
async fn a_collector_that_is_dead_slow_or_refuses_costs_a_counter() {
    let refuses = Upstream::start(Reply::error(400, "no spans")).await;
    let overloaded = Upstream::start(Reply::error(503, "later")).await;
    let silent = Upstream::start(Script::from(Accept::Silent)).await;
    let collectors = [Upstream::refused(), Upstream::black_hole(), refuses, overloaded, silent];
    for (nth, collector) in collectors.iter().enumerate() {
        for protocol in ["http/protobuf", "grpc"] {
            let upstream = Upstream::start(Reply::chat("hi")).await;
            let launch = traced(&open(&upstream), &collector.base())
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
                .env("OTEL_BSP_MAX_QUEUE_SIZE", "6");
            let mut router = launch.start().await;
            for _ in 0..20 {
                let began = std::time::Instant::now();
                assert_ok(&router.chat("m").await);
                assert!(began.elapsed() < secs(5), "a request has waited");
            }
            let lost = async || {
                let metrics = router.metrics().await;
                let of = |result| {
                    use crate::support::router::SeriesExt as _;
                    metrics.series("onwards_spans_total", &[("result", result)]).unwrap_or(0.0)
                };
                of("failed") + of("dropped") == 40.0 && of("failed") > 0.0 && of("sent") == 0.0
            };
            let lost = eventually(secs(20), lost).await;
            assert!(lost, "{nth} {protocol}: {}", router.metrics().await);
            let warned = || router.stderr_text().matches("does not take spans").count();
            assert!(eventually(secs(10), async || warned() > 0).await, "{}", router.stderr_text());
            assert_eq!(warned(), 1, "once for an outage: {}", router.stderr_text());
            router.signal("TERM");
            let ended = router.wait_exit(secs(15)).await;
            assert!(ended.is_some_and(|it| it.success()), "{nth} {protocol} holds the end up");
        }
    }
}

#[tokio::test]
async fn what_is_waiting_is_sent_at_the_end() {
    let (upstream, collector) = (Upstream::start(Reply::chat("hi")).await, taking().await);
    let launch = traced(&open(&upstream), &collector.base());
    let mut router = launch.env("OTEL_BSP_SCHEDULE_DELAY", "60000").start().await;
    assert_ok(&router.chat("m").await);
    router.signal("TERM");
    assert!(router.wait_exit(secs(15)).await.is_some_and(|it| it.success()));
    assert_eq!(spans(&collector).len(), 2);
}

#[tokio::test]
async fn without_a_collector_nothing_runs_and_what_cannot_be_followed_is_said() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let plain = Router::start(&open(&upstream)).await;
    assert_ok(&plain.chat("m").await);
    assert_eq!(plain.metric("onwards_spans_total", &[]).await, Some(0.0));
    let launch = traced(&open(&upstream), "http://127.0.0.1:4318");
    let odd = launch.env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json").start().await;
    assert_ok(&odd.chat("m").await);
    let wanted = "no spans are sent: OTEL_EXPORTER_OTLP_PROTOCOL: use `http/protobuf` or `grpc`";
    let said = eventually(ms(5_000), async || odd.stderr_text().contains(wanted)).await;
    assert!(said, "{}", odd.stderr_text());
    assert!(odd.threads() <= plain.threads(), "{} threads", odd.threads());
}

const TTFC: &str = "gen_ai.response.time_to_first_chunk";
