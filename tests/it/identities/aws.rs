//! Temporary pairs of AWS: who is asked and how, how often, and what happens when nobody answers.
//!
//! Never: a request waits for a pair while there is a good one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{SECRET, bedrock, log_with, moment, pair, signer, source};
use crate::support::router::run_cli_with;
use crate::support::{Accept, Launch, Reply, Router, Seen, Upstream, eventually, ms, secs};

fn targets(upstream: &Upstream) -> Value {
    json!({"targets": {"m": {"url": upstream.base(), "protocol": "bedrock",
        "onwards_model": "amazon.nova", "aws": {"region": "eu-west-1"}}}})
}

/// A metadata service that hands out one pair after the other, each good for so long.
async fn instance(good_for: u64) -> Upstream {
    let handed_out = Arc::new(AtomicUsize::new(0));
    source(move |seen: &Seen| match (seen.method.as_str(), seen.target.as_str()) {
        ("PUT", "/latest/api/token") if seen.header(TTL).is_some() => {
            Reply::new(200).body("imds-session")
        }
        _ if seen.header("x-aws-ec2-metadata-token") != Some("imds-session") => Reply::new(401),
        ("GET", ROLES) => Reply::new(200).body("gateway-role\n"),
        ("GET", target) if target == format!("{ROLES}gateway%2Drole") => {
            Reply::json(200, &pair(handed_out.fetch_add(1, Ordering::Relaxed) + 1, good_for))
        }
        _ => Reply::new(404),
    })
    .await
}

fn on_instance(targets: &Value, metadata: &Upstream) -> Launch {
    Launch::new(targets).env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.base())
}

#[tokio::test]
async fn an_instance_is_asked_once_by_all_and_again_by_none() {
    let (upstream, metadata) = (bedrock().await, instance(21_600).await);
    let router = Arc::new(on_instance(&targets(&upstream), &metadata).start().await);
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let router = Arc::clone(&router);
            tokio::spawn(async move { router.chat("m").await.status })
        })
        .collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(metadata.hits(), 3, "one token, one role, one pair");
    for seen in upstream.requests() {
        assert!(signer(&seen).starts_with("ASIA1/"), "{seen:?}");
        assert!(signer(&seen).ends_with("/eu-west-1/bedrock/aws4_request"), "{seen:?}");
        assert_eq!(seen.header("x-amz-security-token"), Some("session-1"));
    }
    // What was fetched outlives a reload.
    let mut other = targets(&upstream);
    other["targets"]["n"] = other["targets"]["m"].clone();
    router.write_targets(&other).await;
    assert!(router.serves(&["m", "n"], secs(5)).await);
    assert_eq!(router.chat("n").await.status, 200);
    assert_eq!(metadata.hits(), 3, "another provider of the same instance");
    let log = log_with(&router, "a credential was fetched").await;
    assert!(!log.contains(SECRET) && !log.contains("session-1") && !log.contains("imds-"), "{log}");
}

#[tokio::test]
async fn a_pair_is_fetched_anew_while_the_old_one_is_used() {
    let (upstream, metadata) = (bedrock().await, instance(4).await);
    let router = on_instance(&targets(&upstream), &metadata).start().await;
    assert_eq!(router.chat("m").await.status, 200);
    tokio::time::sleep(ms(2200)).await;
    assert_eq!(router.chat("m").await.status, 200);
    assert!(signer(&upstream.last()).starts_with("ASIA1/"), "nobody waits for the new one");
    let renewed = eventually(secs(5), async || {
        router.chat("m").await;
        signer(&upstream.last()).starts_with("ASIA2/")
    });
    assert!(renewed.await);
}

#[tokio::test]
async fn a_container_is_asked_with_the_token_of_the_moment() {
    let upstream = bedrock().await;
    let container = source(|seen: &Seen| match seen.header("authorization") {
        Some(token) if seen.target == "/v1/creds?a=b" => {
            let number = token.strip_prefix("pod-token-").unwrap().parse().unwrap();
            Reply::json(200, &pair(number, 3))
        }
        _ => Reply::new(403),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "pod-token-1\n").unwrap();
    let router = Launch::new(&targets(&upstream))
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1/creds?a=b", container.base()))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.to_str().unwrap())
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one")
        .start()
        .await;
    assert_eq!(router.chat("m").await.status, 200);
    assert!(signer(&upstream.last()).starts_with("ASIA1/"));
    std::fs::write(&file, "pod-token-2\n").unwrap();
    let renewed = eventually(secs(6), async || {
        router.chat("m").await;
        signer(&upstream.last()).starts_with("ASIA2/")
    });
    assert!(renewed.await);
}

#[tokio::test]
async fn sts_is_shown_the_word_of_another() {
    let upstream = bedrock().await;
    let sts = source(|seen: &Seen| {
        let form = String::from_utf8_lossy(&seen.body).into_owned();
        let asked = "Action=AssumeRoleWithWebIdentity&Version=2011%2D06%2D15\
                     &RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fgateway&RoleSessionName=onwards\
                     &WebIdentityToken=eyJ%2Ehdr%2Esig";
        if seen.method != "POST" || form != asked {
            return Reply::new(400).body("<E><Error><Code>ValidationError</Code></Error></E>");
        }
        Reply::new(200).header("content-type", "text/xml").body(format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>ASIA9</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
             <SessionToken>session/9==</SessionToken><Expiration>{}</Expiration>\
             </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
            moment(3600)
        ))
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "eyJ.hdr.sig").unwrap();
    let router = Launch::new(&targets(&upstream))
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap())
        .env("AWS_ROLE_ARN", "arn:aws:iam::1:role/gateway")
        .env("AWS_ENDPOINT_URL_STS", sts.base())
        .start()
        .await;
    assert_eq!(router.chat("m").await.status, 200);
    assert!(signer(&upstream.last()).starts_with("ASIA9/"));
    assert_eq!(upstream.last().header("x-amz-security-token"), Some("session/9=="));
}

/// A bedrock provider whose pair is not to be had, and another one behind it.
async fn behind(metadata: &Upstream) -> (Router, Upstream, Upstream) {
    let (upstream, backup) = (bedrock().await, Upstream::start(Reply::chat("backup")).await);
    let targets = json!({"targets": {
        "m": {
            "strategy": "priority", "fallback": {"enabled": true, "on_status": [429]},
            "timeouts": {"connect_ms": 300},
            "providers": [
                {"name": "aws", "url": upstream.base(), "protocol": "bedrock", "aws": {"region": "r"}},
                {"name": "backup", "url": backup.base()}]},
        "alone": {"name": "aws", "url": upstream.base(), "protocol": "bedrock",
            "aws": {"region": "r"}, "timeouts": {"connect_ms": 300}}}});
    (on_instance(&targets, metadata).start().await, upstream, backup)
}

#[tokio::test]
async fn without_a_pair_the_next_provider_serves_and_the_log_says_why() {
    let no_role = source(|seen: &Seen| match seen.method.as_str() {
        "PUT" => Reply::new(200).body("t"),
        _ => Reply::new(404),
    });
    for (metadata, cause, step, status) in [
        (Upstream::refused(), "tcp connect error", "connect", 502),
        (no_role.await, "answered 404", "connect", 502),
        (Upstream::start(Accept::Silent).await, "", "timeout", 504),
    ] {
        let (router, upstream, _backup) = behind(&metadata).await;
        let answer = router.chat("m").await;
        assert_eq!(answer.said(), "backup", "{step}: {}", answer.text());
        assert_eq!(answer.attempts(), format!("aws={step},backup=200"));
        let alone = router.chat("alone").await;
        assert_eq!(alone.status, status, "{}", alone.text());
        assert!(!alone.text().contains("metadata") && !alone.text().contains("credential"));
        assert_eq!(upstream.hits(), 0, "nothing is sent without a signature");
        if !cause.is_empty() {
            let log = log_with(&router, cause).await;
            let told = log.contains("a credential cannot be fetched");
            assert!(told && log.contains("the AWS instance"), "{log}");
        }
    }
}

#[tokio::test]
async fn a_source_that_comes_back_is_asked_again() {
    let failures = Arc::new(AtomicUsize::new(0));
    let container = source(move |_: &Seen| match failures.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::error(500, "not yet"),
        _ => Reply::json(200, &pair(5, 3600)),
    })
    .await;
    let upstream = bedrock().await;
    let router = Launch::new(&targets(&upstream))
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.base())
        .start()
        .await;
    for _ in 0..5 {
        assert_eq!(router.chat("m").await.status, 502);
    }
    assert_eq!(container.hits(), 1, "a moment's failure is told without asking");
    assert!(eventually(secs(5), async || router.chat("m").await.status == 200).await);
    assert_eq!(container.hits(), 2);
}

#[test]
fn a_pair_that_cannot_be_had_is_said_at_load_where_it_is_known() {
    let check = |aws: Value, env: &[(&str, &str)]| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("targets.json");
        let url = "https://bedrock-runtime.eu-west-1.amazonaws.com";
        let targets = json!({"targets": {"m": {"url": url, "protocol": "bedrock", "aws": aws}}});
        std::fs::write(&file, targets.to_string()).unwrap();
        let output = run_cli_with(["check", file.to_str().unwrap()], env);
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (good, text) = check(Value::Null, &[]);
    assert!(good, "the region stands in the host: {text}");
    let (good, text) = check(Value::Null, &[("AWS_EC2_METADATA_DISABLED", "true")]);
    assert!(!good && text.contains("the access key pair for signing is missing"), "{text}");
    let (good, text) = check(json!({"access_key_id": "AKIA"}), &[]);
    assert!(!good && text.contains("`secret_access_key` is missing"), "{text}");
    let (good, text) = check(json!({"secret_access_key": SECRET}), &[]);
    assert!(
        !good && text.contains("`access_key_id` is missing") && !text.contains(SECRET),
        "{text}"
    );
    let far = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/creds")];
    let (good, text) = check(Value::Null, &far);
    assert!(!good && text.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI"), "{text}");
}

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
