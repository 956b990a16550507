//! The standard variables, and the bound of the queue.

use std::{collections::HashMap, time::Duration};

use super::{Queue, settings::Settings};
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
    assert!(settings.is_grpc && settings.names_service);
}

#[test]
fn queue_counts_what_has_no_room() {
    let meters = Meters::new("onwards").unwrap();
    let queue = Queue::new(2, &meters.process.spans);
    assert_eq!([queue.enter(), queue.enter(), queue.enter()], [true, true, false]);
    queue.leave(1, false);
    assert_eq!([queue.enter(), queue.enter()], [true, false]);
    queue.leave(2, true);
    let counts = [&queue.sent, &queue.failed, &queue.dropped].map(|it| it.get());
    assert_eq!(counts, [2, 1, 2]);
}
