//! What requests need, each in its way.

use super::*;
use crate::protocol::{Protocol, codec::Head};

fn names(needs: Capabilities) -> Vec<&'static str> {
    needs.each().map(Capability::name).collect()
}

fn read(protocol: Protocol, body: &str) -> Vec<&'static str> {
    let head = Head { model: Some("m"), delivery: None };
    let read = protocol.codec().read_request(body.as_bytes(), &head);
    names(of_conversation(&read.unwrap_or_else(|error| panic!("{body}: {error}"))))
}

#[test]
fn six_protocols_say_what_they_need_each_in_its_way() {
    use Protocol as P;
    let chat =
        |more: &str| format!(r#"{{"model":"m","messages":[{{"role":"user","content":{more}}}]}}"#);
    let user =
        |more: &str| format!(r#"{{"model":"m","input":[{{"role":"user","content":[{more}]}}]}}"#);
    let claude = |more: &str| {
        format!(
            r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":[{more}]}}]}}"#
        )
    };
    let google = |parts: &str, more: &str| {
        format!(r#"{{"contents":[{{"role":"user","parts":[{parts}]}}]{more}}}"#)
    };
    let aws = |parts: &str, more: &str| {
        format!(r#"{{"messages":[{{"role":"user","content":[{parts}]}}]{more}}}"#)
    };
    let with = |more: &str| {
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":"q"}}],{more}}}"#)
    };
    let png = r#""data":"AAAA""#;
    for (protocol, body, wanted) in [
        (P::OpenAi, chat("\"q\""), ""),
        (P::OpenAi, chat(r#"[{"type":"image_url","image_url":{"url":"https://a/b"}}]"#), "vision"),
        (P::OpenAi, chat(r#"[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]"#), "audio"),
        (P::OpenAi, chat(r#"[{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}]"#), "documents"),
        (P::OpenAi, with(r#""modalities":["text","audio"],"audio":{"voice":"a","format":"wav"}"#), "audio"),
        (P::OpenAi, with(r#""tools":[{"type":"function","function":{"name":"f"}}]"#), "tools"),
        (P::OpenAi, with(r#""functions":[{"name":"f"}]"#), "tools"),
        (P::OpenAi, with(r#""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}"#), "json_schema"),
        (P::OpenAi, with(r#""response_format":{"type":"json_object"}"#), ""),
        (P::OpenAi, with(r#""reasoning_effort":"low""#), "reasoning"),
        (P::OpenAi, with(r#""reasoning_effort":"none""#), ""),
        (P::OpenAiResponses, user(r#"{"type":"input_text","text":"q"}"#), ""),
        (P::OpenAiResponses, user(r#"{"type":"input_image","image_url":"https://a/b"}"#), "vision"),
        (P::OpenAiResponses, user(r#"{"type":"input_file","file_data":"data:application/pdf;base64,AAAA"}"#), "documents"),
        (P::OpenAiResponses, r#"{"model":"m","input":"q","reasoning":{"effort":"high"}}"#.into(), "reasoning"),
        (P::OpenAiResponses, r#"{"model":"m","input":"q","tools":[{"type":"code_interpreter"}]}"#.into(), "tools"),
        (P::OpenAiResponses, r#"{"model":"m","input":"q","text":{"format":{"type":"json_schema","name":"n","schema":{}}}}"#.into(), "json_schema"),
        (P::Anthropic, claude(r#"{"type":"text","text":"q"}"#), ""),
        (P::Anthropic, claude(&format!(r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png",{png}}}}}"#)), "vision"),
        (P::Anthropic, claude(&format!(r#"{{"type":"document","source":{{"type":"base64","media_type":"application/pdf",{png}}}}}"#)), "documents"),
        (P::Anthropic, claude(r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"q"}}"#), ""),
        (P::Anthropic, claude(&format!(r#"{{"type":"tool_result","tool_use_id":"t","content":[{{"type":"image","source":{{"type":"base64","media_type":"image/png",{png}}}}}]}}"#)), "vision tools"),
        (P::Gemini, google(r#"{"text":"q"}"#, ""), ""),
        (P::Gemini, google(&format!(r#"{{"inlineData":{{"mimeType":"image/png",{png}}}}}"#), ""), "vision"),
        (P::Gemini, google(&format!(r#"{{"inline_data":{{"mime_type":"audio/wav",{png}}}}}"#), ""), "audio"),
        (P::Gemini, google(r#"{"text":"q"}"#, r#","tools":[{"functionDeclarations":[{"name":"f"}]}]"#), "tools"),
        (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}"#), "json_schema"),
        (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"thinkingConfig":{"thinkingBudget":99}}"#), "reasoning"),
        (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"thinkingConfig":{"thinkingBudget":0}}"#), ""),
        (P::Gemini, google(r#"{"text":"q"}"#, r#","generationConfig":{"responseModalities":["AUDIO"]}"#), "audio"),
        (P::Bedrock, aws(r#"{"text":"q"}"#, ""), ""),
        (P::Bedrock, aws(r#"{"image":{"format":"png","source":{"bytes":"AAAA"}}}"#, ""), "vision"),
        (P::Bedrock, aws(r#"{"document":{"format":"pdf","name":"n","source":{"bytes":"AAAA"}}}"#, ""), "documents"),
        (P::Bedrock, aws(r#"{"text":"q"}"#, r#","toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]}"#), "tools"),
        (P::Cohere, chat("\"q\""), ""),
        (P::Cohere, chat(r#"[{"type":"image_url","image_url":{"url":"https://a/b"}}]"#), "vision"),
        (P::Cohere, with(r#""tools":[{"type":"function","function":{"name":"f"}}]"#), "tools"),
    ] {
        assert_eq!(read(protocol, &body).join(" "), wanted, "{protocol}: {body}");
    }
}

#[test]
fn words_stand_for_what_cannot_be_read_and_texts_hold_none() {
    let said = |body: &str| names(of_words(body.as_bytes())).join(" ");
    assert_eq!(said(r#"{"previous_response_id":"r","input":[{"type":"input_image"}]}"#), "vision");
    assert_eq!(said(r#"{"input":"send \"image_url\" and \"tools\""}"#), "");
    assert_eq!(said(r#"{"parts":[{"inlineData":{"mimeType":"audio/wav"}}]}"#), "audio");
    assert_eq!(said(r#"{"modalities":["text","audio"]}"#), "audio");
    assert_eq!(said(r#"{"requests":[{"params":{"tools" : [{}]}}]}"#), "tools");
    for (body, wanted) in [
        (
            r#"{"requests":[{"params":{"messages":[{"content":[{"type":"\u0069mage"}]}]}}]}"#,
            "vision",
        ),
        (
            r#"{"requests":[{"params":{"messages":[{"content":[{"t\u0079pe":"image"}]}]}}]}"#,
            "vision",
        ),
        (r#"{"requests":[{"params":{"\u0074ools":[{"name":"f"}]}}]}"#, "tools"),
        (
            r#"{"requests":[{"request":{"contents":[{"parts":[{"inlineData":{"mimeType":"IMAGE/PNG"}}]}]}}]}"#,
            "vision",
        ),
        (
            "{\"body\":{\"tools\":[{}]}}\n{\"body\":{\"messages\":[{\"images\":[\"A\"]}]}}",
            "vision tools",
        ),
        // A lenient reader may read what is no JSON.
        (r#"{"tools":[{}],"messages":[{"images":["A"]}],}"#, "vision tools"),
        // A parameter of a tool is no picture.
        (
            r#"{"previous_response_id":"r","tools":[{"type":"function","name":"f","parameters":{"type":"object",
            "properties":{"image":{"type":"string"},"audio":{"type":"image"}}}}]}"#,
            "tools",
        ),
        (
            r#"{"previous_response_id":"r","input":[{"type":"function_call","name":"f","arguments":"{\"image\":1}"}]}"#,
            "tools",
        ),
        (r#"{"input":{"messages":[]},"parameters":{"enable_thinking":true}}"#, "reasoning"),
    ] {
        assert_eq!(said(body), wanted, "{body}");
    }
    for harmless in [
        "no JSON",
        r#"{"prompt":"image"}"#,
        r#"{"previous_response_id":"r","input":"q","text":{"format":{"type":"text"}}}"#,
        r#"{"input":["image","file"]}"#,
        r#"{"previous_response_id":"r","tools":[],"reasoning":null,"input":"image"}"#,
    ] {
        assert_eq!(said(harmless), "", "{harmless}");
    }
}

#[test]
fn types_that_are_kept_aside_tell_what_they_need() {
    let said = |body: &str| names(of_aside(body.as_bytes())).join(" ");
    for (body, wanted) in [
        (r#"[{"type":"video_url","video_url":{"url":"https://a"}}]"#, "vision"),
        (r#"[{"type" : "image","source":{}}]"#, "vision"),
        (r#"{"input":[{"type":"mcp_call"}]}"#, "tools"),
        (r#"[{"type":"container_upload"}]"#, "documents"),
        (r#"{"parameters":{"properties":{"image":{"type":"string"}}}}"#, ""),
        (r#"{"web_search_options":{"search_context_size":"low"}}"#, "tools"),
        (r#"{"web_search_options":{}}"#, "tools"),
        (r#"{"web_search_options":null}"#, ""),
        (r#"{"guided_json":{"type":"object"}}"#, "json_schema"),
        (r#"{"guided_json":null}"#, ""),
        (r#"{"structured_outputs":{"json":{"type":"object"}}}"#, "json_schema"),
        (r#"{"structured_outputs":{"choice":["a"]}}"#, ""),
        (r#"{"response_format":{"type":"json_object","schema":{"type":"object"}}}"#, "json_schema"),
        (r#"{"format":{"type":"object","properties":{}},"messages":[]}"#, "json_schema"),
        (r#"{"format":"json"}"#, ""),
        (r#"{"reasoning":{"effort":"high"}}"#, "reasoning"),
        (r#"{"reasoning":{"max_tokens":2000}}"#, "reasoning"),
        (r#"{"reasoning":{"enabled":true}}"#, "reasoning"),
        (r#"{"reasoning":{"exclude":true}}"#, "reasoning"),
        (r#"{"reasoning":{"enabled":false}}"#, ""),
        (r#"{"reasoning":{"effort":"none","exclude":true}}"#, ""),
        (r#"{"reasoning":{"effort":null}}"#, ""),
        (r#"{"messages":[{"role":"assistant","content":"a","reasoning":"so"}]}"#, ""),
        (r#"{"enable_thinking":true}"#, "reasoning"),
        (r#"{"enable_thinking":false}"#, ""),
        (r#"{"chat_template_kwargs":{"enable_thinking":true}}"#, "reasoning"),
        (r#"{"chat_template_kwargs":{"enable_thinking":false}}"#, ""),
        (r#"{"think":true}"#, "reasoning"),
        (r#"{"thinking":{"type":"disabled"}}"#, ""),
        (r#"{"messages":[{"role":"user","content":"q","images":["AAAA"]}]}"#, "vision"),
        (r#"{"messages":[{"role":"user","content":"q","images":[]}]}"#, ""),
        (r#"{"messages":[{"role":"user","content":"q","images":["AAAA"]}]}"#, "vision"),
        (
            r#"{"contents":[{"parts":[{"fileData":{"fileUri":"gs://a/b"}}]}]}"#,
            "vision audio documents",
        ),
        (
            r#"{"contents":[{"parts":[{"file_data":{"mime_type":"image/png","file_uri":"gs://a"}}]}]}"#,
            "vision",
        ),
        (
            r#"{"systemInstruction":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}}]}}"#,
            "vision",
        ),
        (
            r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"IMAGE/PNG","data":"AA"}}]}]}"#,
            "vision",
        ),
        (
            r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"Application/PDF","data":"AA"}}]}]}"#,
            "documents",
        ),
        (r#"{"input":[{"url":"DATA:IMAGE/PNG;base64,AAAA"}]}"#, "vision"),
        (r#"{"messages":[{"content":"data:image/png;base64,AAAA"}]}"#, ""),
        (
            r#"{"messages":[{"content":[{"type":"tool_use","input":{"image":"a","type":"image"}}]}]}"#,
            "tools",
        ),
        (
            r#"{"contents":[{"parts":[{"functionCall":{"name":"f","args":{"image":"a"}}}]}]}"#,
            "tools",
        ),
        (r#"{"metadata":{"image":"a"}}"#, ""),
        (r#"{"content":"\"type\":\"image\""}"#, ""),
    ] {
        assert_eq!(said(body), wanted, "{body}");
    }
}

#[test]
fn fields_of_single_vendors_tell_what_they_need() {
    let said = |body: &str| names(of_aside(body.as_bytes())).join(" ");
    for (body, wanted) in [
        (r#"{"mcp_servers":[{"type":"url","url":"https://a.example"}]}"#, "tools"),
        (r#"{"container":{"skills":[{"type":"anthropic","skill_id":"pptx"}]}}"#, "tools"),
        (r#"{"plugins":[{"id":"web"}]}"#, "tools"),
        (
            r#"{"messages":[{"role":"assistant","function_call":{"name":"f","arguments":"{}"}}]}"#,
            "tools",
        ),
        (r#"{"messages":[{"role":"function","name":"f","content":"r"}]}"#, "tools"),
        (r#"{"thinking":{"type":"enabled"}}"#, "reasoning"),
        (r#"{"chat_template_kwargs":{"enable_thinking":true}}"#, "reasoning"),
        (r#"{"structured_outputs":{"json":{"type":"object"}}}"#, "json_schema"),
        (r#"{"messages":[{"role":"assistant","audio":{"id":"audio_1"}}]}"#, "audio"),
        (r#"{"generationConfig":{"speechConfig":{"voiceConfig":{"a":1}}}}"#, "audio"),
        (
            r#"{"additionalModelRequestFields":{"reasoning_config":{"type":"enabled","budget_tokens":1024}}}"#,
            "reasoning",
        ),
        (r#"{"additionalModelRequestFields":{"tools":[{"type":"computer_20250124"}]}}"#, "tools"),
        (
            r#"{"mcp_servers":[],"plugins":[],"function_call":null,"thinking":{"type":"disabled"}}"#,
            "",
        ),
        (r#"{"messages":[{"role":"user","content":"function"}],"metadata":{"plugins":["a"]}}"#, ""),
    ] {
        assert_eq!(said(body), wanted, "{body}");
    }
}

#[test]
fn paths_say_what_they_are_for() {
    for (path, wanted) in [
        ("/v1/audio/speech", "audio"),
        ("/v1/Audio/transcriptions?x=1", "audio"),
        ("/v1/images/edits", "vision"),
        ("/v1/images/generations", ""),
        ("/v1/embeddings", "embeddings"),
        ("/v1beta/models/m:batchEmbedContents", "embeddings"),
        ("/v1beta/models/embedding-1:generateContent", ""),
        ("/v1/chat/completions", ""),
    ] {
        assert_eq!(names(of_path(path)).join(" "), wanted, "{path}");
    }
}

#[test]
fn pictures_may_be_embedded() {
    let mut from = Embedding::default();
    assert_eq!(names(of_embedding(&from)), ["embeddings"]);
    from.inputs.push(crate::protocol::embedding::Input {
        parts: vec![Piece::Image("data:image/png;base64,AAAA".into())],
        title: None,
    });
    assert_eq!(names(of_embedding(&from)), ["vision", "embeddings"]);
}
