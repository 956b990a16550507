//! `docs/administration.md` and `docs/openapi.json`, run against the binary: each line of curl does what its
//! page says, each operation is there and answers in the form that is told.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use super::{KEY, administered, call, get};
use crate::support::{Call, Launch};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/administration.md");
    std::fs::read_to_string(path).unwrap()
}

/// The commands of the page that ask with curl, in order.
fn commands() -> Vec<String> {
    let page = page();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let whole: Vec<String> = blocks.map(|block| block.replace("\\\n", " ")).collect();
    let mut commands: Vec<String> = Vec::new();
    for line in whole.iter().flat_map(|block| block.lines()) {
        match commands.last_mut() {
            // Inside a body that goes over several lines.
            Some(last) if last.matches('\'').count() % 2 == 1 => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ if line.starts_with("curl ") => commands.push(line.to_owned()),
            _ => {}
        }
    }
    commands
}

#[tokio::test]
async fn every_line_of_curl_in_the_page_succeeds() {
    let launch = Launch::raw("{\n  \"targets\": {}\n}\n").env("ONWARDS_ADMIN_KEY", KEY);
    let launch =
        launch.env("OPENAI_API_KEY", "sk-a-test-key").env("ANTHROPIC_API_KEY", "sk-another");
    let router = launch.start().await;
    let commands = commands();
    assert!(commands.len() > 14, "{commands:?}");
    for command in commands {
        let address = router.metrics_addr().to_string();
        let asked = command.replace("127.0.0.1:9090", &address).replacen(
            "curl ",
            "curl -sS -w '\\n%{http_code}' ",
            1,
        );
        let output = Command::new("sh")
            .args(["-c", &asked])
            .env("ONWARDS_ADMIN_KEY", KEY)
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let status = said.lines().last().unwrap_or_default().to_owned();
        assert!(
            status == "200" || status == "201",
            "{command}\n{said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test]
async fn every_operation_is_there_and_answers_as_it_is_told() {
    let router = administered(&json!({
        "auth": {"key_definitions": {"k": {"key": "a-token-of-a-caller"}}},
        "targets": {"m": {"url": "mock:", "name": "p"}},
    }))
    .await;
    let document = get(&router, "/admin/openapi.json").await.json();
    let mut seen = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let filled = path
            .replace("{alias}", "m")
            .replace("{provider}", "p")
            .replace("{name}", "k")
            .replace("{id}", "r");
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_uppercase();
            let closed = Call::new(&method, &filled).body("[").send(router.metrics_addr()).await;
            assert_eq!(closed.status, 401, "{method} {path}");
            let writes = operation["requestBody"].is_object();
            let body = if writes { "[" } else { "" };
            let query = if writes { "?dry_run=true" } else { "" };
            let asked = call(&method, &format!("{filled}{query}")).body(body);
            let answer = asked.send(router.metrics_addr()).await;
            assert!(![405, 500].contains(&answer.status), "{method} {path}: {}", answer.text());
            let told: Value = serde_json::from_slice(&answer.body).unwrap();
            match answer.status {
                200 | 201 => {
                    let schema = &operation["responses"]["200"]["content"]["application/json"];
                    let name =
                        schema["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
                    let members = &document["components"]["schemas"][name]["properties"];
                    let open = members.is_null()
                        || path.starts_with("/model")
                        || path.starts_with("/apisix");
                    for member in told.as_object().unwrap().keys().filter(|_| !open) {
                        assert!(members.get(member).is_some(), "{method} {path}: {member}");
                    }
                }
                _ => {
                    let code = told["error"]["code"].as_str().unwrap();
                    let codes =
                        &document["components"]["schemas"]["Refused"]["properties"]["error"];
                    let codes = codes["properties"]["code"]["enum"].as_array().unwrap();
                    assert!(codes.iter().any(|one| one == code), "{method} {path}: {code}");
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}
