//! Files that do not load: each with every line it must be answered with.

use super::{lines, pool, provider, target};

fn each(cases: &[(String, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(lines(text), *expected, "{text}");
    }
}

#[test]
fn what_is_not_json_is_one_problem_with_its_place() {
    each(&[
        (String::new(), &["1:1: the file is empty"]),
        (
            "{\n  \"targets\": {".into(),
            &["2:15: targets: expected a key in double quotes, found the end of the file"],
        ),
        (
            "{\n  \"targets\": {\"a\": [\n    {\"url\": \"u\" \"weight\": 1}]}}".into(),
            &[
                "3:17: targets[\"a\"][0].url: expected `,` or `}` after the value, found `\"`; is a `,` missing before it?",
            ],
        ),
        (
            "{\"targets\": {},}".into(),
            &["1:16: expected a key, found `}`; remove the `,` before it"],
        ),
        ("{\"targets\": {}} // done".into(), &["1:17: expected the end of the file, found `/`"]),
        (
            format!("{{\"targets\": {}", "[".repeat(5000)),
            &[&*format!("1:77: targets{}: nested deeper than 64 levels", "[0]".repeat(64))],
        ),
    ]);
}

#[test]
fn keys_of_one_inference_engine_are_refused_with_the_reason() {
    for (text, place, key) in [
        (provider(r#""kind":"hosted""#), "targets[\"a\"][0].kind", "kind"),
        (pool(r#""serving_classes":{}"#), "targets[\"a\"].serving_classes", "serving_classes"),
        (
            pool(r#""batch_inflight_limit":8"#),
            "targets[\"a\"].batch_inflight_limit",
            "batch_inflight_limit",
        ),
        (r#"{"targets":{},"accounts":{}}"#.into(), "accounts", "accounts"),
    ] {
        let told = lines(&text);
        let [line] = &*told else { panic!("{told:?}") };
        let reason = "is not supported: it belongs to one inference engine and its control plane";
        assert!(line.contains(&format!("{place}: `{key}` {reason}; remove it")), "{line}");
    }
    // Elsewhere they are keys like any other that is not known.
    assert!(lines(r#"{"targets":{},"kind":1}"#)[0].contains("unknown key `kind`"));
}

#[test]
fn unknown_keys_name_the_nearest() {
    each(&[
        (
            provider(r#""wieght":1"#),
            &["1:29: targets[\"a\"][0].wieght: unknown key `wieght`; did you mean `weight`?"],
        ),
        (
            r#"{"targets":{},"strictMode":true}"#.into(),
            &["1:15: strictMode: unknown key `strictMode`; did you mean `strict_mode`?"],
        ),
        (
            pool(r#""fallback":{"on_statuses":[5]}"#),
            &[
                "1:45: targets[\"a\"].fallback.on_statuses: unknown key `on_statuses`; did you mean `on_status`?",
            ],
        ),
        (provider(r#""colour":1"#), &["1:29: targets[\"a\"][0].colour: unknown key `colour`"]),
        (
            r#"{"targets":{},"auth":{"key_definitions":{"k":{"key":"x","lables":{}}}}}"#.into(),
            &[
                "1:57: auth.key_definitions[\"k\"].lables: unknown key `lables`; did you mean `labels`?",
            ],
        ),
        (
            provider("\"\\u202e\\n\":1"),
            &["1:29: targets[\"a\"][0][\"\\u{202e}\\n\"]: unknown key `\\u{202e}\\n`"],
        ),
        // A key that is almost there is not told twice.
        (
            target(r#"{"urll":"u"}"#),
            &["1:18: targets[\"a\"].urll: unknown key `urll`; did you mean `url`?"],
        ),
        (
            target(r#"{"provider":[]}"#),
            &["1:18: targets[\"a\"].provider: unknown key `provider`; did you mean `providers`?"],
        ),
    ]);
}

#[test]
fn keys_at_the_wrong_level_are_sent_to_the_right_one() {
    each(&[
        (
            pool(r#""url":"u""#),
            &["1:33: targets[\"a\"].url: unknown key `url`; `url` belongs inside `providers`"],
        ),
        (
            provider(r#""max_attempts":2"#),
            &["1:29: targets[\"a\"][0].max_attempts: unknown key `max_attempts`"],
        ),
        (
            pool(r#""on_status":[5]"#),
            &[
                "1:33: targets[\"a\"].on_status: unknown key `on_status`; `on_status` belongs inside `fallback`",
            ],
        ),
        (
            target(r#"{"providers":[{"url":"u","strategy":"priority"}]}"#),
            &[
                "1:42: targets[\"a\"].providers[0].strategy: unknown key `strategy`; `strategy` belongs one level further out",
            ],
        ),
        (
            provider(r#""keys":["k"]"#),
            &[
                "1:29: targets[\"a\"][0].keys: unknown key `keys`; a list has no place for it; write `{\"providers\": […], \"keys\": …}`",
            ],
        ),
        (
            target(r#"{"url":"u","key":"k"}"#),
            &[
                "1:28: targets[\"a\"].key: unknown key `key`; did you mean `keys`? Otherwise `key` belongs inside `sticky` or `tls`",
            ],
        ),
        (
            r#"{"targets":{},"global_keys":[]}"#.into(),
            &["1:15: global_keys: unknown key `global_keys`; `global_keys` belongs inside `auth`"],
        ),
        (
            r#"{"targets":{},"strategy":"priority"}"#.into(),
            &[
                "1:15: strategy: unknown key `strategy`; `strategy` belongs inside `defaults` or `targets`",
            ],
        ),
        (
            r#"{"targets":{},"defaults":{"weight":1}}"#.into(),
            &["1:27: defaults.weight: unknown key `weight`"],
        ),
    ]);
}

#[test]
fn a_target_is_told_by_looking_at_it() {
    each(&[
        (
            target("{}"),
            &[
                "1:17: targets[\"a\"]: `providers` (a pool) or `pools` (pools by class) or `url` (a single provider) is missing",
            ],
        ),
        (
            target(r#"{"strategy":"prioriti"}"#),
            &[
                "1:17: targets[\"a\"]: `providers` (a pool) or `pools` (pools by class) or `url` (a single provider) is missing",
                "1:29: targets[\"a\"].strategy: unknown value `prioriti`; did you mean `priority`?",
            ],
        ),
        (
            target(r#"{"onwards_key":"sk-x"}"#),
            &["1:17: targets[\"a\"]: this looks like a single provider, but `url` is missing"],
        ),
        (target(r#"[{"weight":1}]"#), &["1:18: targets[\"a\"][0]: `url` is missing"]),
        (
            target(r#""https://x""#),
            &[
                "1:17: targets[\"a\"]: expected a list or an object with `providers` or an object with `pools` or an object with `url`, found text; write `{\"url\": …}`",
            ],
        ),
        (
            target("null"),
            &[
                "1:17: targets[\"a\"]: expected a list or an object with `providers` or an object with `pools` or an object with `url`, found `null`",
            ],
        ),
        (
            target(r#"{"pools":{"completions":[]}}"#),
            &["1:26: targets[\"a\"].pools: `default` is missing"],
        ),
        (
            target(r#"{"pools":{"default":[],"completion":[]}}"#),
            &[
                "1:40: targets[\"a\"].pools.completion: unknown key `completion`; did you mean `completions`?",
            ],
        ),
        (
            target(r#"{"pools":{"default":[],"chat":[]}}"#),
            &["1:40: targets[\"a\"].pools.chat: unknown key `chat`"],
        ),
        (
            target(r#"{"providers":[],"pools":{"default":[]}}"#),
            &[
                "1:33: targets[\"a\"].pools: unknown key `pools`; a target has `pools` in place of `providers` and of `url`",
            ],
        ),
        (
            target(r#"{"pools":{"default":[],"completions":[{"weight":1}]}}"#),
            &["1:55: targets[\"a\"].pools.completions[0]: `url` is missing"],
        ),
        (
            target(r#"{"providers":{"url":"u"}}"#),
            &["1:30: targets[\"a\"].providers: expected a list, found an object"],
        ),
    ]);
}

#[test]
fn wrong_types_and_missing_keys() {
    each(&[
        ("[]".into(), &["1:1: expected an object with `targets`, found a list"]),
        ("{}".into(), &["1:1: `targets` is missing"]),
        (
            r#"{"targets":[]}"#.into(),
            &[
                "1:12: targets: expected an object, found a list; write `{\"NAME\": …, \"NAME\": …}`",
            ],
        ),
        (target(r#"{"url":5}"#), &["1:24: targets[\"a\"].url: expected text, found a number"]),
        (
            provider(r#""weight":"5""#),
            &[
                "1:38: targets[\"a\"][0].weight: expected a whole number ≥ 0, found text; write it without quotes",
            ],
        ),
        (
            pool(r#""trusted":1"#),
            &["1:43: targets[\"a\"].trusted: expected `true` or `false`, found a number"],
        ),
        (
            pool(r#""rate_limit":5"#),
            &[
                "1:46: targets[\"a\"].rate_limit: expected an object with `requests_per_second`, found a number; write `{\"requests_per_second\": …}`",
            ],
        ),
        (
            pool(r#""rate_limit":{}"#),
            &["1:46: targets[\"a\"].rate_limit: `requests_per_second` is missing"],
        ),
        (
            r#"{"targets":{},"auth":{"key_definitions":{"k":{"key":"x","labels":{"n":1}}}}}"#
                .into(),
            &["1:71: auth.key_definitions[\"k\"].labels.n: expected text, found a number"],
        ),
        (
            pool(r#""routing_rules":[{"match_labels":{},"action":{}}]"#),
            &[
                "1:78: targets[\"a\"].routing_rules[0].action: `type` is missing: `deny` or `redirect`",
            ],
        ),
        (
            pool(r#""routing_rules":[{"match_labels":{},"action":{"type":"denny"}}]"#),
            &[
                "1:86: targets[\"a\"].routing_rules[0].action.type: unknown value `denny`; did you mean `deny`?",
            ],
        ),
        (
            pool(r#""routing_rules":[{"match_labels":{},"action":{"type":"redirect"}}]"#),
            &["1:78: targets[\"a\"].routing_rules[0].action: `target` is missing"],
        ),
        (
            pool(r#""strategy":"fastest""#),
            &[
                "1:44: targets[\"a\"].strategy: unknown value; expected `weighted_random`, `priority`, `round_robin`, `least_busy`, `lowest_latency`, `lowest_cost` or `sticky`",
            ],
        ),
    ]);
}

#[test]
fn numbers_out_of_range() {
    let rate = |n: &str| pool(&format!(r#""rate_limit":{{"requests_per_second":{n}}}"#));
    let at = "1:69: targets[\"a\"].rate_limit.requests_per_second: expected a number";
    for (written, expected) in [
        ("0", format!("{at} > 0, found 0")),
        ("0.0", format!("{at} > 0, found 0.0")),
        ("-1", format!("{at} > 0, found -1")),
        ("1e-9", format!("{at} ≥ 0.000001, found 1e-9")),
        ("1e300", format!("{at} ≤ 1000000000, found 1e300")),
        ("null", format!("{at} > 0, found `null`")),
        ("\"NaN\"", format!("{at} > 0, found text; write it without quotes")),
    ] {
        assert_eq!(lines(&rate(written)), [expected], "{written}");
    }
    assert!(lines(&rate("1e999"))[0].ends_with("this is not a JSON number"));
    assert!(lines(&rate("NaN"))[0].contains("expected a value, found `N`"));
    let whole = "expected a whole number";
    for (text, expected) in [
        (pool(r#""rate_limit":{"requests_per_second":1,"burst_size":0}"#), "≥ 1, found 0"),
        (pool(r#""rate_limit":{"requests_per_second":1,"burst_size":1.5}"#), "≥ 1, found 1.5"),
        (pool(r#""concurrency_limit":{"max_concurrent_requests":0}"#), "≥ 1, found 0"),
        (provider(r#""weight":-1"#), "≥ 0, found -1"),
        (provider(r#""weight":4294967296"#), "≤ 4294967295, found 4294967296"),
        (provider(r#""weight":0.5"#), "≥ 0, found 0.5"),
        (provider(r#""request_timeout_secs":0"#), "≥ 1, found 0"),
        (provider(r#""timeouts":{"idle_ms":0}"#), "≥ 1, found 0"),
        (provider(r#""timeouts":{"idle_ms":1e18}"#), "≤ 9007199254740991, found 1e18"),
        (pool(r#""fallback":{"on_status":[600]}"#), "≤ 599, found 600"),
        (pool(r#""fallback":{"on_status":[0]}"#), "≥ 1, found 0"),
        (pool(r#""fallback":{"max_attempts":0}"#), "≥ 1, found 0"),
    ] {
        let lines = lines(&text);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].ends_with(&format!("{whole} {expected}")), "{lines:?}");
    }
}

#[test]
fn keys_are_never_empty() {
    each(&[
        (
            provider(r#""onwards_key":"""#),
            &["1:43: targets[\"a\"][0].onwards_key: a key must not be empty"],
        ),
        (
            provider(r#""onwards_key":[]"#),
            &["1:43: targets[\"a\"][0].onwards_key: expected a list that is not empty"],
        ),
        (
            provider(r#""onwards_key":["k",""]"#),
            &["1:48: targets[\"a\"][0].onwards_key[1]: a key must not be empty"],
        ),
        (
            provider(r#""onwards_key":7"#),
            &["1:43: targets[\"a\"][0].onwards_key: expected text or a list, found a number"],
        ),
        (pool(r#""keys":[""]"#), &["1:41: targets[\"a\"].keys[0]: a key must not be empty"]),
        (
            r#"{"targets":{},"auth":{"global_keys":[""]}}"#.into(),
            &["1:38: auth.global_keys[0]: a key must not be empty"],
        ),
    ]);
}

#[test]
fn duplicate_keys_name_both_places() {
    each(&[
        (
            "{\"targets\": {\n  \"gpt-4\": {\"url\": \"u\"},\n  \"gpt\\u002d4\": []}}".into(),
            &["3:3: targets[\"gpt-4\"]: this key is written twice, first at 2:3"],
        ),
        (
            pool(r#""trusted":true,"trusted":true"#),
            &["1:48: targets[\"a\"].trusted: this key is written twice, first at 1:33"],
        ),
    ]);
}
