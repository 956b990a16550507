//! The status in words, shared by the text output and the tables of the screen.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::Value;

use crate::refusal::drives_terminals;

/// The whole status, a line for each alias, provider, key and request.
pub(super) fn text(status: &Value) -> String {
    let mut out = format!("{}\n{}\n", process(status), config(status));
    for line in problems(status) {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{}", summary(status).0);
    for pool in each(&status["aliases"]) {
        alias(pool, &mut out);
    }
    left_out(&status["aliases_left_out"], "aliases", &mut out);
    for kind in ["teams", "keys"] {
        if each(&status[kind]).next().is_some() {
            let _ = writeln!(out, "{kind} by cost today, {}", since(status));
        }
        each(&status[kind]).for_each(|it| spent(it, &mut out));
        left_out(&status[&*format!("{kind}_left_out")], kind, &mut out);
    }
    if each(&status["requests"]).next().is_some() {
        let _ = writeln!(out, "last requests");
    }
    for one in each(&status["requests"]).take(MOST_REQUESTS) {
        request(one, &mut out);
    }
    out
}

/// The process: its version and its age.
pub(super) fn process(status: &Value) -> String {
    let version = word(&status["version"]);
    format!("onwards {version}, up for {}", seconds(status["uptime_secs"].as_u64()))
}

/// The configuration, and whether the last edit is live.
pub(super) fn config(status: &Value) -> String {
    let config = &status["config"];
    let is_live = config["live"] == true;
    let live = if is_live { "the last edit is live" } else { "THE LAST EDIT IS NOT LIVE" };
    format!("{}, version {}: {live}", word(&config["file"]), number(&config["version"]))
}

/// Why the last edit is not live, one line for each problem.
pub(super) fn problems(status: &Value) -> Vec<String> {
    let text = status["config"]["problems"].as_str().unwrap_or_default();
    text.lines().map(|line| shown(line).into_owned()).collect()
}

/// The worst troubles in one line, and their severity.
pub(super) fn summary(status: &Value) -> (String, &'static str) {
    let mut troubled: Vec<(bool, String)> = Vec::new();
    for pool in each(&status["aliases"]) {
        for it in each(&pool["providers"]).filter(|it| trouble(it) != "none") {
            let line =
                format!("{} / {}: {}", word(&pool["alias"]), word(&it["provider"]), state(it));
            troubled.push((trouble(it) != "down", line));
        }
        if ours(&pool["state"]) != "ready" && !ours(&pool["state"]).is_empty() {
            let line = format!("{}: {}", word(&pool["alias"]), word(&pool["state"]));
            troubled.push((true, line));
        }
    }
    troubled.sort_by_key(|(is_mild, _)| *is_mild);
    let worst = match troubled.first() {
        None => return ("All providers are ready.".to_owned(), "none"),
        Some((true, _)) => "degraded",
        Some((false, _)) => "down",
    };
    let lines: Vec<String> = troubled.into_iter().map(|(_, line)| line).collect();
    let more = match lines.len().saturating_sub(MOST_TROUBLES) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (format!("{}{more}", lines[..lines.len().min(MOST_TROUBLES)].join("; ")), worst)
}

/// The state of an alias.
pub(super) fn pool_state(pool: &Value) -> String {
    let mut text = match (trouble(pool), word(&pool["state"])) {
        ("none", state) => state.into_owned(),
        (trouble, state) if state == "ready" => trouble.to_owned(),
        (trouble, state) => format!("{trouble}: {state}"),
    };
    let stay = &pool["conversations"];
    if let Some(staying) = stay["staying"].as_u64() {
        let (target, provider) = (number(&stay["target"]), word(&stay["provider"]));
        let _ = write!(text, "; {staying} of {target} conversations stay with {provider}");
    }
    text
}

/// The state of a provider in full.
pub(super) fn state(provider: &Value) -> String {
    let mut text = word(&provider["words"]).into_owned();
    if let Some(until) = provider["until"].as_str() {
        let _ = write!(text, ", until {}", time_of_day(until));
    }
    let lacks: Vec<_> = each(&provider["lacks"]).map(word).collect();
    if !lacks.is_empty() {
        let _ = write!(text, "; lacks {}", lacks.join(", "));
    }
    if let Some(share) = provider["first_share"].as_f64().filter(|share| *share < 1.0) {
        let _ = write!(text, "; asked first by {:.0} % of requests", share * 100.0);
    }
    if let Some(failed) = provider["recent_failed"].as_u64().filter(|count| *count > 0) {
        let asked = number(&provider["recent_attempts"]);
        let _ = write!(text, "; {failed} of its last {asked} attempts failed");
    }
    text
}

/// `none`, `degraded` or `down`.
pub(super) fn trouble(of: &Value) -> &str {
    ours(&of["trouble"])
}

/// Requests in flight, with the limit and the queue if there are any.
pub(super) fn flight(of: &Value) -> String {
    let in_flight = match of["cap"].as_u64() {
        Some(cap) => format!("{}/{cap}", number(&of["in_flight"])),
        None => number(&of["in_flight"]),
    };
    match of["waiting"].as_u64() {
        Some(waiting) => format!("{in_flight} +{waiting}"),
        None => in_flight,
    }
}

/// The free share of a rate limit.
pub(super) fn level(of: &Value) -> String {
    of["level"].as_f64().map_or_else(String::new, |level| format!("{:.0} %", level * 100.0))
}

/// The latency of a provider.
pub(super) fn latency(provider: &Value) -> String {
    provider["latency_secs"].as_f64().map_or_else(String::new, |secs| millis(secs * 1e3))
}

/// Every provider that was asked or passed over.
pub(super) fn attempts(request: &Value) -> Vec<String> {
    let attempt = |it: &Value| {
        let alias = it["alias"].as_str().map(|_| format!("{}/", word(&it["alias"])));
        let (alias, provider) = (alias.unwrap_or_default(), word(&it["provider"]));
        format!("{alias}{provider}={}", word(&it["outcome"]))
    };
    each(&request["attempts"]).map(attempt).collect()
}

/// Status and end of a request: `200`, `503 refused (all_providers_failed)`.
pub(super) fn ended(request: &Value) -> String {
    let status = number(&request["status"]);
    match (ours(&request["end"]), request["code"].as_str()) {
        ("complete" | "", _) => status,
        (end, Some(_)) => {
            format!("{status} {} ({})", end.replace('_', " "), word(&request["code"]))
        }
        (end, None) => format!("{status} {}", end.replace('_', " ")),
    }
}

/// Whether a request went well: `none`, `degraded` or `down`.
pub(super) fn trouble_of_request(request: &Value) -> &'static str {
    let status = request["status"].as_u64().unwrap_or_default();
    match ours(&request["end"]) {
        "broken" | "panicked" => "down",
        _ if status >= 500 => "down",
        "complete" if status < 400 => "none",
        _ => "degraded",
    }
}

/// The alias that was asked for, and the one that served.
pub(super) fn alias_of(request: &Value) -> String {
    let alias = word(&request["alias"]);
    match request["served_alias"].as_str() {
        Some(_) => format!("{alias} by {}", word(&request["served_alias"])),
        None => alias.into_owned(),
    }
}

/// The tokens of an alias, a provider or a key.
pub(super) fn tokens(of: &Value) -> String {
    let count = |key: &str| of[key].as_u64().unwrap_or_default();
    in_and_out(count("input_tokens"), count("output_tokens"))
}

/// The tokens of a request.
pub(super) fn usage(request: &Value) -> String {
    let count = |key: &str| request["usage"][key].as_u64().unwrap_or_default();
    in_and_out(count("input"), count("output"))
}

/// Where the costs of today begin: at midnight, or at the start of the process.
pub(super) fn since(status: &Value) -> String {
    let since = ours(&status["today_since"]);
    let start = if since == ours(&status["started"]) { ", the start" } else { "" };
    format!("since {} UTC{start}", since.get(11..16).unwrap_or_default())
}

/// The name of a key or a team.
pub(super) fn spender(of: &Value) -> String {
    match of["team"].as_str() {
        Some(_) => format!("team {}", word(&of["team"])),
        None => word(&of["key"]).into_owned(),
    }
}

/// The cost of a key or a team today.
pub(super) fn today(of: &Value) -> String {
    money(&of["cost_today"])
}

/// The cost.
pub(super) fn dollars(of: &Value) -> String {
    money(&of["cost"])
}

fn money(cost: &Value) -> String {
    match cost.as_f64() {
        Some(cost) if cost >= 10.0 => format!("${cost:.2}"),
        Some(cost) if cost > 0.0 => format!("${cost:.4}"),
        _ => String::new(),
    }
}

/// A duration in milliseconds.
pub(super) fn millis(millis: f64) -> String {
    if millis < 1e3 { format!("{millis:.0} ms") } else { format!("{:.2} s", millis / 1e3) }
}

/// The elements of a list.
pub(super) fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A name without control characters.
pub(super) fn word(value: &Value) -> Cow<'_, str> {
    shown(ours(value))
}

/// A count.
pub(super) fn number(value: &Value) -> String {
    value.as_u64().unwrap_or_default().to_string()
}

/// The time of day of an RFC 3339 timestamp in UTC.
pub(super) fn time_of_day(moment: &str) -> &str {
    moment.get(11..19).unwrap_or_default()
}

/// A word that the router itself has written.
fn ours(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn alias(pool: &Value, out: &mut String) {
    let name = word(&pool["alias"]);
    let counts =
        ["requests", "errors", "fallbacks"].map(|it| format!("{} {it}", number(&pool[it])));
    let parts = [pool_state(pool), counts.join(", "), tokens(pool), dollars(pool)];
    let _ = writeln!(out, "{name}  {}", filled(parts).join("  "));
    for provider in each(&pool["providers"]) {
        let trouble = Some(trouble(provider)).filter(|it| *it != "none").unwrap_or_default();
        let (name, state) = (word(&provider["provider"]), state(provider));
        let failed =
            format!("{} of {} failed", number(&provider["failed"]), number(&provider["attempts"]));
        let parts = [
            format!("{} in flight", flight(provider)),
            failed,
            latency(provider),
            tokens(provider),
            dollars(provider),
        ];
        let _ = writeln!(out, "  {name:<20}{trouble:<10}{state}; {}", filled(parts).join(", "));
    }
    left_out(&pool["providers_left_out"], "providers", out);
}

/// A key or a team with what it has used.
fn spent(it: &Value, out: &mut String) {
    let labelled = |cost: String, label: &str| match &*cost {
        "" => cost,
        cost => format!("{cost} {label}"),
    };
    let parts = [labelled(today(it), "today"), tokens(it), labelled(dollars(it), "in all")];
    let _ = writeln!(out, "  {:<20}{}", spender(it), filled(parts).join("  "));
}

/// A request in the text form of the access log, with its attempts in order.
fn request(request: &Value, out: &mut String) {
    let attempts = match attempts(request) {
        none if none.is_empty() => String::new(),
        some => format!("({})", some.join(" ")),
    };
    let key = request.get("key").map_or("-".into(), word).into_owned();
    let tokens = Some(usage(request)).filter(|it| !it.is_empty());
    let parts = [
        time_of_day(ours(&request["time"])).to_owned(),
        ended(request),
        alias_of(request),
        attempts,
        key,
        millis(request["ms"].as_f64().unwrap_or_default()),
        tokens.map(|it| format!("{it} tokens")).unwrap_or_default(),
        dollars(request),
        word(&request["id"]).into_owned(),
    ];
    let _ = writeln!(out, "  {}", filled(parts).join(" "));
}

fn filled<const N: usize>(parts: [String; N]) -> Vec<String> {
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(drives_terminals) {
        return text.into();
    }
    let shown = |c: char| match drives_terminals(c) {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    };
    text.chars().map(shown).collect()
}

fn in_and_out(input: u64, output: u64) -> String {
    if input == 0 && output == 0 { String::new() } else { format!("{input}→{output}") }
}

fn left_out(count: &Value, what: &str, out: &mut String) {
    if let Some(count) = count.as_u64().filter(|count| *count > 0) {
        let _ = writeln!(out, "  and {count} more {what}");
    }
}

fn seconds(count: Option<u64>) -> String {
    match count.unwrap_or_default() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// The most requests that are printed; a screen shows no more.
const MOST_REQUESTS: usize = 20;
/// The most providers that the summary names.
const MOST_TROUBLES: usize = 3;

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn characters_that_drive_terminals_are_escaped() {
        let request =
            json!({"alias": "a\u{1b}[2Jb\u{202e}\nc", "time": "2026-01-02T03:04:05.678Z"});
        let text = super::text(&json!({"requests": [request]}));
        assert!(text.contains("03:04:05"), "{text}");
        assert!(text.contains("a\\u001b[2Jb\\u202e\\u000ac"), "{text}");
    }

    #[test]
    fn a_status_without_anything_is_no_fault() {
        assert!(super::text(&json!({})).starts_with("onwards , up for 0 s"));
    }

    #[test]
    fn who_is_asked_first_is_told() {
        let provider = json!({"words": "ready", "first_share": 0.4});
        assert_eq!(super::state(&provider), "ready; asked first by 40 % of requests");
        assert_eq!(super::state(&json!({"words": "ready", "first_share": 1.0})), "ready");
        let stay = json!({"provider": "own", "staying": 12, "others": 3, "target": 10});
        let pool = json!({"state": "ready", "trouble": "none", "conversations": stay});
        assert_eq!(super::pool_state(&pool), "ready; 12 of 10 conversations stay with own");
    }

    #[test]
    fn who_spent_most_today_is_told_with_the_time_since_when() {
        let mut status = json!({"started": "2026-01-02T09:30:00.000Z",
            "today_since": "2026-01-02T09:30:00.000Z",
            "keys": [{"key": "b", "cost": 12.0, "cost_today": 11.5, "input_tokens": 3},
                     {"key": "a", "cost": 40.0, "cost_today": 0.0}],
            "teams": [{"team": "research", "cost": 52.0, "cost_today": 11.5}]});
        let text = super::text(&status);
        let wanted = "teams by cost today, since 09:30 UTC, the start\n  \
                      team research       $11.50 today  $52.00 in all\n\
                      keys by cost today, since 09:30 UTC, the start\n  \
                      b                   $11.50 today  3→0  $12.00 in all\n  \
                      a                   $40.00 in all\n";
        assert!(text.contains(wanted), "{text}");
        status["today_since"] = json!("2026-01-03T00:00:00.000Z");
        assert!(super::text(&status).contains("keys by cost today, since 00:00 UTC\n"));
    }

    #[test]
    fn the_worst_trouble_is_named_first_and_many_are_counted() {
        let provider = |name: &str, trouble: &str| {
            json!({"provider": name, "trouble": trouble, "words": "ready",
                   "recent_failed": 2, "recent_attempts": 3})
        };
        let providers = ["a", "b", "c", "d"].map(|name| provider(name, "degraded")).into_iter();
        let all: Vec<_> = providers.chain([provider("e", "down")]).collect();
        let status = json!({"aliases": [{"alias": "m", "state": "ready", "providers": all}]});
        let (text, worst) = super::summary(&status);
        assert_eq!(worst, "down");
        let begins = "m / e: ready; 2 of its last 3 attempts failed; m / a:";
        assert!(text.starts_with(begins) && text.ends_with("; and 2 more"), "{text}");
    }
}
