//! The fields that the vendors' SDKs have had since their last releases (2026-11) are known to the check that refuses
//! unknown ones. `tests/sdk/newest.py` finds further ones.

use onwards::protocol::strict::trial::Trial;
use serde_json::{Value, json};

fn requests() -> Vec<(&'static str, Value)> {
    let part =
        json!({"type": "text", "text": "q", "prompt_cache_breakpoint": {"mode": "explicit"}});
    let input = json!([
        {"role": "user", "content": [
            {"type": "input_text", "text": "q", "prompt_cache_breakpoint": {"mode": "explicit"}}]},
        {"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"]}, "environment": {"type": "local"},
            "caller": {"type": "direct"}},
        {"type": "image_generation_call", "id": "i", "result": "AAAA", "status": "completed", "size": "1024x1024",
            "quality": "high", "output_format": "png", "background": "auto", "revised_prompt": "p"},
    ]);
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"},
        "transformations": {}});
    vec![
        (
            "/v1/chat/completions",
            json!({"messages": [{"role": "user", "content": [part]}], "moderation": {"model": "m"},
                "prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}),
        ),
        (
            "/v1/responses",
            json!({"input": input, "access_programs": {}, "background_options": {}, "image": {}, "moderation": {},
                "personality": "friendly", "prompt_cache_options": {},
                "reasoning": {"context": "all_turns", "mode": "pro"}}),
        ),
        (
            "/v1/messages",
            json!({"max_tokens": 9, "diagnostics": {"previous_message_id": "msg_1"},
                "messages": [{"role": "user", "content": [image]}, {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "t", "name": "f", "input": {}, "toolset_name": "s"}]}],
                "tools": [{"type": "web_fetch_20260309", "name": "web_fetch", "use_cache": true, "url_sources": [],
                    "response_inclusion": "full"}]}),
        ),
        (
            "/v1beta/models/m:generateContent",
            json!({"contents": [{"parts": [{"text": "q", "speechMetadata": {}, "mediaProcessing": {},
                    "audio_metadata": {}, "documentMetadata": {}, "spreadsheet_metadata": {}}]}],
                "generationConfig": {"responseFormat": [], "audioTranscriptionConfig": {},
                    "enable_affective_dialog": true, "modelSelectionConfig": {}, "translationConfig": {}}}),
        ),
        (
            "/model/m/converse",
            json!({"projectIdentifier": "default", "messages": [{"role": "system", "content": [
                {"toolAddition": {"tool": {"name": "f"}}}, {"toolRemoval": {"tool": {"name": "g"}}}]}]}),
        ),
    ]
}

#[test]
fn the_newest_fields_of_the_vendors_are_known() {
    for (path, body) in requests() {
        let trial = Trial::at(path).expect(path);
        let text = body.to_string();
        assert_eq!(trial.validate(text.as_bytes(), true), Ok(()), "{path}: {text}");
        for key in body.as_object().expect(path).keys() {
            let misspelt = text.replace(&format!("\"{key}\":"), &format!("\"{key}_x\":"));
            assert!(trial.validate(misspelt.as_bytes(), true).is_err(), "{path}: {key}");
        }
    }
}
