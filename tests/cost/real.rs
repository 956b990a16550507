//! What applications send, as long as it gets: chats of agents with many small parts, tables of rows
//! as a tool's result, schemas of tools.

/// The protocol, what it is, and one of about so many bytes.
type Real = (&'static str, &'static str, fn(usize) -> String);

/// Bodies of about that length, by the protocol that reads them.
pub(crate) fn requests(protocol: &str, length: usize) -> Vec<(&'static str, String)> {
    let all: [Real; 16] = [
        ("openai", "an agent's chat", |n| openai(&fill(n, OPENAI_TURN), "")),
        ("openai", "parts", |n| {
            openai(&said("user", &fill(n, r#"{"type":"text","text":"@"}"#)), "")
        }),
        ("openai", "calls and results", |n| openai(&fill(n, OPENAI_CALL), "")),
        ("openai", "tools", |n| openai(&said("user", TEXT), &tools(n))),
        ("openai_responses", "an agent's chat", |n| {
            responses(&fill(
                n,
                r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"@"}]}"#,
            ))
        }),
        ("openai_responses", "calls and results", |n| responses(&fill(n, RESPONSES_CALL))),
        ("anthropic", "an agent's chat", |n| {
            anthropic(&fill(n, r#"{"role":"user","content":[{"type":"text","text":"@"}]}"#))
        }),
        ("anthropic", "calls and results", |n| anthropic(&fill(n, ANTHROPIC_CALL))),
        ("anthropic", "rows in calls", |n| {
            anthropic(&format!(
                r#"{{"role":"assistant","content":[{{"type":"tool_use","id":"a","name":"f","input":{{"rows":[{}]}}}}]}}"#,
                fill(n, ROW)
            ))
        }),
        ("gemini", "an agent's chat", |n| {
            gemini(&fill(n, r#"{"role":"user","parts":[{"text":"@"}]}"#))
        }),
        ("gemini", "calls and results", |n| gemini(&fill(n, GEMINI_CALL))),
        ("gemini", "rows", |n| {
            gemini(&format!(
                r#"{{"parts":[{{"functionResponse":{{"name":"f","response":{{"rows":[{}]}}}}}}]}}"#,
                fill(n, ROW)
            ))
        }),
        ("gemini", "rows of numbers", |n| {
            gemini(&format!(
                r#"{{"parts":[{{"functionResponse":{{"name":"f","response":{{"rows":[{}]}}}}}}]}}"#,
                fill(n, "[17,2.5,1024,0.75,33]")
            ))
        }),
        ("bedrock", "an agent's chat", |n| {
            bedrock(&fill(n, r#"{"role":"user","content":[{"text":"@"}]}"#))
        }),
        ("bedrock", "rows", |n| {
            bedrock(&format!(
                r#"{{"role":"user","content":[{{"toolResult":{{"toolUseId":"a","content":[{{"json":{{"rows":[{}]}}}}]}}}}]}}"#,
                fill(n, ROW)
            ))
        }),
        ("cohere", "an agent's chat", |n| openai(&fill(n, OPENAI_TURN), "")),
    ];
    let its = all.into_iter().filter(|(name, ..)| *name == protocol);
    its.map(|(_, what, make)| (what, make(length))).collect()
}

fn fill(length: usize, unit: &str) -> String {
    let unit = unit.replace('@', LINE);
    vec![unit.as_str(); length / (unit.len() + 1)].join(",")
}

fn tools(length: usize) -> String {
    let property = r#""path":{"type":"string","description":"The path of the file."}"#;
    let properties: Vec<_> =
        (0..8).map(|i| property.replace("path", &format!("path{i}"))).collect();
    let schema = format!(
        r#"{{"type":"object","properties":{{{}}},"required":["path1"]}}"#,
        properties.join(",")
    );
    let tool = format!(
        r#"{{"type":"function","function":{{"name":"f","description":"what","parameters":{schema}}}}}"#
    );
    fill(length, &tool)
}

fn said(role: &str, parts: &str) -> String {
    format!(r#"{{"role":"{role}","content":[{parts}]}}"#)
}

fn openai(messages: &str, tools: &str) -> String {
    format!(r#"{{"model":"m","messages":[{messages}],"tools":[{tools}]}}"#)
}

fn responses(items: &str) -> String {
    format!(r#"{{"model":"m","input":[{items}]}}"#)
}

fn anthropic(messages: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":9,"messages":[{messages}]}}"#)
}

fn gemini(contents: &str) -> String {
    format!(r#"{{"contents":[{contents}]}}"#)
}

fn bedrock(messages: &str) -> String {
    format!(r#"{{"messages":[{messages}]}}"#)
}

const TEXT: &str = r#"{"type":"text","text":"q"}"#;
/// A line of a file or a log, of 150 bytes.
const LINE: &str = "2026-11-29T21:38:07.123Z INFO request finished: status=200, model=[small], path={/v1/chat/completions}, took 183 ms, attempts primary=503,backup=200 ok";
const ROW: &str = r#"{"id":12345,"name":"A name of a person","city":"Lisbon","open":true}"#;
const OPENAI_TURN: &str = r#"{"role":"user","content":[{"type":"text","text":"@"}]}"#;
const OPENAI_CALL: &str = r#"{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"read_file","arguments":"{\"path\":\"src/main.rs\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"@"}"#;
const RESPONSES_CALL: &str = r#"{"type":"function_call","call_id":"call_1","name":"read_file","arguments":"{\"path\":\"src/main.rs\"}"},{"type":"function_call_output","call_id":"call_1","output":"@"}"#;
const ANTHROPIC_CALL: &str = r#"{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"read_file","input":{"path":"src/main.rs"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"@"}]}]}"#;
const GEMINI_CALL: &str = r#"{"role":"model","parts":[{"functionCall":{"name":"read_file","args":{"path":"src/main.rs"}}}]},{"role":"user","parts":[{"functionResponse":{"name":"read_file","response":{"output":"@"}}}]}"#;
