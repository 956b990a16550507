//! What the keys of all protocols say of the values behind them.

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A word of a protocol, which the model does not read.
    Structure,
    /// The same, and its value is a medium: its bytes, or its address.
    Medium,
    /// The same, and the model does not read its value either.
    NoText,
    /// Whose turn it is; the value is a word of the protocol, too.
    Role,
    /// A word of the client, such as the name of a tool's parameter: the model reads it.
    Own,
}

impl Key {
    /// What this name is. The compiler makes a search by length and letters of it, so that a name costs a few
    /// comparisons, and not one with each word.
    #[rustfmt::skip]
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"role" => Self::Role,
            b"model" | b"type" | b"id" | b"call_id" | b"tool_call_id" | b"tool_use_id"
            | b"toolUseId" | b"media_type" | b"mime_type" | b"mimeType" | b"format" | b"detail"
            | b"signature" | b"thoughtSignature" | b"encrypted_content" | b"redactedContent"
            | b"user" | b"user_id" | b"status" | b"service_tier" | b"tool_choice" | b"effort"
            | b"reasoning_effort" | b"encoding_format" | b"input_type" | b"previous_response_id"
            | b"prompt_cache_key" | b"safety_identifier" | b"anthropic_version" | b"ttl" => Self::NoText,
            b"data" | b"url" | b"uri" | b"image_url" | b"file_data" | b"fileUri" | b"file_uri"
            | b"bytes" | b"image" => Self::Medium,
            b"messages" | b"content" | b"contents" | b"text" | b"parts" | b"input" | b"prompt"
            | b"system" | b"instructions" | b"systemInstruction" | b"system_instruction"
            | b"texts" | b"tools" | b"toolConfig" | b"toolSpec" | b"inputSchema" | b"json"
            | b"function" | b"functions" | b"functionDeclarations" | b"function_declarations"
            | b"parameters" | b"input_schema" | b"name" | b"arguments" | b"args"
            | b"functionCall" | b"functionResponse" | b"toolUse" | b"toolResult" | b"response"
            | b"temperature" | b"stream" | b"include_usage" | b"generationConfig"
            | b"inferenceConfig" | b"maxOutputTokens" | b"maxTokens" | b"topP" | b"topK"
            | b"topLogprobs" | b"seed" | b"stop" | b"n" | b"metadata" | b"store" | b"reasoning"
            | b"thinking" | b"thinkingConfig" | b"cache_control" | b"cachePoint" | b"source"
            | b"inlineData" | b"inline_data" | b"fileData" | b"file" | b"response_format"
            | b"json_schema" | b"schema" | b"strict" | b"parallel_tool_calls" | b"dimensions"
            | b"requests" => Self::Structure,
            _ if begins_like_an_option(name) => Self::Structure,
            _ => Self::Own,
        }
    }
}

/// `max_tokens`, `top_p`, `stream_options`, `tool_config`: there are many of these.
fn begins_like_an_option(name: &[u8]) -> bool {
    [b"max_".as_slice(), b"top_", b"stream_", b"tool_"].iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_of_each_kind_is_known_and_any_other_is_the_clients() {
        for (name, wanted) in [
            ("role", Key::Role),
            ("model", Key::NoText),
            ("tool_choice", Key::NoText),
            ("url", Key::Medium),
            ("content", Key::Structure),
            ("max_completion_tokens", Key::Structure),
            ("n", Key::Structure),
            ("", Key::Own),
            ("contents_", Key::Own),
            ("maximum", Key::Own),
            ("city", Key::Own),
        ] {
            assert_eq!(Key::of(name.as_bytes()), wanted, "{name}");
        }
    }
}
