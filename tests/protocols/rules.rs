//! What each vendor documents of the requests that it accepts, as far as a history of turns and tools
//! can break it. Each rule is one that the vendor answers with 400.
//!
//! It never looks at what is said.

use serde_json::Value;

use onwards::protocol::Protocol;

/// What that vendor refuses in the request that was written for that model.
pub(crate) fn broken(protocol: Protocol, model: &str, body: &Value) -> Vec<String> {
    let mut broken = Broken(Vec::new());
    match protocol {
        Protocol::OpenAi => chat(model, body, &mut broken),
        Protocol::OpenAiResponses => responses(body, &mut broken),
        Protocol::Anthropic => anthropic(model, body, &mut broken),
        Protocol::Gemini => gemini(model, body, &mut broken),
        Protocol::Bedrock => bedrock(model, body, &mut broken),
        Protocol::Cohere => cohere(body, &mut broken),
    }
    broken.0
}

struct Broken(Vec<String>);

impl Broken {
    fn unless(&mut self, holds: bool, rule: &str) {
        if !holds {
            self.0.push(rule.to_owned());
        }
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn sorted<'a>(ids: &[&'a str]) -> Vec<&'a str> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn is_mistrals(model: &str) -> bool {
    ["mistral", "devstral", "codestral"].iter().any(|start| model.starts_with(start))
}

fn chat(model: &str, body: &Value, broken: &mut Broken) {
    let mut open: Vec<&str> = Vec::new();
    let mut last = "";
    for message in list(body, "messages") {
        let role = text(message, "role");
        if role == "tool" {
            let id = text(message, "tool_call_id");
            broken.unless(open.contains(&id), "a tool message answers a call before it");
            open.retain(|call| *call != id);
        } else {
            broken.unless(open.is_empty(), "every call is answered at once");
            open = list(message, "tool_calls").iter().map(|call| text(call, "id")).collect();
        }
        let nine = |id: &&str| id.len() == 9 && id.chars().all(|c| c.is_ascii_alphanumeric());
        let short = |id: &&str| id.len() <= 40;
        let fits = if is_mistrals(model) { open.iter().all(nine) } else { open.iter().all(short) };
        broken.unless(fits, "an id has few characters");
        if is_mistrals(model) {
            broken.unless((last, role) != ("tool", "user"), "the assistant speaks after a tool");
        }
        last = role;
    }
    broken.unless(open.is_empty(), "every call is answered");
    broken.unless(!is_mistrals(model) || last != "assistant", "the assistant does not speak last");
    broken.unless(text(body, "user").chars().count() <= 64, "a user has few characters");
    for tool in list(body, "tools") {
        openai_schema(&tool["function"]["parameters"], broken);
    }
    let beside = !list(body, "tools").is_empty() && model.starts_with("gpt-5.4");
    let effort = &body["reasoning_effort"];
    broken.unless(!beside || effort.is_null() || effort == "none", "no effort beside tools");
    if !list(body, "tools").is_empty() && model.starts_with("gpt-5.6") {
        broken.unless(effort == "none", "tools want the effort none");
    }
}

fn openai_schema(schema: &Value, broken: &mut Broken) {
    if schema.is_object() {
        broken.unless(schema["type"] == "object", "a tool takes an object");
        broken.unless(schema["properties"].is_object(), "a tool names its properties");
    }
}

fn responses(body: &Value, broken: &mut Broken) {
    let of = |kind: &str| -> Vec<&str> {
        let items = list(body, "input").iter().filter(|item| text(item, "type").ends_with(kind));
        items.map(|item| text(item, "call_id")).collect()
    };
    let (calls, results) = (of("_call"), of("_call_output"));
    broken.unless(calls.iter().all(|id| results.contains(id)), "every call is answered");
    broken.unless(results.iter().all(|id| calls.contains(id)), "every result has a call");
    broken.unless(calls.iter().all(|id| id.len() <= 64), "an id has few characters");
    broken.unless(text(body, "user").chars().count() <= 64, "a user has few characters");
    let limit = body["max_output_tokens"].as_u64();
    broken.unless(limit.is_none_or(|limit| limit >= 16), "an answer has 16 tokens");
    for tool in list(body, "tools").iter().filter(|tool| tool["type"] == "function") {
        openai_schema(&tool["parameters"], broken);
    }
}

fn anthropic(model: &str, body: &Value, broken: &mut Broken) {
    let messages = list(body, "messages");
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let blocks = list(message, "content");
        let turn = if at % 2 == 0 { "user" } else { "assistant" };
        broken.unless(message["role"] == turn, "turns alternate, the user's first");
        let results = blocks.iter().take_while(|block| block["type"] == "tool_result");
        let results: Vec<&str> = results.map(|block| text(block, "tool_use_id")).collect();
        broken.unless(sorted(&results) == sorted(&open), "the results of all calls stand first");
        let all = blocks.iter().filter(|block| block["type"] == "tool_result").count();
        broken.unless(all == results.len(), "results stand before everything else");
        let calls = blocks.iter().filter(|block| block["type"] == "tool_use");
        open = calls.map(|block| text(block, "id")).collect();
        broken.unless(open.iter().all(|id| is_plain(id)), "an id is plain");
        let says =
            |block: &Value| block["type"] != "text" || !text(block, "text").trim().is_empty();
        broken.unless(!blocks.is_empty() && blocks.iter().all(says), "every block says something");
    }
    broken.unless(open.is_empty(), "every call is answered");
    let goes_on = ["kimi", "claude-3", "claude-opus-4-2", "claude-sonnet-4-2", "claude-sonnet-4-5"];
    if !goes_on.iter().any(|start| model.starts_with(start)) {
        let last = messages.last().map(|last| text(last, "role"));
        broken.unless(last == Some("user"), "the user speaks last");
    }
    for tool in list(body, "tools").iter().filter(|tool| tool["strict"] == true) {
        claude_schema(&tool["input_schema"], broken);
    }
    claude_schema(&body["output_config"]["format"]["schema"], broken);
}

fn claude_schema(schema: &Value, broken: &mut Broken) {
    let Some(fields) = schema.as_object() else { return };
    for bound in ["minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems", "oneOf"]
    {
        broken.unless(!fields.contains_key(bound), "a schema has no bounds");
    }
    let least = schema["minItems"].as_u64();
    broken.unless(least.is_none_or(|least| least < 2), "a list has no least length above 1");
    if schema["type"] == "object" {
        broken.unless(schema["additionalProperties"] == false, "an object is closed");
    }
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("properties" | "$defs", Value::Object(each)) => {
                each.values().for_each(|schema| claude_schema(schema, broken));
            }
            ("items", schema) => claude_schema(schema, broken),
            ("anyOf" | "allOf", Value::Array(each)) => {
                each.iter().for_each(|schema| claude_schema(schema, broken));
            }
            _ => {}
        }
    }
}

fn gemini(model: &str, body: &Value, broken: &mut Broken) {
    let contents = list(body, "contents");
    let mut called = 0;
    let mut last = "";
    for content in contents {
        let parts = list(content, "parts");
        let number = |kind: &str| parts.iter().filter(|part| part.get(kind).is_some()).count();
        let (calls, results) = (number("functionCall"), number("functionResponse"));
        broken.unless(!parts.is_empty(), "every content has a part");
        broken.unless(results == called, "as many results as calls");
        broken.unless(results == 0 || results == parts.len(), "results stand alone");
        broken.unless(calls == 0 || last == "user", "a call follows the user's turn");
        for part in parts.iter().filter(|part| part.get("functionResponse").is_some()) {
            broken
                .unless(part["functionResponse"]["response"].is_object(), "a result is an object");
        }
        (called, last) = (calls, text(content, "role"));
    }
    broken.unless(called == 0, "every call is answered");
    if model.starts_with("gemini-3.6") {
        broken.unless(last == "user", "the user speaks last");
    }
}

fn bedrock(model: &str, body: &Value, broken: &mut Broken) {
    let messages = list(body, "messages");
    let mut open: Vec<&str> = Vec::new();
    let mut has_tools = false;
    for (at, message) in messages.iter().enumerate() {
        let blocks = list(message, "content");
        let turn = if at % 2 == 0 { "user" } else { "assistant" };
        broken.unless(message["role"] == turn, "turns alternate, the user's first");
        broken.unless(!blocks.is_empty(), "every turn has content");
        let of = |kind: &'static str| blocks.iter().filter_map(move |block| block.get(kind));
        let results: Vec<&str> = of("toolResult").map(|it| text(it, "toolUseId")).collect();
        broken.unless(sorted(&results) == sorted(&open), "all results stand in the next turn");
        open = of("toolUse").map(|it| text(it, "toolUseId")).collect();
        broken.unless(open.iter().all(|id| is_plain(id) && id.len() <= 64), "an id is plain");
        has_tools |= !open.is_empty();
    }
    broken.unless(open.is_empty(), "every call is answered");
    broken.unless(!has_tools || body.get("toolConfig").is_some(), "a history of tools wants tools");
    let last = messages.last().map(|last| text(last, "role"));
    let goes_on = ["claude-sonnet-4-5", "nova"].iter().any(|name| model.contains(name));
    broken.unless(goes_on || last == Some("user"), "the user speaks last");
    let choice = &body["toolConfig"]["toolChoice"];
    if model.contains("llama") {
        broken.unless(choice.is_null() || choice.get("auto").is_some(), "no choice but its own");
    }
    let schema = text(&body["outputConfig"]["textFormat"]["structure"]["jsonSchema"], "schema");
    claude_schema(&serde_json::from_str(schema).unwrap_or_default(), broken);
}

fn cohere(body: &Value, broken: &mut Broken) {
    let mut open: Vec<&str> = Vec::new();
    for message in list(body, "messages") {
        if message["role"] == "tool" {
            let id = text(message, "tool_call_id");
            broken.unless(open.contains(&id), "a tool message answers a call before it");
            open.retain(|call| *call != id);
        } else {
            broken.unless(open.is_empty(), "every call is answered at once");
            open = list(message, "tool_calls").iter().map(|call| text(call, "id")).collect();
        }
    }
    broken.unless(open.is_empty(), "every call is answered");
}
