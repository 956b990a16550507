//! `onwards admin`: administers a running process from a terminal.

use std::{env, path::PathBuf, process::ExitCode};

use reqwest::{Method, Url};
use serde_json::Value;

use super::{
    port::{self, PATIENCE, Place},
    terminal,
};
use crate::secret::Secret;

#[derive(Debug, clap::Args)]
#[group(id = "admin")]
pub(super) struct Arguments {
    /// The URL of the operations port of the process.
    #[arg(
        long,
        global = true,
        value_name = "http://HOST:PORT",
        default_value = "http://127.0.0.1:9090"
    )]
    url: String,
    /// The file that holds the admin key [default: the variable ONWARDS_ADMIN_KEY].
    #[arg(long, global = true, env = "ONWARDS_ADMIN_KEY_FILE", value_name = "FILE")]
    admin_key_file: Option<PathBuf>,
    /// Print the response of the process as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    wish: Wish,
}

#[derive(Debug, clap::Subcommand)]
enum Wish {
    /// Print every target with its providers and their states.
    Targets,
    /// Print every named key with what it has used.
    Keys,
    /// Take a provider out of rotation; it is asked only when no other provider is left.
    Rest {
        /// The target.
        alias: String,
        /// The provider's name.
        provider: String,
        /// How long it rests [default: until it is woken].
        #[arg(long)]
        seconds: Option<u64>,
    },
    /// End the rest or the drain of a provider.
    Wake {
        /// The target.
        alias: String,
        /// The provider's name.
        provider: String,
    },
    /// Stop sending requests to a provider; requests in flight finish.
    Drain {
        /// The target.
        alias: String,
        /// The provider's name.
        provider: String,
    },
    /// Reload the configuration file.
    Reload,
    /// Print the last finished requests, the oldest first.
    Records {
        /// Start here: `next` of an earlier response (see `--json`), or a time such as
        /// 2026-01-31T09:00:00Z.
        #[arg(long)]
        since: Option<String>,
        /// Only requests of this key.
        #[arg(long)]
        key: Option<String>,
        /// Only requests that asked for this alias or were served by it.
        #[arg(long)]
        alias: Option<String>,
        /// Only requests with this status, such as 503, or this status class, such as 5xx.
        #[arg(long)]
        status: Option<String>,
        /// The most requests to print.
        #[arg(long)]
        limit: Option<u16>,
    },
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match answered(arguments) {
        Ok(answer) if !is_answer(&arguments.wish, &answer) => {
            let name = port::place(&arguments.url).map(|place| place.is_another());
            terminal::complain(&format!("onwards: {}", name.unwrap_or_default()));
            return ExitCode::FAILURE;
        }
        Ok(answer) if arguments.json => terminal::say(&format!("{answer:#}")),
        Ok(answer) => terminal::say(told(&arguments.wish, &answer).trim_end()),
        Err(why) => {
            terminal::complain(&format!("onwards: {why}"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Sends the request and returns the response of the process.
fn answered(arguments: &Arguments) -> Result<Value, String> {
    let place = port::place(&arguments.url)?;
    let key = key(arguments)?;
    let (method, url) = asked(&place, &arguments.wish)?;
    port::runtime()?.block_on(async {
        let request = port::client()?.request(method, url).bearer_auth(key.expose());
        let answer = async {
            let answer = request.send().await.map_err(|error| place.problem(error))?;
            let status = answer.status().as_u16();
            let body = answer.bytes().await.map_err(|error| place.problem(error))?;
            Ok::<_, String>((status, serde_json::from_slice::<Value>(&body).ok()))
        };
        let late = |_| Err(place.is_slow());
        let answer = tokio::time::timeout(PATIENCE * SLOW, answer).await.unwrap_or_else(late)?;
        match answer {
            (200, Some(answer)) => Ok(answer),
            (421, _) => Err(place.is_misnamed()),
            (404, None) => Err(format!("{} has no admin key, or an older version", place.name())),
            (_, Some(refused)) => match refused["error"]["message"].as_str() {
                Some(message) => Err(message.to_owned()),
                None => Err(place.is_another()),
            },
            (_, None) => Err(place.is_another()),
        }
    })
}

/// Whether the response has the expected form: another server may listen at the address.
fn is_answer(wish: &Wish, answer: &Value) -> bool {
    match wish {
        Wish::Targets => answer["targets"].is_array(),
        Wish::Keys => answer["keys"].is_array(),
        Wish::Records { .. } => answer["records"].is_array(),
        Wish::Reload => answer["version"].is_u64(),
        Wish::Rest { .. } | Wish::Wake { .. } | Wish::Drain { .. } => answer["told"].is_string(),
    }
}

fn key(arguments: &Arguments) -> Result<Secret, String> {
    let text = match &arguments.admin_key_file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("--admin-key-file: {}: {error}", file.display()))?,
        None => env::var("ONWARDS_ADMIN_KEY").unwrap_or_default(),
    };
    match text.trim() {
        "" => Err("put the admin key into ONWARDS_ADMIN_KEY".to_owned()),
        key => Ok(Secret::new(key.to_owned())),
    }
}

fn asked(place: &Place, wish: &Wish) -> Result<(Method, Url), String> {
    let of_provider = |alias: &str, provider: &str, verb: &str| {
        let mut url = place.url("admin/providers/")?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend([alias, provider, verb]);
        }
        Ok::<_, String>((Method::POST, url))
    };
    match wish {
        Wish::Targets => Ok((Method::GET, place.url("admin/targets")?)),
        Wish::Keys => Ok((Method::GET, place.url("admin/keys")?)),
        Wish::Reload => Ok((Method::POST, place.url("admin/reload")?)),
        Wish::Records { since, key, alias, status, limit } => {
            let mut url = place.url("admin/records")?;
            let limit = limit.map(|limit| limit.to_string());
            for (name, value) in [
                ("since", since),
                ("key", key),
                ("alias", alias),
                ("status", status),
                ("limit", &limit),
            ] {
                if let Some(value) = value {
                    url.query_pairs_mut().append_pair(name, value);
                }
            }
            Ok((Method::GET, url))
        }
        Wish::Wake { alias, provider } => of_provider(alias, provider, "wake"),
        Wish::Drain { alias, provider } => of_provider(alias, provider, "drain"),
        Wish::Rest { alias, provider, seconds } => {
            let (method, mut url) = of_provider(alias, provider, "rest")?;
            if let Some(seconds) = seconds {
                url.query_pairs_mut().append_pair("seconds", &seconds.to_string());
            }
            Ok((method, url))
        }
    }
}

/// The response as text.
fn told(wish: &Wish, answer: &Value) -> String {
    let text = |value: &Value| printable(value.as_str().unwrap_or_default());
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match wish {
        Wish::Targets => list(&answer["targets"])
            .iter()
            .map(|target| {
                let providers = list(&target["providers"]);
                let lines: String = providers
                    .iter()
                    .map(|it| {
                        let (name, state) = (text(&it["name"]), text(&it["told"]));
                        let (weight, in_flight) = (&it["weight"], &it["in_flight"]);
                        format!("  {name}: {state}, weight {weight}, {in_flight} in flight\n")
                    })
                    .collect();
                format!("{}\n{lines}", text(&target["alias"]))
            })
            .collect(),
        Wish::Keys => list(&answer["keys"])
            .iter()
            .map(|key| {
                let number = |name: &str| key[name].as_f64().unwrap_or_default();
                let tokens = number("input_tokens") + number("output_tokens");
                let blocked = key["definition"]["disabled"] == true;
                let state = if blocked { "blocked" } else { "open" };
                format!("{}: {state}, {tokens} tokens, ${}\n", text(&key["name"]), number("cost"))
            })
            .collect(),
        Wish::Records { .. } => list(&answer["records"]).iter().map(record).collect(),
        Wish::Reload => format!("live, version {}", answer["version"]),
        Wish::Rest { .. } | Wish::Wake { .. } | Wish::Drain { .. } => {
            let (alias, provider) = (text(&answer["alias"]), text(&answer["provider"]));
            let (told, in_flight) = (text(&answer["told"]), &answer["in_flight"]);
            format!("{alias} / {provider}: {told}, {in_flight} in flight")
        }
    }
}

/// One finished request on one line.
fn record(it: &Value) -> String {
    let text = |name: &str| printable(it[name].as_str().unwrap_or_default());
    let attempts = it["attempts"].as_array().cloned().unwrap_or_default();
    let attempts: Vec<String> = attempts
        .iter()
        .map(|one| {
            let part = |name: &str| printable(one[name].as_str().unwrap_or_default());
            format!("{}={}", part("provider"), part("outcome"))
        })
        .collect();
    let key = if it["key"].is_string() { format!("  key {}", text("key")) } else { String::new() };
    let (status, ms) = (&it["status"], it["ms"].as_f64().unwrap_or_default());
    let (time, alias, id) = (text("time"), text("alias"), text("id"));
    format!("{time}  {status}  {alias}  {}  {ms:.0} ms{key}  {id}\n", attempts.join(","))
}

/// The text without control characters, since text from another process must not control the
/// terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Seconds. A change is answered when it is live.
const SLOW: u32 = 14;
