//! `deploy/` against the router: flags, metrics and configurations in it exist.
//!
//! Never: a container is built here.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    load::load,
    page::{Page, quoted, root},
};

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("deploy").join(name)).unwrap()
}

#[test]
fn the_dashboard_draws_metrics_that_exist() {
    let dashboard: Value = serde_json::from_str(&file("grafana-dashboard.json")).unwrap();
    let rows = Page::named("docs/metrics.md").table("metrics");
    let known: BTreeSet<_> = rows.iter().map(|row| quoted(&row[0])[0].to_owned()).collect();
    let mut drawn = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()));
        for target in panel["targets"].as_array().into_iter().flatten() {
            drawn.extend(metrics_in(target["expr"].as_str().unwrap()));
        }
    }
    assert!(drawn.is_subset(&known), "{:?}", drawn.difference(&known));
    assert!(drawn.len() > 8, "only {drawn:?}");
}

#[test]
fn the_questions_ask_for_metrics_that_exist() {
    let page = Page::named("docs/metrics.md");
    let rows = page.table("metrics");
    let known: BTreeSet<_> = rows.iter().map(|row| quoted(&row[0])[0].to_owned()).collect();
    let asked: BTreeSet<_> = metrics_in(&page.text).into_iter().collect();
    assert!(asked.is_subset(&known), "{:?}", asked.difference(&known));
}

fn metrics_in(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("onwards_") || word.starts_with("process_"));
    ours.map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

#[test]
fn the_alerts_watch_metrics_that_exist() {
    let alerts = file("alerts.yaml");
    let rows = Page::named("docs/metrics.md").table("metrics");
    let known: BTreeSet<_> = rows.iter().map(|row| quoted(&row[0])[0].to_owned()).collect();
    let rules: Vec<_> = alerts.split("- alert: ").skip(1).collect();
    for rule in &rules {
        let name = rule.lines().next().unwrap();
        let (_, expression) = rule.split_once("expr: ").unwrap();
        let (expression, rest) = expression.split_once("labels: {").unwrap();
        let watched: BTreeSet<_> = metrics_in(expression).into_iter().collect();
        assert!(!watched.is_empty() && watched.is_subset(&known), "{name}: {watched:?}");
        assert!(rest.contains("severity: ") && rest.contains("summary: "), "{name}");
        for label in rest.split("$labels.").skip(1) {
            let label = label.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let has = |row: &&Vec<String>| watched.contains(quoted(&row[0])[0]);
            let has = rows.iter().filter(has).all(|row| quoted(&row[2]).contains(&label));
            assert!(has, "{name}: {label}");
        }
    }
    assert!(rules.len() > 8);
}

#[test]
fn the_config_map_loads() {
    let manifest = file("kubernetes.yaml");
    let (_, after) = manifest.split_once("targets.json: |\n").unwrap();
    let json: String = after
        .lines()
        .take_while(|line| line.starts_with("    "))
        .map(|line| format!("{line}\n"))
        .collect();
    load(&json).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(json.contains("@onwards-valkey:6379/0\""), "its replicas share their limits");
    let named = "kind: Service\nmetadata:\n  name: onwards-valkey\n";
    assert!(manifest.contains(named), "the server has that name");
    for secret in ["openai-key", "client-key", "valkey-password"] {
        assert!(manifest.contains(&format!("--from-literal={secret}=")), "{secret} is made");
    }
}

#[test]
fn the_replicas_of_compose_load_and_share_their_limits() {
    let compose = file("compose.yaml");
    let (_, after) = compose.split_once("content: |\n").unwrap();
    let lines = after.lines().take_while(|line| line.starts_with("      "));
    let json: String = lines.map(|line| format!("{}\n", line.replace("$$", "$"))).collect();
    assert!(json.contains("\"redis\": \"redis://valkey:6379/0\""));
    assert!(compose.contains("\n  valkey:\n    image: "), "the server has that name");
    load(&json).unwrap_or_else(|problems| panic!("{problems}"));
}

/// For a Service of this name Kubernetes sets `ONWARDS_PORT` in every pod, to a URL.
#[test]
fn no_service_sets_a_flags_variable() {
    let manifest = file("kubernetes.yaml");
    let of_kind = |kind| manifest.split("\n---\n").find(|it| it.contains(kind)).unwrap();
    assert!(of_kind("kind: Service\n").contains("\n  name: onwards\n"), "it is not called for");
    assert!(of_kind("kind: Deployment\n").contains("\n      enableServiceLinks: false\n"));
}

#[test]
fn flags_and_variables_are_the_routers() {
    let page = Page::named("docs/operations.md");
    let known: Vec<String> = page
        .table("flags")
        .iter()
        .flat_map(|row| [row[0].clone(), row[1].clone()])
        .chain(["ONWARDS_LOG".to_owned()])
        .collect();
    for name in ["Dockerfile", "compose.yaml", "kubernetes.yaml", "onwards.service"] {
        let text = file(name);
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
        let ours = words.filter(|word| word.starts_with("ONWARDS_"));
        for word in ours {
            assert!(known.iter().any(|known| known.contains(word)), "{name}: {word}");
        }
        for line in text.lines().filter(|line| line.contains("onwards serve")) {
            let flags = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            for flag in flags.filter(|word| word.starts_with("--")) {
                assert!(known.iter().any(|known| known.contains(flag)), "{name}: {flag}");
            }
        }
    }
}
