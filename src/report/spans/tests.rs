//! The standard variables, and the bound of the queue.

use std::{collections::HashMap, time::Duration};

use super::{
    queue::Queue,
    settings::{Collector, Settings},
};
use crate::live::Meters;

fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, String> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Settings::of(|name| variables.get(name).map(|it| (*it).to_owned()))
}

fn with(name: &str, value: &str) -> Result<Option<Settings>, String> {
    read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"), (name, value)])
}

#[test]
fn spans_are_off_without_an_endpoint_or_where_they_are_turned_off() {
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(None));
    assert_eq!(read(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]), Ok(None));
    assert_eq!(with("OTEL_SDK_DISABLED", "TRUE"), Ok(None));
    assert_eq!(with("OTEL_TRACES_EXPORTER", "none"), Ok(None));
    assert!(with("OTEL_TRACES_EXPORTER", "otlp").unwrap().is_some());
    let traces = read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:4318/v1/traces")]);
    assert!(traces.unwrap().is_some());
}

#[test]
fn sampler_is_the_one_that_is_named() {
    let sampling = |name: &str, share: &str| {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let named = [endpoint, ("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", share)];
        let sampling = read(&named).unwrap().unwrap().sampling;
        (sampling.follows_parent, sampling.share)
    };
    assert_eq!(sampling("", ""), (true, 1.0));
    assert_eq!(sampling("always_on", "0.5"), (false, 1.0));
    assert_eq!(sampling("always_off", ""), (false, 0.0));
    assert_eq!(sampling("traceidratio", "0.25"), (false, 0.25));
    assert_eq!(sampling("parentbased_always_on", ""), (true, 1.0));
    assert_eq!(sampling("parentbased_always_off", ""), (true, 0.0));
    assert_eq!(sampling("parentbased_traceidratio", "0.1"), (true, 0.1));
    assert_eq!(sampling("parentbased_traceidratio", ""), (true, 1.0));
}

#[test]
fn variables_that_cannot_be_followed_are_named() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many"),
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a key=b"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "localhost:4318"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"),
    ] {
        let problem = with(name, value).unwrap_err();
        assert!(problem.starts_with(name), "{name}: {problem}");
    }
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
    let share =
        [endpoint, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
    assert!(read(&share).unwrap_err().starts_with("OTEL_TRACES_SAMPLER_ARG"));
}

#[test]
fn variables_of_traces_win() {
    let settings = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1500"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=gateway"),
    ]);
    let settings = settings.unwrap().unwrap();
    assert_eq!(settings.timeout, Duration::from_millis(1_500));
    assert!(settings.is_grpc);
    let resource = [("a", "b"), ("service.name", "gateway")];
    assert_eq!(settings.resource, resource.map(|(name, value)| (name.into(), value.into())));
}

#[test]
fn collector_is_where_the_standard_says() {
    for (variable, endpoint, protocol, url) in [
        ("", "http://127.0.0.1:4318", "http/protobuf", "http://127.0.0.1:4318/v1/traces"),
        ("", "https://a.example/otlp/", "http/protobuf", "https://a.example/otlp/v1/traces"),
        ("TRACES_", "http://127.0.0.1:4318/", "http/protobuf", "http://127.0.0.1:4318/"),
        ("", "http://127.0.0.1:4317", "grpc", GRPC),
        ("TRACES_", "127.0.0.1:4317", "grpc", GRPC),
    ] {
        let settings = read(&[
            (&format!("OTEL_EXPORTER_OTLP_{variable}ENDPOINT"), endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b%3D, x-team = sight"),
        ]);
        let Settings { collector, .. } = settings.unwrap().unwrap();
        assert_eq!(format!("{collector:?}"), "Collector", "a key may be in both");
        let Collector { url: own, headers } = collector;
        assert_eq!(own.as_str(), url);
        assert_eq!(
            (&headers["api-key"], &headers["x-team"]),
            (&"a b=".parse().unwrap(), &"sight".parse().unwrap())
        );
    }
}

#[test]
fn process_is_named_unless_the_environment_names_it() {
    let resource = |name, value| with(name, value).unwrap().unwrap().resource;
    let named = |value: &str| ("service.name".to_owned(), value.to_owned());
    assert_eq!(resource("OTEL_SERVICE_NAME", "a,b"), [named("a,b")]);
    assert_eq!(resource("OTEL_RESOURCE_ATTRIBUTES", "service.name=a%2Cb"), [named("a,b")]);
    let own = resource("OTEL_RESOURCE_ATTRIBUTES", "");
    assert_eq!((&own[0], own.len()), (&named("onwards"), 2));
}

#[test]
fn queue_counts_what_has_no_room() {
    let meters = Meters::new("onwards").unwrap();
    let queue = Queue::new(2, 2, &meters.process.spans);
    assert_eq!([queue.enter(1), queue.enter(2), queue.enter(2)], [true, true, false]);
    queue.leave(1, false);
    assert!(!queue.enter(1));
    queue.leave(1, true);
    assert_eq!([queue.enter(1), queue.enter(1)], [true, false]);
    let counts = [&queue.sent, &queue.failed, &queue.dropped].map(|it| it.get());
    assert_eq!(counts, [1, 1, 4]);
}

#[test]
fn batches_are_taken_in_order_and_the_last_when_it_is_due() {
    let meters = Meters::new("onwards").unwrap();
    let queue = Queue::new(9, 3, &meters.process.spans);
    let take = |all| queue.take(all).map(|batch| (batch.spans, batch.count));
    assert_eq!(take(true), None);
    for (spans, count) in [("ab", 2), ("cd", 2), ("e", 1), ("fgh", 3), ("i", 1)] {
        queue.push(spans.as_bytes(), count);
    }
    assert_eq!(take(false), Some((b"abcd".to_vec(), 4)), "a request's spans stay together");
    assert_eq!(take(false), Some((b"efgh".to_vec(), 4)));
    assert_eq!(take(false), None);
    assert_eq!(take(true), Some((b"i".to_vec(), 1)));
}

const GRPC: &str =
    "http://127.0.0.1:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export";
