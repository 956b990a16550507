//! `errors.md`, `metrics.md` and `operations.md` against the code that they describe.
//!
//! Never: a row is only in the page, or only in the code.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{body::Body, http};
use onwards::{
    admin::gauges::{Gauges, MOST_UNUSED},
    gateway::Gateway,
    live::{Head, Meters, ProviderMeters, Speed, Times},
    protocol::Endpoint,
    refusal::{AllFailed, Refusal, Spent, Whose},
    reload::Loader,
    secret::names,
    serve::{Stage, routes},
};
use tower_service::Service;

use crate::{
    load::load,
    page::{Page, quoted, root},
};

/// One of each; that none is missing is a test of its own.
fn refusals() -> Vec<Refusal> {
    use Refusal::*;
    let retry_after = Duration::from_secs(1);
    let spent = |is_budget| {
        let (whose, retry_after) = (Whose::Key, Some(retry_after));
        Spent(Box::new(self::Spent { whose, said: "".into(), is_budget, retry_after }))
    };
    let failed = |how| AllFailed { how, retry_after };
    vec![
        InvalidJson(String::new()),
        MissingModel,
        DuplicateModel,
        Ambiguous(""),
        UnsupportedType(""),
        EndpointNotAllowed,
        OtherModel(String::new()),
        InvalidModelOverride,
        InvalidPath,
        MissingApiKey,
        InvalidApiKey,
        KeyExpired,
        KeyDisabled,
        Policy("region".into()),
        Lacking("vision"),
        Forbidden,
        NotFound,
        ModelNotFound { asked: String::new(), near: Vec::new() },
        MethodNotAllowed,
        UpgradeRefused,
        RequestTimeout,
        ClientLeft,
        PayloadTooLarge(0),
        UnsupportedEncoding,
        UnsupportedEndpoint,
        Unsupported { field: "thinking".into(), message: String::new() },
        Invalid { param: "n".into(), message: String::new(), code: "invalid_type" },
        Invalid { param: String::new(), message: String::new(), code: "guardrail" },
        UnknownEndpoint,
        LimitNeeded { param: "max_tokens", budget: 1 },
        RateLimit { whose: Whose::Key, retry_after },
        ConcurrencyLimit { whose: Whose::Pool },
        QueueFull { whose: Whose::Pool, retry_after },
        InFlightLimit,
        StoreUnavailable,
        spent(false),
        spent(true),
        failed(self::AllFailed::RateLimited),
        failed(self::AllFailed::TimedOut),
        failed(self::AllFailed::Otherwise),
        UpstreamUnreachable,
        UpstreamBrokeOff,
        UpstreamMalformed,
        UpstreamTimeout,
        NoProviders,
        NoRoom,
        ShuttingDown,
        Internal,
    ]
}

fn source(name: &str) -> String {
    std::fs::read_to_string(root().join("src").join(name)).unwrap()
}

#[test]
fn the_samples_leave_no_refusal_out() {
    let text = source("refusal.rs");
    let (_, body) = text.split_once("pub enum Refusal {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let in_code = body.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        line.starts_with(char::is_uppercase).then(|| line.split(['(', ' ', ',']).next())?
    });
    let in_code: BTreeSet<_> = in_code.map(str::to_owned).collect();
    let sampled = refusals().into_iter().map(|refusal| {
        let text = format!("{refusal:?}");
        text.split(['(', ' ']).next().unwrap().to_owned()
    });
    assert_eq!(sampled.collect::<BTreeSet<_>>(), in_code, "add it here and to docs/errors.md");
}

#[test]
fn every_refusal_has_its_row() {
    let in_code = refusals().into_iter().map(|refusal| {
        let row = refusal.row();
        let waits = refusal.retry_after().is_some();
        (row.status.as_u16().to_string(), row.kind.to_owned(), row.code.to_owned(), waits)
    });
    let word = |cell: &str| quoted(cell).first().copied().unwrap_or_default().to_owned();
    let rows = Page::named("docs/errors.md").table("refusals");
    let in_page =
        rows.iter().map(|row| (row[0].clone(), word(&row[1]), word(&row[2]), row[4] == "yes"));
    assert_eq!(in_page.collect::<BTreeSet<_>>(), in_code.collect::<BTreeSet<_>>());
}

#[test]
fn every_param_is_told() {
    let rows = Page::named("docs/errors.md").table("refusals");
    for refusal in refusals() {
        let row = refusal.row();
        let Some(param) = row.param else { continue };
        let status = row.status.as_u16().to_string();
        let found = rows.iter().find(|cells| cells[0] == status && cells[2].contains(row.code));
        assert!(quoted(&found.unwrap()[3]).contains(&param), "{}: {param}", row.code);
    }
}

/// A process in which everything that is counted has happened once.
fn eventful() -> String {
    let meters = Meters::new("onwards").unwrap();
    let pool = meters.pool("a");
    let second = Duration::from_secs(1);
    let head = Some(Head { first_byte: second, overhead: second });
    pool.ended(200, Times { total: second, head });
    pool.attempted("p", "503");
    pool.fell_back("503");
    pool.refused("rate_limit", "key");
    pool.credential_refused("p");
    pool.model_missing("p");
    pool.broke_off("timeout");
    pool.used(&ProviderMeters::default(), "p", &[("input", 1)]);
    pool.timed(
        &ProviderMeters::default(),
        "p",
        Speed { latency: second, first_token: Some(second), rate: Some(1.0) },
    );
    pool.unpriced("p");
    pool.guarded("cards", "deny");
    pool.asked_webhook("hook", second);
    meters.health.probes.with_label_values(&["a", "p", "good"]).inc();
    meters.process.reloads.with_label_values(&["success"]).inc();
    meters.render(names::label, &[]).unwrap() + &levels()
}

/// Every gauge of a table.
fn levels() -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let limit = r#""rate_limit":{"requests_per_second":1}"#;
    let keys = r#""auth":{"key_definitions":{"team":{"key":"sk-team"}}}"#;
    let target = format!(
        r#"{{"url":"mock:","cooldown":{{}},"price":{{"input":1}},"token_limit":{{"per_minute":5}},"fallback":{{"enabled":true,"aimd":{{}},"affinity":{{"target_conversations":9}}}},"queue":{{"max_waiting":1}},{limit}}}"#
    );
    let text = format!(r#"{{{keys},"targets":{{"a":{target}}}}}"#);
    std::fs::write(file.path(), text).unwrap();
    let table = Loader::new(file.path(), Meters::new("onwards").unwrap()).load().unwrap();
    Gauges::of(Arc::new(table), "onwards", MOST_UNUSED).collect()
}

/// Name, kind and labels of each metric in the text that Prometheus reads.
fn rendered(text: &str) -> BTreeSet<(String, String, BTreeSet<String>)> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            let sample = text.lines().find(|line| line.starts_with(name)).unwrap();
            let labels = sample.split_once('{').map_or("", |(_, rest)| rest);
            let labels = labels.split('}').next().unwrap().split(',');
            let labels = labels.filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
            (name.to_owned(), kind.to_owned(), labels.filter(|label| label != "le").collect())
        })
        .collect()
}

#[test]
fn every_metric_has_its_row() {
    let rows = Page::named("docs/metrics.md").table("metrics");
    let in_page = rows.iter().map(|row| {
        let labels = quoted(&row[2]).into_iter().map(str::to_owned).collect();
        (quoted(&row[0])[0].to_owned(), row[1].clone(), labels)
    });
    assert_eq!(in_page.collect::<BTreeSet<_>>(), rendered(&eventful()));
}

/// What never happened here would be in no text: the code is asked, too.
#[test]
fn every_metric_of_the_code_happened_above() {
    let files = ["meters", "meters/guarded", "meters/health", "meters/process", "meters/speed"];
    let made = files.map(|file| {
        let text = source(&format!("live/{file}.rs"));
        let (_, made) = text.split_once("fn new(").unwrap();
        made.split_once("\n    }").unwrap().0.to_owned()
    });
    let mut made = made.concat();
    let levels = source("admin/gauges.rs");
    for name in levels.split("        name: ").skip(1) {
        made.push_str("make.");
        made.push_str(name);
    }
    let calls = made.split("make.").skip(1).filter(|call| !call.starts_with("registry"));
    let in_code: BTreeSet<_> =
        calls.map(|call| format!("onwards_{}", call.split('"').nth(1).unwrap())).collect();
    let ours = |name: &String| !name.starts_with("process_");
    let happened: BTreeSet<_> =
        rendered(&eventful()).into_iter().map(|(name, _, _)| name).filter(ours).collect();
    assert_eq!(in_code, happened);
}

#[test]
fn every_protocol_is_told_with_its_paths() {
    let rows = Page::named("docs/configuration.md").table("protocols");
    let schema = onwards::config::schema();
    let words = schema["$defs"]["Protocol"]["oneOf"].as_array().unwrap();
    let words: BTreeSet<_> = words.iter().map(|word| word["const"].as_str().unwrap()).collect();
    assert_eq!(rows.iter().map(|row| quoted(&row[0])[0]).collect::<BTreeSet<_>>(), words);
    for row in &rows {
        let word = quoted(&row[0])[0].replace('_', "");
        for path in quoted(&row[2]) {
            let found = Endpoint::find(path, None).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(format!("{:?}", found.protocol).to_lowercase(), word, "{path}");
        }
    }
}

#[test]
fn what_only_one_protocol_has_is_told() {
    use onwards::protocol::Operation;
    let rows = Page::named("docs/protocols.md").table("native endpoints");
    let paths: Vec<_> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    for path in &paths {
        let found = Endpoint::find(path, None).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(found.operation, Operation::Native, "{path}");
    }
    let code = source("protocol/endpoint.rs");
    let native = code.lines().filter(|line| line.contains("Operation::Native, Asked"));
    for row in native {
        let path = row.split('"').nth(1).unwrap().trim_end_matches('*');
        assert!(paths.iter().any(|told| told.starts_with(path)), "{path} is not told");
    }
}

#[tokio::test]
async fn every_route_is_told_and_answers() {
    let rows = Page::named("docs/operations.md").table("ports");
    let clients = rows.iter().filter(|row| row[1].starts_with("clients"));
    let told: BTreeSet<_> = clients.flat_map(|row| quoted(&row[0])).collect();
    let routed: Vec<_> = routes::paths().map(|path| path.replace("{*", "{")).collect();
    assert_eq!(told, routed.iter().map(String::as_str).collect::<BTreeSet<_>>());

    let gateway = Gateway::new(load(r#"{"targets": {"m": {"url": "mock:"}}}"#).unwrap());
    let mut router = routes::router(Arc::new(gateway), Stage::default());
    for path in told {
        let path = path.replace("{id}", "m");
        assert!(routes::owns(&http::Method::GET, &path), "{path}");
        let answer = router.call(http::Request::get(&path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.unwrap().status(), http::StatusCode::OK, "{path}");
    }
}

#[test]
fn every_flag_is_told_with_its_variable_and_default() {
    let text = source("cli/serve/arguments.rs");
    let page = Page::named("docs/operations.md");
    let rows = page.table("flags");
    let variables = text.split("env = \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let in_code: BTreeSet<_> = variables.map(str::to_owned).collect();
    let in_page: BTreeSet<_> = rows.iter().map(|row| quoted(&row[1])[0].to_owned()).collect();
    assert_eq!(in_page, in_code);
    assert!(!text.contains("hide"), "what the page tells, `--help` tells");
    for row in rows {
        let variable = quoted(&row[1])[0];
        let flag = variable.trim_start_matches("ONWARDS_").replace('_', "-").to_lowercase();
        assert!(row[0].contains(&format!("--{flag}")), "{}: --{flag}", row[0]);
        if let Some(default) = quoted(&row[2]).first() {
            let told = [
                format!("= \"{default}\""),
                format!("default_value_t = {default},"),
                format!("default_value_t = {default})"),
                format!("Format::{}", title(default)),
            ];
            let (_, after) = text.split_once(&format!("\"{variable}\"")).unwrap();
            let (attribute, _) = after.split_once("\n    ///").unwrap_or((after, ""));
            assert!(told.iter().any(|told| attribute.contains(told)), "{variable}: {default}");
        }
    }
}

#[test]
fn every_parameter_of_a_mock_is_told() {
    let code = source("table/mock.rs");
    let known = code.lines().find(|line| line.starts_with("const KNOWN")).unwrap();
    let rows = Page::named("docs/configuration.md").table("mock");
    let told: BTreeSet<_> = rows
        .iter()
        .filter_map(|row| quoted(&row[0])[0].split_once('?'))
        .flat_map(|(_, query)| query.split('&').map(|pair| pair.split('=').next().unwrap()))
        .collect();
    assert_eq!(told, quoted(known).into_iter().collect());
}

fn title(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
