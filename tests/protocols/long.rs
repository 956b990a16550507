//! A request's cost grows with its length and no faster: whoever may send a large body must not hold a
//! core up with it.

use std::time::{Duration, Instant};

use onwards::protocol::Protocol;
use onwards::protocol::codec::Head;

use super::corpus::target;

/// As many as a body of a few megabytes holds.
const MANY: usize = 20_000;
/// What takes milliseconds here took minutes when each was compared with all before it.
const PATIENCE: Duration = Duration::from_secs(8);

#[test]
fn many_calls_and_their_results_cost_no_more_than_each() {
    let calls = list(|n| {
        format!(
            r#"{{"id":"c{n}","type":"function","function":{{"name":"f.{n}","arguments":"{{}}"}}}}"#
        )
    });
    let results =
        list(|n| format!(r#"{{"role":"tool","tool_call_id":"c{}","content":"r"}}"#, MANY - 1 - n));
    within_patience(
        Protocol::OpenAi,
        &format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"q"}},{{"role":"assistant","tool_calls":[{calls}]}},{results}]}}"#
        ),
    );
    let calls = list(|n| format!(r#"{{"functionCall":{{"name":"f{n}","args":{{}}}}}}"#));
    let results = list(|n| {
        format!(r#"{{"functionResponse":{{"name":"f{}","response":{{}}}}}}"#, MANY - 1 - n)
    });
    within_patience(
        Protocol::Gemini,
        &format!(
            r#"{{"contents":[{{"parts":[{{"text":"q"}}]}},{{"role":"model","parts":[{calls}]}},{{"parts":[{results}]}}]}}"#
        ),
    );
}

#[test]
fn many_instructions_cost_no_more_than_each() {
    let rule = "rule ".repeat(50);
    let parts = list(|_| format!(r#"{{"type":"text","text":"{rule}"}}"#));
    within_patience(
        Protocol::OpenAi,
        &format!(
            r#"{{"model":"m","messages":[{{"role":"system","content":[{parts}]}},{{"role":"user","content":"q"}}]}}"#
        ),
    );
}

#[test]
fn many_tools_and_unknown_fields_cost_no_more_than_each() {
    let tools = list(|n| format!(r#"{{"type":"function","function":{{"name":"f.{n}"}}}}"#));
    let body = |fields: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"q"}}],"tools":[{tools}],{fields}}}"#
        )
    };
    let fields = list(|n| format!(r#""field {}":1"#, n % 1_000));
    let refused = Protocol::OpenAi.codec().read_request(body(&fields).as_bytes(), &Head::default());
    assert_eq!(refused.unwrap_err().to_string(), "must not have more than 1024 fields");
    let fields: Vec<String> = (0..1_000).map(|n| format!(r#""field {n}":1"#)).collect();
    within_patience(Protocol::OpenAi, &body(&fields.join(",")));
}

#[test]
fn many_documents_of_one_name_cost_no_more_than_each() {
    let file = r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}"#;
    let files = list(|_| file.to_owned());
    within_patience(
        Protocol::OpenAi,
        &format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{files}]}}]}}"#),
    );
}

fn list(one: impl Fn(usize) -> String) -> String {
    (0..MANY).map(one).collect::<Vec<_>>().join(",")
}

/// The request is read and written for everybody.
fn within_patience(from: Protocol, request: &str) {
    let head = Head { model: Some("m"), ..Head::default() };
    let timed = |what: &str, began: Instant| {
        let took = began.elapsed();
        assert!(took < PATIENCE, "{what} took {took:?}");
    };
    let began = Instant::now();
    let read = from.codec().read_request(request.as_bytes(), &head).unwrap();
    timed("reading", began);
    for &to in Protocol::ALL {
        let began = Instant::now();
        to.codec().write_request(&read, &target(to)).unwrap();
        timed(to.name(), began);
    }
}
