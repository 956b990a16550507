//! No sequence of faults ever delivers bytes of two attempts: every attempt of every provider stamps what it says
//! with a mark of its own, and proptest looks for the shortest sequence after which a client holds two of them.
//!
//! Never: a request's answer is compared with anything but the attempts that were made for that request.

mod acts;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use self::acts::{Act, Stage};
use crate::support::{Call, Response, Router, Upstream, chat, provider};

/// One request: which alias, in which protocol, streamed or not, and what becomes of each of its attempts in turn.
#[derive(Clone, Debug)]
struct Ask {
    alias: &'static str,
    anthropic: bool,
    stream: bool,
    acts: Vec<Act>,
}

fn ask(aliases: &'static [&'static str]) -> impl Strategy<Value = Ask> {
    let acts = prop::collection::vec(acts::any(), 0..5);
    (prop::sample::select(aliases), any::<bool>(), any::<bool>(), acts)
        .prop_map(|(alias, anthropic, stream, acts)| Ask { alias, anthropic, stream, acts })
}

/// Every shape of pool over the same providers: two that speak one protocol, one that speaks another.
fn targets(upstreams: &[Upstream; 3]) -> Value {
    let mut providers: Vec<Value> = ["first", "second", "third"]
        .iter()
        .zip(upstreams)
        .map(|(name, upstream)| provider(name, upstream))
        .collect();
    providers[2]["protocol"] = json!("anthropic");
    let pool = |more: Value| {
        let mut pool = json!({
            "strategy": "priority",
            "fallback": {"enabled": true, "max_attempts": 4, "on": ["malformed"]},
            "timeouts": {"response_ms": 80, "first_event_ms": 80, "idle_ms": 80},
            "providers": providers,
        });
        more.as_object().unwrap().iter().for_each(|(key, value)| pool[key] = value.clone());
        pool
    };
    let hedge = json!({"after_ms": 10, "max_extra": 1.0, "side_effects": true});
    let to = json!({"enabled": true, "on": ["malformed"], "to": ["plain"]});
    json!({"targets": {
        "plain": pool(json!({})),
        "hedged": pool(json!({"hedge": hedge})),
        "random": pool(json!({"strategy": "weighted_random", "hedge": hedge})),
        "chained": pool(json!({"providers": [providers[2]], "fallback": to})),
        "closed": pool(json!({"fallback": {"enabled": false}})),
        "kept": pool(json!({"keepalive_secs": 1,
            "timeouts": {"response_ms": 1_400, "first_event_ms": 1_400, "idle_ms": 1_400}})),
    }})
}

/// The laboratory for many requests after one another.
struct Laboratory {
    stage: Stage,
    router: Router,
    _upstreams: [Upstream; 3],
}

impl Laboratory {
    async fn open() -> Self {
        let stage = Stage::default();
        let upstreams = [
            Upstream::start(stage.script("first")).await,
            Upstream::start(stage.script("second")).await,
            Upstream::start(stage.script("third")).await,
        ];
        let router = Router::start(&targets(&upstreams)).await;
        Self { stage, router, _upstreams: upstreams }
    }

    /// Sends them all at once; says what is wrong with the first answer that holds what it may not.
    async fn judge(&self, asks: &[Ask]) -> Result<(), String> {
        let one = async |ask: &Ask| {
            let case = self.stage.open_case(&ask.acts);
            let mut body = chat(ask.alias);
            body["stream"] = json!(ask.stream);
            body["max_tokens"] = json!(9);
            body["messages"][0]["content"] = json!(acts::case_word(case));
            let path = if ask.anthropic { "/v1/messages" } else { "/v1/chat/completions" };
            let call = Call::post(path).json(&body);
            match call.try_send(self.router.addr()).await {
                Ok(answer) => self.verdict(case, &answer).map_err(|why| format!("{why}\n{ask:?}")),
                Err(error) => Err(format!("no answer at all: {error}\n{ask:?}")),
            }
        };
        let verdicts = futures_util::future::join_all(asks.iter().map(one)).await;
        verdicts.into_iter().collect()
    }

    /// All marks in head and body are of one attempt, made for this request; and untranslated bytes are a beginning
    /// of what that attempt said.
    fn verdict(&self, case: usize, answer: &Response) -> Result<(), String> {
        let heads: String = answer.headers.iter().map(|(_, value)| format!("{value}\n")).collect();
        let all = format!("{heads}{}", answer.text());
        let marks: BTreeSet<_> = acts::marks(&all).collect();
        if marks.len() > 1 || marks.iter().any(|(of, _)| *of != case) {
            return Err(format!("bytes of {marks:?} in the answer to {case}: {all}"));
        }
        let Some((_, attempt)) = marks.first() else { return Ok(()) };
        let said = self.stage.said(case, *attempt);
        let body = answer.text().replace(": keep-alive\n\n", "");
        let own = body.split("data: {\"error\":{\"message\":\"The provider").next().unwrap();
        let whole = String::from_utf8_lossy(&said);
        let untranslated = own.contains("chat.completion") && whole.contains("chat.completion");
        if untranslated && !whole.starts_with(own) {
            return Err(format!("this is not what attempt {attempt} said:\n{own}\n---\n{whole}"));
        }
        Ok(())
    }
}

fn hold(cases: u32, at_once: usize, aliases: &'static [&'static str]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let laboratory = runtime.block_on(Laboratory::open());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        max_shrink_time: SHRINKING.as_millis() as u32,
        ..ProptestConfig::default()
    };
    let asks = prop::collection::vec(ask(aliases), 1..=at_once);
    let held = TestRunner::new(config)
        .run(&asks, |asks| runtime.block_on(laboratory.judge(&asks)).map_err(TestCaseError::fail));
    if let Err(error) = held {
        panic!("{error}");
    }
    let made = laboratory.stage.attempts();
    assert!(made > cases as usize, "attempts were made: {made}");
}

#[test]
fn no_sequence_of_faults_delivers_bytes_of_two_attempts() {
    hold(128, 32, &["plain", "hedged", "random", "chained", "closed"]);
}

#[test]
fn nor_does_one_behind_comments() {
    hold(4, 96, &["kept"]);
}

/// How long a failing sequence is made shorter.
const SHRINKING: Duration = Duration::from_secs(60);
