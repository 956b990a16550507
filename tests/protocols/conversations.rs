//! The fixed set of conversations that every protocol's writer is reviewed over: each says one thing
//! that some vendor has its own word for.
//!
//! It never grows by a conversation that shows nothing new in any protocol.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use onwards::protocol::Protocol;
use onwards::protocol::conversation::{
    CacheMark, Content, Conversation, Delivery, Effort, Extra, Media, MediaKind, OutputFormat,
    Part, Role, Sampling, Signature, Source, Thinking, Tool, ToolCall, ToolChoice, ToolResult,
    Turn,
};

/// All of them, by name.
pub(crate) fn all() -> Vec<(&'static str, Conversation)> {
    let groups = [texts(), media(), tools(), histories(), settings(), thoughts(), extras()];
    groups.into_iter().flatten().collect()
}

fn texts() -> Vec<(&'static str, Conversation)> {
    let rules = [Part::text("Be brief."), Part::text("Answer in French.")];
    let midway = Turn::new(Role::System, vec![Part::text("Now answer in German.")]);
    vec![
        ("plain", asks("Hello")),
        (
            "stream",
            Conversation { delivery: Delivery::Events, include_usage: true, ..asks("Hello") },
        ),
        ("system", Conversation { system: rules.to_vec(), ..asks("Hello") }),
        (
            "system_midway",
            turns([
                says(Role::User, "Hello"),
                says(Role::Assistant, "Bonjour"),
                midway,
                says(Role::User, "Again"),
            ]),
        ),
        (
            "turns_of_one_side",
            turns([
                says(Role::User, "Hello"),
                says(Role::User, "Are you there?"),
                says(Role::Assistant, "Yes."),
                says(Role::User, " "),
                says(Role::User, "Good."),
            ]),
        ),
        (
            "begins_with_the_model",
            turns([says(Role::Assistant, "How can I help?"), says(Role::User, "Hello")]),
        ),
        ("prefilled", turns([says(Role::User, "List"), says(Role::Assistant, "1.")])),
    ]
}

fn media() -> Vec<(&'static str, Conversation)> {
    let png = |detail: &str| Media {
        media_type: Some("image/png".to_owned()),
        detail: Some(detail.to_owned()),
        ..Media::new(MediaKind::Image, Source::Base64("iVBORw0KGgo=".to_owned()))
    };
    let pdf = Media {
        media_type: Some("application/pdf".to_owned()),
        name: Some("report.pdf".to_owned()),
        ..Media::new(MediaKind::Document, Source::Base64("JVBERi0=".to_owned()))
    };
    let notes = Media {
        name: Some("notes.txt".to_owned()),
        ..Media::new(MediaKind::Document, Source::Text("Buy milk.".to_owned()))
    };
    let wav = Media {
        media_type: Some("audio/wav".to_owned()),
        ..Media::new(MediaKind::Audio, Source::Base64("UklGRg==".to_owned()))
    };
    let film = Media::new(MediaKind::Video, Source::Url("https://a.example/b.mp4".to_owned()));
    let picture = Media::from_url(MediaKind::Image, "https://a.example/b.jpg".to_owned());
    let stored = Media::from_url(MediaKind::Image, "s3://bucket/b.png".to_owned());
    let letter = Media::from_url(MediaKind::Document, "https://a.example/b.pdf".to_owned());
    let file = Media::new(MediaKind::Document, Source::File("file-1".to_owned()));
    vec![
        ("image", shows(png("high"))),
        ("image_url", shows(picture)),
        ("document", shows(pdf)),
        ("image_in_s3", shows(stored)),
        ("image_file", shows(Media::new(MediaKind::Image, Source::File("file-2".to_owned())))),
        ("document_url", shows(letter)),
        ("document_text", shows(notes)),
        ("document_file", shows(file)),
        ("audio", shows(wav)),
        ("video_url", shows(film)),
    ]
}

fn tools() -> Vec<(&'static str, Conversation)> {
    let bare = Tool { description: None, schema: None, ..weather() };
    let strict = Tool { strict: Some(true), ..weather() };
    let named = |name: &str| Tool { name: name.to_owned(), ..weather() };
    let odd = "mcp.server/".to_owned() + &"a_tool_with_a_very_long_name_".repeat(3);
    let text = json!({"type": "object", "properties": {"input": {"type": "string"}},
        "required": ["input"], "additionalProperties": false});
    let custom = Tool { schema: Some(raw(&text)), ..named("custom:apply_patch") };
    let offers = |tool| Conversation { tools: vec![tool], ..asks("Weather?") };
    vec![
        ("tool", offers(weather())),
        ("tool_bare", offers(bare)),
        ("tool_strict", offers(strict)),
        ("tool_of_an_odd_name", offers(named(&odd))),
        (
            "tool_required",
            Conversation {
                tool_choice: Some(ToolChoice::Required),
                parallel_tool_calls: Some(false),
                ..offers(weather())
            },
        ),
        (
            "tool_chosen",
            Conversation {
                tools: vec![weather(), named("get_time")],
                tool_choice: Some(ToolChoice::Tool("get_time".to_owned())),
                ..asks("Time?")
            },
        ),
        (
            "tool_auto",
            Conversation {
                tool_choice: Some(ToolChoice::Auto),
                parallel_tool_calls: Some(false),
                ..offers(weather())
            },
        ),
        ("tool_of_a_rich_schema", offers(Tool { schema: Some(raw(&rich())), ..weather() })),
        ("tool_of_free_text", Conversation { tools: vec![custom.clone()], ..used(custom) }),
        ("tool_none", Conversation { tool_choice: Some(ToolChoice::None), ..offers(weather()) }),
    ]
}

fn histories() -> Vec<(&'static str, Conversation)> {
    let two = Turn::new(
        Role::Assistant,
        vec![Part::text("I look."), call("call_1", r#"{"city":"Paris"}"#), call("call_2", "{}")],
    );
    let picture =
        Media::from_url(MediaKind::Image, "data:image/png;base64,iVBORw0KGgo=".to_owned());
    let results = Turn::new(
        Role::User,
        vec![
            result("call_1", vec![Part::text("18 °C")], false),
            result("call_2", vec![Part::text("no such city")], true),
            Part::text("So?"),
        ],
    );
    let shown =
        result("call_1", vec![Part::text("a map"), Part::new(Content::Media(picture))], false);
    let one = Turn::new(Role::Assistant, vec![call("call_1", r#"{"city":"Paris"}"#)]);
    let broken = Turn::new(Role::Assistant, vec![call("call_1", r#"{"city":"Par"#)]);
    let after = |said: Turn, given: Turn| Conversation {
        tools: vec![weather()],
        ..turns([says(Role::User, "Weather?"), said, given])
    };
    let back = Turn::new(Role::User, vec![shown]);
    vec![
        ("results", after(two, results)),
        ("result_with_a_picture", after(one.clone(), back.clone())),
        ("call_that_is_no_json", after(broken, back.clone())),
        ("calls_without_tools", turns([says(Role::User, "Weather?"), one, back])),
        ("proof_own_or_anthropics", reasoned(Protocol::Anthropic)),
        ("proof_own_or_geminis", reasoned(Protocol::Gemini)),
        ("proof_own_or_responses", reasoned(Protocol::OpenAiResponses)),
    ]
}

/// That tool was called with a text, and gave one.
fn used(tool: Tool) -> Conversation {
    let call = Part::new(Content::ToolCall(ToolCall {
        id: "call_1".to_owned(),
        name: tool.name.clone(),
        arguments: r#"{"input":"a patch"}"#.to_owned(),
    }));
    let given = Part::new(Content::ToolResult(ToolResult {
        call_id: "call_1".to_owned(),
        name: Some(tool.name),
        content: vec![Part::text("Done")],
        is_error: false,
    }));
    turns([
        says(Role::User, "Fix it."),
        Turn::new(Role::Assistant, vec![call]),
        Turn::new(Role::User, vec![given]),
    ])
}

/// What a model thought before a call, with its vendor's proof.
fn reasoned(vendor: Protocol) -> Conversation {
    let proof = Some(Signature::new(vendor, "cHJvb2Y="));
    let thought = Part::new(Content::Reasoning("I must look.".to_owned())).signed(proof.clone());
    let sealed = Part::new(Content::Redacted).signed(proof.clone());
    let signed = call("call_1", r#"{"city":"Paris"}"#).signed(proof);
    let given = result("call_1", vec![Part::text("18 °C")], false);
    Conversation {
        tools: vec![weather()],
        thinking: Some(Thinking::Effort(Effort::Medium)),
        ..turns([
            says(Role::User, "Weather?"),
            Turn::new(Role::Assistant, vec![thought, sealed, signed]),
            Turn::new(Role::User, vec![given]),
        ])
    }
}

fn settings() -> Vec<(&'static str, Conversation)> {
    let sampling = Sampling {
        temperature: Some(1.5),
        top_p: Some(0.9),
        top_k: Some(40),
        seed: Some(7),
        presence_penalty: Some(0.5),
        frequency_penalty: Some(-0.5),
    };
    let mild =
        Sampling { temperature: Some(0.5), frequency_penalty: Some(0.25), ..Sampling::default() };
    let top_p = Sampling { top_p: Some(0.5), ..Sampling::default() };
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"], "additionalProperties": false});
    let format = OutputFormat::JsonSchema {
        name: Some("place".to_owned()),
        description: Some("A place".to_owned()),
        schema: raw(&schema),
        strict: Some(true),
    };
    vec![
        ("sampling", Conversation { sampling, ..asks("Hello") }),
        ("sampling_mild", Conversation { sampling: mild, ..asks("Hello") }),
        ("top_p", Conversation { sampling: top_p, ..asks("Hello") }),
        ("max_tokens_few", Conversation { max_tokens: Some(5), ..asks("Hello") }),
        ("max_tokens", Conversation { max_tokens: Some(500), ..asks("Hello") }),
        ("stop", Conversation { stop: vec!["END".to_owned(), "\n\n".to_owned()], ..asks("Hello") }),
        ("json_object", Conversation { format: Some(OutputFormat::JsonObject), ..asks("JSON?") }),
        ("json_schema", Conversation { format: Some(format.clone()), ..asks("Where?") }),
        (
            "json_schema_beside_a_tool",
            Conversation { format: Some(format), tools: vec![weather()], ..asks("Where?") },
        ),
        ("user", Conversation { user: Some("user-1".to_owned()), ..asks("Hello") }),
    ]
}

fn thoughts() -> Vec<(&'static str, Conversation)> {
    let thinks = |thinking| Conversation { thinking: Some(thinking), ..asks("Think.") };
    vec![
        ("thinking_off", thinks(Thinking::Off)),
        ("thinking_adaptive", thinks(Thinking::Adaptive)),
        ("thinking_effort", thinks(Thinking::Effort(Effort::High))),
        (
            "thinking_budget",
            Conversation { max_tokens: Some(9_000), ..thinks(Thinking::Budget(2_048)) },
        ),
        (
            "thinking_with_sampling",
            Conversation {
                sampling: Sampling { temperature: Some(0.2), ..Sampling::default() },
                ..thinks(Thinking::Effort(Effort::Low))
            },
        ),
    ]
}

fn extras() -> Vec<(&'static str, Conversation)> {
    let extra = |name: &str, value: Value| Extra { name: name.to_owned(), value: raw(&value) };
    let mark = |ttl: Option<&str>| Some(CacheMark { ttl: ttl.map(str::to_owned) });
    let cached = Conversation {
        system: vec![Part::text("A long text.").cached(mark(Some("1h")))],
        tools: vec![Tool { cache: mark(None), ..weather() }],
        turns: vec![Turn::new(Role::User, vec![Part::text("Hello").cached(mark(None))])],
        ..Conversation::default()
    };
    vec![
        ("cached", Conversation { model: "alias".to_owned(), ..cached }),
        (
            "extras",
            Conversation {
                extras: vec![
                    extra("logit_bias", json!({"50256": -100})),
                    extra("metadata", json!({"team": "a"})),
                    extra("store", json!(true)),
                    extra("verbosity", json!("low")),
                    extra("n", json!(2)),
                    extra("top_logprobs", json!(2)),
                    extra("truncation", json!("auto")),
                    extra("service_tier", json!("flex")),
                    extra("prompt_cache_key", json!("k")),
                    extra("guardrailConfig", json!({"guardrailIdentifier": "g"})),
                    extra("performanceConfig", json!({"latency": "optimized"})),
                    extra("additionalModelRequestFields.anthropic_beta", json!(["b"])),
                    extra("additionalModelResponseFieldPaths", json!(["/stop_sequence"])),
                    extra("safetySettings", json!([{"category": "c"}])),
                    extra("messages.name", json!(true)),
                    extra("tools.web_search", json!(true)),
                ],
                ..asks("Hello")
            },
        ),
    ]
}

fn asks(text: &str) -> Conversation {
    turns([says(Role::User, text)])
}

fn shows(medium: Media) -> Conversation {
    let parts = vec![Part::text("What is this?"), Part::new(Content::Media(medium))];
    turns([Turn::new(Role::User, parts)])
}

fn turns(turns: impl IntoIterator<Item = Turn>) -> Conversation {
    let turns = turns.into_iter().collect();
    Conversation { model: "alias".to_owned(), turns, ..Conversation::default() }
}

fn says(role: Role, text: &str) -> Turn {
    Turn::new(role, vec![Part::text(text)])
}

fn call(id: &str, arguments: &str) -> Part {
    Part::new(Content::ToolCall(ToolCall {
        id: id.to_owned(),
        name: "get_weather".to_owned(),
        arguments: arguments.to_owned(),
    }))
}

fn result(call_id: &str, content: Vec<Part>, is_error: bool) -> Part {
    let call_id = call_id.to_owned();
    let name = Some("get_weather".to_owned());
    Part::new(Content::ToolResult(ToolResult { call_id, name, content, is_error }))
}

fn weather() -> Tool {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"]});
    Tool {
        name: "get_weather".to_owned(),
        description: Some("Says the weather".to_owned()),
        schema: Some(raw(&schema)),
        strict: None,
        cache: None,
    }
}

/// Words of JSON Schema that not every vendor takes.
fn rich() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 1, "default": 1},
            "places": {"type": "array", "items": {"$ref": "#/$defs/place"}, "minItems": 1},
            "wind": {"type": ["number", "null"]},
        },
        "$defs": {"place": {"type": "string", "minLength": 1}},
        "required": ["places"],
        "additionalProperties": false,
    })
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}
