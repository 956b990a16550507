//! Fields that the vendors' newest SDKs have in answers: they stay as they are, and words in them that no
//! vendor has are left out.

use super::{CHAT, cleaned};

const EMBEDS: &str = "/v1beta/models/m:batchEmbedContents";
const GENERATES: &str = "/v1beta/models/m:generateContent";

#[test]
fn newest_fields_are_the_same_bytes() {
    for (path, text) in [
        (
            CHAT,
            r#"{"id":"c","object":"chat.completion","created":1,"model":"alias","choices":[],"metadata":{"own":"word"},"moderation":{"input":{"type":"moderation_results","model":"omni-moderation-latest","results":[{"type":"moderation_result","model":"omni-moderation-latest","flagged":true,"categories":{"self-harm/intent":true},"category_scores":{"violence":0.5},"category_applied_input_types":{"hate":["text","image"]}}]},"output":{"type":"error"}}}"#,
        ),
        (
            "/v1/responses",
            r#"{"id":"r","object":"response","created_at":1,"model":"alias","output":[{"id":"i","type":"image_generation_call","status":"failed","result":null,"error":{"type":"image_generation_user_error","code":"moderation_blocked","moderation_details":{"categories":["sexual"],"moderation_stage":"output"}},"svg_usage":{"input_tokens":1,"output_tokens":1,"reasoning_tokens":1,"total_tokens":3}}],"tools":[{"type":"image_generation","action":"edit","complexity":"low","frame_count":2,"frame_duration_ms":40,"svg":{"model":"m"}},{"type":"mcp","server_label":"s","tunnel_id":"t"},{"type":"tool_search","execution":"client"},{"type":"function","name":"f","async":true}],"moderation":{"input":{"type":"moderation_result","flagged":false,"categories":{"hate":false}},"output":{"type":"error"}},"access_programs":{"cyber":"daybreak_blue"},"image":{"context_compression":"enabled"},"input_transformations":[{"id":"rs_1","type":"reasoning","action":"removed","reason":"model_mismatch"}],"prompt_cache_diagnostics":{"type":"cache_miss","reason":"tools_changed","cache_missed_tokens":7,"comparison_reusable_tokens":3},"prompt_cache_options":{"mode":"explicit","ttl":"30m","comparison_response_id":"r0"},"tool_usage":{"image_gen":{"input_tokens":1,"input_tokens_details":{"image_tokens":1,"text_tokens":0},"output_tokens":1,"total_tokens":2,"cached_tokens":0,"cached_tokens_details":{"cached_image_tokens":0,"cached_text_tokens":0}},"web_search":{"num_requests":1}},"usage":{"input_tokens":1,"input_tokens_details":{"cache_write_tokens_details":{"ttl_12h_tokens":1,"ttl_30m_tokens":0}}}}"#,
        ),
        (
            "/v1/messages",
            r#"{"id":"m","type":"message","role":"assistant","model":"alias","content":[],"diagnostics":{"cache_miss_reason":{"type":"tools_changed","cache_missed_input_tokens":9}}}"#,
        ),
        (
            GENERATES,
            r#"{"candidates":[{"content":{"parts":[{"audioTranscription":{"text":"t","finished":true,"languageCode":"de","speakerLabel":"spk_1","words":[{"word":"w","startOffset":"0.5s","endOffset":"1s"}],"startOffset":"0s","endOffset":"2.25s"}},{"inlineData":{"mimeType":"audio/pcm","data":"AA=="},"speechMetadata":{"speaker":"Joe","style":"calm"},"audioMetadata":{"startOffset":"1s"}}],"role":"model"},"groundingMetadata":{"groundingChunks":[{"retrievedContext":{"title":"t","customMetadata":[{"key":"k","stringListValue":{"values":["v"]}}],"ragChunk":{"text":"t","chunkId":"c","pageSpan":{"firstPage":1,"lastPage":2}}}},{"maps":{"placeId":"p","placeAnswerSources":{"reviewSnippets":[{"title":"t","authorAttribution":{"displayName":"d"}}]},"route":{"distanceMeters":4,"duration":"60s","encodedPolyline":"e"}}}],"sourceFlaggingUris":[{"sourceId":"s","flagContentUri":"u"}]}}],"modelStatus":{"modelStage":"DEPRECATED","retirementTime":"2027-01-01T00:00:00Z"}}"#,
        ),
        (
            EMBEDS,
            r#"{"embeddings":[{"values":[0.5],"statistics":{"tokenCount":1,"tokensDetails":[{"modality":"TEXT","tokenCount":1}]}}],"metadata":{"billableCharacterCount":4},"truncated":false,"usageMetadata":{"responseTokenCount":1,"serviceTier":"flex"}}"#,
        ),
        (
            "/v2/embed",
            r#"{"id":"e","embeddings":{"float":[[1]]},"meta":{"billed_units":{"text_tokens":1,"pages":1},"cached_tokens":0}}"#,
        ),
    ] {
        assert_eq!(cleaned(path, text).as_deref(), Ok(text), "{path}");
    }
}

#[test]
fn words_of_a_vendor_in_the_newest_fields_are_left_out() {
    for (path, text, wanted) in [
        (
            CHAT,
            r#"{"id":"c","object":"chat.completion","created":1,"model":"alias","choices":[],"moderation":{"input":{"type":"error","code":"MARKER","message":"MARKER"},"output":{"model":"MARKER","categories":{"MARKER":true,"hate":true}}}}"#,
            r#"{"id":"c","object":"chat.completion","created":1,"model":"alias","choices":[],"moderation":{"input":{"type":"error"},"output":{"categories":{"hate":true}}}}"#,
        ),
        (
            "/v1/messages",
            r#"{"id":"m","type":"message","role":"assistant","model":"alias","content":[],"diagnostics":{"cache_miss_reason":{"type":"MARKER","cache_missed_input_tokens":1},"note":"MARKER"}}"#,
            r#"{"id":"m","type":"message","role":"assistant","model":"alias","content":[],"diagnostics":{"cache_miss_reason":{"cache_missed_input_tokens":1}}}"#,
        ),
        (
            GENERATES,
            r#"{"candidates":[{"content":{"parts":[{"text":"x","audioMetadata":{"startOffset":"MARKER"}}],"role":"model"}}],"modelStatus":{"message":"MARKER","modelStage":"STABLE"}}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"x","audioMetadata":{}}],"role":"model"}}],"modelStatus":{"modelStage":"STABLE"}}"#,
        ),
    ] {
        assert_eq!(cleaned(path, text).as_deref(), Ok(wanted), "{path}");
    }
}
