//! Requests that a vendor would answer with 400, each as it is written so that the vendor takes it: one
//! test for each rule, for the models on both sides of it.

use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::codec::{Head, Platform, Target, Written};
use onwards::protocol::conversation::Lossy;

use super::corpus::reading;
use super::rules::broken;

/// A chat request, as that vendor gets it.
fn chat(to: Protocol, model: &str, more: Value) -> (Value, Vec<String>) {
    let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "q"}]});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let target = Target { model, seed: "s", ..Target::default() };
    let written = write(Protocol::OpenAi, &request, to, &target);
    let body = serde_json::from_slice(&written.body).unwrap();
    let broken = broken(to, model, &body);
    assert!(broken.is_empty(), "{to} {model}: {broken:?} {body:#}");
    (body, written.dropped)
}

fn write(from: Protocol, request: &Value, to: Protocol, target: &Target<'_>) -> Written {
    let head = Head { model: Some("m"), ..Head::default() };
    let read = from.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
    let target = Target { lossy: Lossy::Warn, ..*target };
    to.codec().write_request(&read, &target).unwrap()
}

fn tools() -> Value {
    let schema = json!({"type": "object", "properties": {}});
    json!([{"type": "function", "function": {"name": "f", "parameters": schema}}])
}

#[test]
fn effort_beside_tools_is_none_where_the_model_excludes_it() {
    for (model, asked, tools, effort, dropped) in [
        ("gpt-5.2", json!("high"), tools(), json!("high"), ""),
        ("gpt-5.4", json!("high"), tools(), json!("none"), "reasoning_effort"),
        ("gpt-5.4-mini", json!("none"), tools(), json!("none"), ""),
        ("gpt-5.5", Value::Null, tools(), Value::Null, ""),
        ("gpt-5.5", json!("low"), json!([]), json!("low"), ""),
        ("gpt-5.6", Value::Null, tools(), json!("none"), ""),
        ("openai/gpt-5.6-terra", json!("high"), tools(), json!("none"), "reasoning_effort"),
        ("gpt-6", Value::Null, tools(), json!("none"), ""),
        ("gpt-5.6", Value::Null, json!([]), Value::Null, ""),
        ("glm-5", json!("high"), tools(), json!("high"), ""),
    ] {
        let more = json!({"reasoning_effort": asked, "tools": tools});
        let (body, lost) = chat(Protocol::OpenAi, model, more.clone());
        assert_eq!(body["reasoning_effort"], effort, "{model} {asked}");
        assert_eq!(lost.join(","), dropped, "{model} {asked}");
        // Responses takes both.
        let (body, lost) = chat(Protocol::OpenAiResponses, model, more);
        assert_eq!(body["reasoning"]["effort"], asked, "{model}");
        assert!(lost.is_empty(), "{model}: {lost:?}");
    }
}

#[test]
fn probes_for_one_token_get_the_least() {
    for (to, model, field, limit, dropped) in [
        (Protocol::OpenAi, "gpt-5.4", "max_completion_tokens", 16, "max_tokens"),
        (Protocol::OpenAi, "gpt-4o", "max_tokens", 1, ""),
        (Protocol::OpenAi, "mistral-large-latest", "max_tokens", 1, ""),
        (Protocol::OpenAiResponses, "gpt-4o", "max_output_tokens", 16, "max_tokens"),
    ] {
        let (body, lost) = chat(to, model, json!({"max_tokens": 1}));
        assert_eq!((&body[field], lost.join(",").as_str()), (&json!(limit), dropped), "{model}");
    }
}

#[test]
fn tools_name_their_properties() {
    for to in [Protocol::OpenAi, Protocol::OpenAiResponses, Protocol::Anthropic, Protocol::Bedrock]
    {
        for schema in [json!({"type": "object"}), json!({}), json!({"$schema": "s", "title": "t"})]
        {
            let function = json!({"name": "f", "parameters": schema});
            let more = json!({"tools": [{"type": "function", "function": function}]});
            let (body, lost) = chat(to, "gpt-5.4", more);
            assert!(lost.is_empty(), "{to} {schema}: {lost:?}");
            let text = body.to_string();
            assert!(
                text.contains(r#""properties":{}"#) && text.contains(r#""type":"object""#),
                "{to}: {text}"
            );
        }
    }
}

#[test]
fn strict_tools_are_strict_where_every_property_is_asked_for() {
    let tool = |required: Value| {
        let properties =
            json!({"a": {"type": "string"}, "b": {"type": "object", "properties": {}}});
        let schema = json!({"type": "object", "properties": properties, "required": required});
        let function = json!({"name": "f", "strict": true, "parameters": schema});
        json!({"tools": [{"type": "function", "function": function}]})
    };
    let (body, lost) = chat(Protocol::OpenAi, "gpt-5.4", tool(json!(["a", "b"])));
    let function = &body["tools"][0]["function"];
    assert_eq!((&function["strict"], lost.len()), (&json!(true), 0));
    let schema = &function["parameters"];
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["b"]["additionalProperties"], false);
    let (body, lost) = chat(Protocol::OpenAi, "gpt-5.4", tool(json!(["a"])));
    assert_eq!(
        (&body["tools"][0]["function"]["strict"], lost),
        (&json!(false), vec!["tools.strict".into()])
    );
}

#[test]
fn long_users_are_told_by_a_hash() {
    let long = json!({"user": format!("user_{}", "ä".repeat(70))});
    let (chats, lost) = chat(Protocol::OpenAi, "gpt-5.4", long.clone());
    let (again, _) = chat(Protocol::OpenAiResponses, "gpt-5.4", long);
    assert_eq!((chats["user"].as_str().unwrap().len(), &chats["user"]), (64, &again["user"]));
    assert!(lost.is_empty());
    let (body, _) = chat(Protocol::OpenAi, "gpt-5.4", json!({"user": "ä".repeat(64)}));
    assert_eq!(body["user"], "ä".repeat(64));
}

fn called(id: &str) -> Value {
    let call = json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    json!([{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": "r"}, {"role": "user", "content": "and?"}])
}

#[test]
fn ids_of_calls_are_shortened_alike_and_lead_back() {
    let long = "x".repeat(90);
    for (to, model, answer) in [
        (Protocol::OpenAi, "mistral-large-latest", "choices"),
        (Protocol::OpenAi, "gpt-4o", "choices"),
        (Protocol::OpenAiResponses, "gpt-5.6", "output"),
    ] {
        let request = json!({"model": "m", "messages": called(&long)});
        let target = Target { model, seed: "s", ..Target::default() };
        let written = write(Protocol::OpenAi, &request, to, &target);
        let sent = written.reading.calls.iter().find(|(_, own)| **own == long).unwrap().0.clone();
        // A vendor that names an earlier call is understood.
        let call =
            json!({"id": sent, "type": "function", "function": {"name": "f", "arguments": "{}"}});
        let message = json!({"role": "assistant", "tool_calls": [call]});
        let item =
            json!({"type": "function_call", "call_id": sent, "name": "f", "arguments": "{}"});
        let body = match answer {
            "choices" => json!({"choices": [{"message": message, "finish_reason": "tool_calls"}]}),
            _ => json!({"status": "completed", "output": [item]}),
        };
        let reply =
            to.codec().read_response(body.to_string().as_bytes(), &written.reading).unwrap();
        assert!(format!("{:?}", reply.parts).contains(&long), "{model}: {:?}", reply.parts);
        chat(to, model, json!({"messages": called(&long)}));
        chat(to, model, json!({"messages": called("call:1")}));
    }
    assert!(reading().calls.is_empty());
}

#[test]
fn histories_begin_and_end_with_the_user_where_the_vendor_wants_that() {
    let prefilled = json!({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "1. \n"}]});
    let opened = json!({"messages": [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "q"}]});
    for (to, model, turns, keeps) in [
        (Protocol::Anthropic, "claude-sonnet-4-5", "messages", true),
        (Protocol::Anthropic, "claude-opus-4-6", "messages", false),
        (Protocol::Anthropic, "claude-sonnet-5", "messages", false),
        (Protocol::Anthropic, "claude-latest", "messages", false),
        (Protocol::Anthropic, "kimi-k2", "messages", true),
        (Protocol::Bedrock, "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "messages", true),
        (Protocol::Bedrock, "us.anthropic.claude-opus-4-6-v1", "messages", false),
        (Protocol::Bedrock, "us.meta.llama4-maverick-17b-instruct-v1:0", "messages", false),
        (Protocol::Gemini, "gemini-2.5-pro", "contents", true),
        (Protocol::Gemini, "gemini-3.5-flash", "contents", true),
        (Protocol::Gemini, "gemini-3.5-flash-lite", "contents", false),
        (Protocol::Gemini, "gemini-3.6-flash", "contents", false),
        (Protocol::OpenAi, "gpt-5.4", "messages", true),
        (Protocol::OpenAi, "mistral-large-latest", "messages", false),
    ] {
        let (body, lost) = chat(to, model, prefilled.clone());
        let all = body[turns].as_array().unwrap();
        assert_eq!(all.len(), if keeps { 2 } else { 3 }, "{model}: {body}");
        assert!(lost.is_empty(), "{model}: {lost:?}");
        if keeps && matches!(to, Protocol::Anthropic | Protocol::Bedrock) {
            assert_eq!(all[1]["content"][0]["text"], "1.", "{model}");
        }
        let (body, _) = chat(to, model, opened.clone());
        let first = &body[turns][0]["role"];
        let is_kept = matches!(to, Protocol::OpenAi | Protocol::Gemini);
        assert_eq!(first == "user", !is_kept, "{model}: {body}");
    }
    // Nothing goes on with what was begun while the model thinks, or is held to a form.
    let mut thinking = prefilled.clone();
    thinking["reasoning_effort"] = json!("low");
    let (body, _) = chat(Protocol::Anthropic, "claude-sonnet-4-5", thinking);
    assert_eq!(body["messages"][2]["role"], "user", "{body}");
}

#[test]
fn mistral_hears_the_assistant_between_a_tool_and_the_user() {
    let (body, lost) =
        chat(Protocol::OpenAi, "devstral-medium-latest", json!({"messages": called("a")}));
    let roles: Vec<&str> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "user"]);
    assert!(lost.is_empty());
}

#[test]
fn schemas_lose_bounds_that_grammars_do_not_know() {
    let schema = json!({"type": "object", "properties": {
        "n": {"type": "integer", "minimum": 1}, "s": {"type": "string", "maxLength": 9},
        "l": {"type": "array", "items": {"type": "object", "properties": {}}, "minItems": 3}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    let function = |strict| json!({"name": "f", "strict": strict, "parameters": schema});
    let tool = |strict| json!({"tools": [{"type": "function", "function": function(strict)}]});
    for (to, model) in [
        (Protocol::Anthropic, "claude-sonnet-4-5"),
        (Protocol::Bedrock, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ] {
        let (_, lost) = chat(to, model, json!({"response_format": format}));
        let named =
            |place: &str| ["minimum", "maxLength", "minItems"].map(|it| format!("{place}.{it}"));
        assert_eq!(lost, named("response_format.schema"), "{to}");
        let (_, lost) = chat(to, model, tool(true));
        assert_eq!(lost, named("tools.schema"), "{to}");
        // A tool that is not strict may have any.
        let (body, lost) = chat(to, model, tool(false));
        assert!(lost.is_empty() && body.to_string().contains("maxLength"), "{to}: {lost:?}");
    }
}

fn shown(id: &str) -> Value {
    let png = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    let url = json!({"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}});
    json!({"model": "m", "max_tokens": 99, "messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": id, "name": "f", "input": {}},
            {"type": "tool_use", "id": "b", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "of b"}, url]},
            {"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": "of a"}, png]},
            {"type": "text", "text": "And?"}]},
    ]})
}

#[test]
fn results_stand_alone_and_what_was_said_beside_them_follows() {
    for (model, inside) in [("gemini-2.5-pro", false), ("gemini-3.5-flash", true)] {
        let target = Target { model, seed: "s", ..Target::default() };
        let written = write(Protocol::Anthropic, &shown("a"), Protocol::Gemini, &target);
        let body: Value = serde_json::from_slice(&written.body).unwrap();
        assert_eq!(broken(Protocol::Gemini, model, &body), [""; 0], "{body:#}");
        let results = &body["contents"][2]["parts"];
        let said = body["contents"][3]["parts"].to_string();
        let data = &results[1]["functionResponse"]["parts"][0]["inlineData"]["data"];
        assert_eq!(data == "AAAA", inside, "{model}: {body:#}");
        assert_eq!(said.contains("AAAA"), !inside, "{model}: {said}");
        assert!(said.contains("b.png") && said.contains("And?"), "{model}: {said}");
        assert!(written.dropped.is_empty());
    }
}

/// Without ids a result belongs to the call at its place.
#[test]
fn vertex_is_told_no_ids_and_results_in_the_order_of_calls() {
    let model = "gemini-3.5-flash";
    for (platform, has_ids, first) in
        [(Platform::Own, true, "of b"), (Platform::Vertex, false, "of a")]
    {
        let target = Target { model, platform, seed: "s", ..Target::default() };
        let written = write(Protocol::Anthropic, &shown("a"), Protocol::Gemini, &target);
        let body: Value = serde_json::from_slice(&written.body).unwrap();
        let text = body.to_string();
        assert_eq!(text.contains("\"id\""), has_ids, "{text}");
        let response = &body["contents"][2]["parts"][0]["functionResponse"]["response"];
        assert_eq!(response["output"], first);
    }
}

#[test]
fn families_on_bedrock_are_asked_in_their_way() {
    let choose = |choice: Value| json!({"tools": tools(), "tool_choice": choice, "stream": true});
    let one = json!({"type": "function", "function": {"name": "f"}});
    for (model, choice, sent, streams, dropped) in [
        (
            "us.anthropic.claude-sonnet-4-5-v1:0",
            one.clone(),
            json!({"tool": {"name": "f"}}),
            true,
            "",
        ),
        ("amazon.nova-pro-v1:0", json!("required"), json!({"any": {}}), true, ""),
        (
            "us.meta.llama3-3-70b-instruct-v1:0",
            json!("required"),
            Value::Null,
            false,
            "tool_choice",
        ),
        ("us.meta.llama3-3-70b-instruct-v1:0", json!("auto"), Value::Null, false, ""),
        ("mistral.mistral-large-2407-v1:0", one.clone(), json!({"any": {}}), false, "tool_choice"),
        ("mistral.mistral-large-2407-v1:0", json!("required"), json!({"any": {}}), false, ""),
        ("openai.gpt-oss-120b-1:0", one, Value::Null, false, "tool_choice"),
        ("cohere.command-r-v1:0", json!("auto"), Value::Null, true, ""),
    ] {
        let (body, lost) = chat(Protocol::Bedrock, model, choose(choice.clone()));
        assert_eq!(body["toolConfig"]["toolChoice"], sent, "{model} {choice}");
        assert_eq!(lost.join(","), dropped, "{model} {choice}");
        let request = json!({"model": "m", "messages": [{"role": "user", "content": "q"}], "tools": tools(), "stream": true});
        // A name that tells nothing is known by what stands behind it.
        for (model, known_as) in [(model, None), ("arn:aws:bedrock:x", Some(model))] {
            let target = Target { model, known_as, seed: "s", ..Target::default() };
            let written = write(Protocol::OpenAi, &request, Protocol::Bedrock, &target);
            let ends = if streams { "/converse-stream" } else { "/converse" };
            assert!(written.path_and_query.ends_with(ends), "{model} {known_as:?}");
        }
    }
}

/// OpenAI's choice of some of the tools: the nearest one, and named where it is another.
#[test]
fn a_choice_of_some_tools_becomes_the_nearest() {
    for (mode, names, all, choice, dropped) in [
        ("required", vec!["f"], false, json!({"type": "tool", "name": "f"}), ""),
        ("required", vec!["f", "g"], false, json!({"type": "any"}), "tool_choice"),
        ("required", vec!["f", "g", "h"], true, json!({"type": "any"}), ""),
        ("auto", vec!["f"], false, json!({"type": "auto"}), "tool_choice"),
        ("auto", vec!["f", "g", "h"], true, json!({"type": "auto"}), ""),
    ] {
        assert_eq!(names.len() == 3, all);
        let function = |name: &&str| json!({"type": "function", "function": {"name": name}});
        let named = |name: &&str| json!({"type": "function", "name": name});
        let each = |form: &dyn Fn(&&str) -> Value, names: &[&str]| -> Vec<Value> {
            names.iter().map(form).collect()
        };
        let tools = ["f", "g", "h"];
        let chat = json!({"model": "m", "messages": [{"role": "user", "content": "q"}],
            "tools": each(&function, &tools), "tool_choice": {"type": "allowed_tools",
                "allowed_tools": {"mode": mode, "tools": each(&function, &names)}}});
        let responses = json!({"model": "m", "input": "q", "tools": each(&named, &tools),
            "tool_choice": {"type": "allowed_tools", "mode": mode, "tools": each(&named, &names)}});
        for (from, request) in [(Protocol::OpenAi, chat), (Protocol::OpenAiResponses, responses)] {
            let head = Head::default();
            let read = from.codec().read_request(request.to_string().as_bytes(), &head).unwrap();
            let target = Target { model: "claude-sonnet-4-5", ..Target::default() };
            let written = Protocol::Anthropic.codec().write_request(&read, &target).unwrap();
            let body: Value = serde_json::from_slice(&written.body).unwrap();
            assert_eq!(body["tool_choice"], choice, "{from} {mode} {names:?}");
            assert_eq!(written.dropped.join(","), dropped, "{from} {mode} {names:?}");
        }
    }
}
