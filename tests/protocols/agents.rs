//! Requests as coding agents send them, at every vendor: nothing that can be left out is a reason
//! to refuse one, and what is left out is named.

use std::path::Path;

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Target, Written};
use onwards::protocol::conversation::Lossy;

use super::rules::broken;

/// Of each vendor one model that thinks and one that does not.
const MODELS: [(Protocol, [&str; 2]); 6] = [
    (Protocol::OpenAi, ["gpt-5.1", "gpt-4o"]),
    (Protocol::OpenAiResponses, ["gpt-5.1-codex", "gpt-4.1"]),
    (Protocol::Anthropic, ["claude-opus-4-6", "claude-3-5-haiku-20241022"]),
    (Protocol::Gemini, ["gemini-3-pro-preview", "gemini-2.0-flash"]),
    (Protocol::Bedrock, ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0"]),
    (Protocol::Cohere, ["command-a-reasoning-08-2025", "command-r7b-12-2024"]),
];

#[test]
fn claude_code_is_served_by_every_vendor() {
    for (vendor, model) in models().filter(|(vendor, _)| *vendor != Protocol::Anthropic) {
        for thinking in [
            json!({"type": "enabled", "budget_tokens": 31999}),
            json!({"type": "adaptive", "display": "summarized"}),
            json!({"type": "disabled"}),
        ] {
            let mut request = claude_code();
            request["thinking"] = thinking;
            let written = written(Protocol::Anthropic, &request, vendor, model);
            let text = String::from_utf8(written.body).unwrap();
            for kept in ["You are an agent.", "Working folder", "Bash", "a.txt", "TodoRead"] {
                assert!(text.contains(kept), "{vendor} {model}: {kept}");
            }
            for foreign in ["ephemeral", "clear_thinking", "toolu_server"] {
                assert!(!text.contains(foreign), "{vendor} {model}: {foreign}");
            }
            // Claude's proofs hold wherever it is served.
            assert!(!text.contains("EqQBfake") || model.contains("claude"), "{vendor} {model}");
            let named = ["context_management", "mcp_servers", "tools.web_search_20250305"];
            // OpenAI has a search of its own in Responses.
            let searches = vendor == Protocol::OpenAiResponses;
            let named = named.iter().copied().take(if searches { 2 } else { 3 });
            for name in named {
                assert!(written.dropped.iter().any(|it| it == name), "{vendor} {model}: {name}");
            }
            assert_eq!(searches, text.contains("\"web_search\""), "{vendor} {model}");
        }
    }
}

#[test]
fn claude_codes_tokens_are_counted() {
    let mut request = claude_code();
    for name in ["max_tokens", "stream", "metadata"] {
        request.as_object_mut().unwrap().remove(name);
    }
    let body = serde_json::to_vec(&request).unwrap();
    let asked = Protocol::Anthropic.codec().read_request(&body, &Head::default()).unwrap();
    for (vendor, model) in models() {
        vendor.codec().write_count(&asked, &target(model)).unwrap();
    }
}

#[test]
fn codex_is_served_by_every_vendor() {
    for (vendor, model) in models().filter(|(vendor, _)| *vendor != Protocol::OpenAiResponses) {
        let written = written(Protocol::OpenAiResponses, &codex(), vendor, model);
        let text = String::from_utf8(written.body).unwrap();
        for kept in ["You are Codex.", "<permissions>", "apply_patch", "a.txt", "Begin Patch"] {
            assert!(text.contains(kept), "{vendor} {model}: {kept}");
        }
        // What runs at OpenAI alone is nobody else's.
        for foreign in ["gAAAA", "local_shell", "external_web_access"] {
            assert!(!text.contains(foreign), "{vendor} {model}: {foreign}");
        }
        // Anthropic has a search of its own.
        let searches = vendor == Protocol::Anthropic;
        assert_eq!(searches, text.contains("web_search_20250305"), "{vendor} {model}");
        let named = ["tools.local_shell", "input.web_search_call", "tools.web_search"];
        for name in named.iter().copied().take(if searches { 2 } else { 3 }) {
            assert!(written.dropped.iter().any(|it| it == name), "{vendor} {model}: {name}");
        }
    }
}

/// Gemini CLI sends each result twice where it takes a conversation up again; of two tools of one name each
/// keeps its own.
#[test]
fn results_that_come_twice_are_sent_once() {
    let call = |id: &str| json!({"functionCall": {"id": id, "name": "read", "args": {}}});
    let result = |id: &str, text: &str| json!({"functionResponse": {"id": id, "name": "read", "response": {"output": text}}});
    let twice = [result("a", "tea"), result("a", "tea"), result("b", "rain"), result("b", "rain")];
    let request = json!({"contents": [{"role": "user", "parts": [{"text": "q"}]},
        {"role": "model", "parts": [call("a"), call("b")]}, {"role": "user", "parts": twice}]});
    let head = Head { model: Some("alias"), delivery: None };
    let read =
        Protocol::Gemini.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
    let read = read.with_distinct_calls();
    for (vendor, model) in models().filter(|(vendor, _)| *vendor != Protocol::Gemini) {
        let written = vendor.codec().write_request(&read, &target(model)).unwrap();
        let text = String::from_utf8(written.body).unwrap();
        for said in ["tea", "rain"] {
            assert_eq!(text.matches(said).count(), 1, "{vendor} {model}: {text}");
        }
        assert_eq!(written.dropped, Vec::<String>::new(), "{vendor} {model}");
    }
    // Two that differ: the first counts, and the other is named.
    let mut other = request;
    other["contents"][2]["parts"][1] = result("a", "snow");
    let read = Protocol::Gemini.codec().read_request(other.to_string().as_bytes(), &head).unwrap();
    let read = read.with_distinct_calls();
    let written = Protocol::OpenAi.codec().write_request(&read, &target("gpt-4o")).unwrap();
    assert_eq!(written.dropped, ["tool_result"]);
}

/// Fields that nobody knows yet are named, wherever they stand.
#[test]
fn new_fields_are_named_and_left_out() {
    let news = json!({"some": "thing"});
    let mut claude = claude_code();
    let mut codex = codex();
    claude["messages"][0]["content"][0]["news"] = news.clone();
    claude["tools"][0]["news"] = news.clone();
    claude["messages"].as_array_mut().unwrap().push(
        json!({"role": "user", "content": [{"type": "news_block", "news": news}, {"type": "text", "text": "q"}]}),
    );
    codex["input"].as_array_mut().unwrap().push(json!({"type": "news", "news": news}));
    codex["tools"].as_array_mut().unwrap().push(json!({"type": "news", "news": news}));
    codex["reasoning"]["news"] = news.clone();
    for (client, mut request) in [(Protocol::Anthropic, claude), (Protocol::OpenAiResponses, codex)]
    {
        request["news"] = news.clone();
        for (vendor, model) in models().filter(|(vendor, _)| *vendor != client) {
            let written = written(client, &request, vendor, model);
            let text = String::from_utf8(written.body).unwrap();
            assert!(!text.contains("news"), "{client} at {vendor}");
            let named = written.dropped.iter().filter(|name| name.contains("news")).count();
            assert_eq!(named, 4, "{client} at {vendor}: {:?}", written.dropped);
        }
    }
}

fn models() -> impl Iterator<Item = (Protocol, &'static str)> {
    let all = MODELS.iter();
    all.flat_map(|(vendor, models)| models.iter().map(|model| (*vendor, *model)))
}

fn written(client: Protocol, request: &Value, vendor: Protocol, model: &str) -> Written {
    let body = serde_json::to_vec(request).unwrap();
    let read = client.codec().read_request(&body, &Head::default());
    let conversation = read.unwrap_or_else(|error| panic!("{client}: {error}"));
    let written = vendor.codec().write_request(&conversation, &target(model));
    written.unwrap_or_else(|refused| panic!("{client} at {vendor}, {model}: {refused}"))
}

fn target(model: &str) -> Target<'_> {
    Target { model, lossy: Lossy::Warn, seed: "seed", ..Target::default() }
}

fn claude_code() -> Value {
    let mark = json!({"type": "ephemeral", "ttl": "1h", "scope": "global"});
    json!({
        "model": "alias", "max_tokens": 32000, "stream": true, "temperature": 1,
        "metadata": {"user_id": "{\"device_id\":\"d\",\"session_id\":\"s\"}"},
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.0;"},
            {"type": "text", "text": "You are an agent.", "cache_control": mark},
            {"type": "text", "text": "Working folder: /w", "cache_control": mark},
        ],
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "medium"},
        "mcp_servers": [{"type": "url", "url": "https://m", "name": "m"}],
        "tools": [
            {"name": "Bash", "description": "Runs", "input_schema": {
                "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
                "properties": {"command": {"type": "string"}, "timeout": {"type": "number", "exclusiveMinimum": 0}},
                "required": ["command"], "additionalProperties": false,
            }, "eager_input_streaming": true},
            {"name": "TodoRead", "input_schema": {"type": "object", "properties": {}}, "defer_loading": true},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
        ],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "<system-reminder>Be brief.</system-reminder>"},
                {"type": "text", "text": "List."},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Listing.", "signature": "EqQBfake"},
                {"type": "redacted_thinking", "data": "EqQBfake"},
                {"type": "server_tool_use", "id": "toolu_server", "name": "web_search", "input": {}},
                {"type": "text", "text": "I list."},
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}, "caller": {"type": "direct"}},
                {"type": "tool_use", "id": "toolu_2", "name": "TodoRead", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": false, "cache_control": mark, "content": [
                    {"type": "text", "text": "a.txt\n"},
                    {"type": "tool_reference", "tool_name": "Other"},
                ]},
                {"type": "tool_result", "tool_use_id": "toolu_2"},
                {"type": "text", "text": "[Request interrupted by user]", "cache_control": mark},
            ]},
        ],
    })
}

fn codex() -> Value {
    json!({
        "model": "alias", "instructions": "You are Codex.", "stream": true, "store": false,
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "<permissions>all</permissions>"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment_context/>"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Write a.txt."}]},
            {"type": "reasoning", "summary": [], "content": null, "encrypted_content": "gAAAAx"},
            {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}},
            {"type": "local_shell_call", "call_id": "call_l", "status": "completed", "action": {"type": "exec", "command": ["ls"]}},
            {"type": "local_shell_call_output", "call_id": "call_l", "output": "b"},
            {"type": "function_call", "name": "shell", "arguments": "{\"command\":[\"ls\"]}", "call_id": "call_s"},
            {"type": "custom_tool_call", "status": "completed", "call_id": "call_p", "name": "apply_patch", "input": "*** Begin Patch\n*** End Patch\n"},
            {"type": "function_call_output", "call_id": "call_s", "output": "a.txt\n"},
            {"type": "custom_tool_call_output", "call_id": "call_p", "output": "Done"},
            {"type": "message", "role": "assistant", "phase": "commentary", "content": [{"type": "output_text", "text": "Done."}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Again."}]},
        ],
        "tools": [
            {"type": "function", "name": "shell", "description": "Runs", "strict": false, "parameters": {
                "type": "object", "properties": {"command": {"type": "array", "items": {"type": "string"}}},
                "required": ["command"], "additionalProperties": false,
            }},
            {"type": "custom", "name": "apply_patch", "description": "Edits", "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}},
            {"type": "local_shell"},
            {"type": "web_search", "external_web_access": true, "filters": null},
        ],
        "tool_choice": "auto", "parallel_tool_calls": true,
        "reasoning": {"effort": "xhigh", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "0199-session", "service_tier": "priority",
        "text": {"verbosity": "low"},
        "client_metadata": {"x-codex-installation-id": "i"},
    })
}

/// Requests as Claude Code, Codex and Gemini CLI send them today: the last one of a loop of tools, one with a
/// picture that a tool gave, one of a conversation that is compacted. Their shape, of texts the length alone
/// (`tests/sdk/agents_run.py --record`).
#[test]
fn requests_of_todays_agents_are_served_by_every_vendor() {
    for (agent, client, lost) in [
        ("claude", Protocol::Anthropic, &["context_management"][..]),
        ("codex", Protocol::OpenAiResponses, &["tools.web_search", "reasoning.context"]),
        ("gemini", Protocol::Gemini, &["top_k", "generationConfig", "top_p", "temperature"]),
    ] {
        for case in ["", "_picture", "_compaction"] {
            let name = format!("{agent}{case}.json");
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/agents");
            let body = std::fs::read(folder.join(&name)).unwrap();
            let head = Head { model: Some("alias"), delivery: None };
            let read = client.codec().read_request(&body, &head).unwrap().with_distinct_calls();
            assert!(read.tool_calls().next().is_some() || case == "_compaction", "{name}");
            for (vendor, model) in models().filter(|(vendor, _)| *vendor != client) {
                let written = vendor.codec().write_request(&read, &target(model)).unwrap();
                let place = format!("{name} at {vendor}, {model}");
                for dropped in &written.dropped {
                    let usual = [
                        "reasoning_effort",
                        "parallel_tool_calls",
                        "tool",
                        "thinking",
                        "image.detail",
                    ];
                    let mut known = lost.iter().chain(&usual);
                    assert!(
                        known.any(|it| dropped.starts_with(it)),
                        "{place}: {:?}",
                        written.dropped
                    );
                }
                let body = serde_json::from_slice(&written.body).unwrap();
                let broken = broken(vendor, model, &body);
                assert!(broken.is_empty(), "{place}: {broken:?}");
            }
        }
    }
}
