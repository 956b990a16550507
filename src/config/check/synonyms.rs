//! The names that other gateways and SDKs use for keys of this file.
//!
//! Whether the key may stand at that place is checked elsewhere.

use super::super::look_alike;

/// The key of this file for a name used elsewhere.
pub(super) fn of(key: &str) -> Option<&'static str> {
    let plain: String =
        key.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect();
    let row = SYNONYMS.iter().find(|(names, _)| names.contains(&&*plain))?;
    Some(row.1)
}

/// The hint for a name used elsewhere that no single key replaces.
pub(super) fn elsewhere(key: &str) -> Option<&'static str> {
    let row = ELSEWHERE.iter().find(|(names, _)| names.contains(&key))?;
    Some(row.1)
}

/// Compared without case, `-` and `_`.
const SYNONYMS: &[(&[&str], &str)] = &[
    (&["apikey", "token", "authtoken", "accesskey", "secret", "credential"], "onwards_key"),
    (
        &[
            "baseurl", "apibase", "endpoint", "apiurl", "host", "address", "uri", "target",
            "upstream",
        ],
        "url",
    ),
    (&["model", "modelname", "modelid", "upstreammodel", "deployment"], "onwards_model"),
    (&["type", "provider", "format", "dialect", "apitype", "customllmprovider"], "protocol"),
    (&["headers", "extraheaders", "defaultheaders"], "request_headers"),
    (&["timeout", "requesttimeout", "timeoutsecs"], "request_timeout_secs"),
    (&["models", "routes", "aliasmap"], "targets"),
    (&["upstreams", "backends", "endpoints", "deployments", "targets"], "providers"),
    (&["fallbacks", "fallbackmodels"], "fallback"),
    (&["loadbalancing", "routingstrategy", "balance", "lbstrategy"], "strategy"),
    (&["apikeys", "allowedkeys", "tokens", "accesskeys"], "keys"),
    (&["ratelimits", "rps", "rpm"], "rate_limit"),
    (&["maxconcurrency", "concurrency", "maxparallelrequests"], "concurrency_limit"),
    (&["retries", "maxretries", "numretries"], "max_attempts"),
    (&["cooldowntime"], "cooldown"),
    (&["healthcheckpath"], "health_check"),
    (&["modelaliases", "modelalias"], "aliases"),
];

const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["retries", "max_retries", "maxRetries", "num_retries", "numRetries"],
        "repetitions are `fallback`: `{\"enabled\": true, \"max_attempts\": 3}`",
    ),
    (&["rpm", "requests_per_minute"], "a rate is `rate_limit`: `{\"requests_per_second\": …}`"),
    (
        &[
            "model_list",
            "litellm_settings",
            "router_settings",
            "general_settings",
            "litellm_params",
        ],
        look_alike::LITELLM,
    ),
    (&["pools"], "a target has `pools` in place of `providers` and of `url`"),
    (&["port", "host", "listen", "log_level"], "this is a flag of `onwards serve`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_another_gateway_is_known_however_it_is_spelled() {
        for (written, meant) in [
            ("api_key", "onwards_key"),
            ("apiKey", "onwards_key"),
            ("API-KEY", "onwards_key"),
            ("base_url", "url"),
            ("baseURL", "url"),
            ("api_base", "url"),
            ("model", "onwards_model"),
            ("model_name", "onwards_model"),
        ] {
            assert_eq!(of(written), Some(meant), "{written}");
        }
        assert_eq!(of("colour"), None);
    }
}
