//! What OpenAI's own models take, by their names. Only closed lists of old models and rules on
//! numbers stand here, so that a new model needs no new line.

/// Whether the model refuses `max_tokens` and wants `max_completion_tokens`: OpenAI's reasoning
/// models. Everyone else who speaks this protocol knows `max_tokens`.
pub fn wants_max_completion_tokens(model: &str) -> bool {
    let name = base_name(model);
    let o_series = name.strip_prefix('o').is_some_and(starts_with_digit);
    let generation = name.strip_prefix("gpt-").and_then(leading_number);
    o_series || generation.is_some_and(|number| number >= 5)
}

/// Whether the model answers `reasoning_effort` with an error: OpenAI's models before the reasoning
/// ones.
pub fn refuses_reasoning_effort(model: &str) -> bool {
    let name = base_name(model);
    name.starts_with("gpt-3") || name.starts_with("gpt-4") || name.starts_with("chatgpt-4")
}

/// Whether the model reasons only when it is told how much: OpenAI's from 5.1 on. Others decide for
/// themselves.
pub fn reasons_only_when_told(model: &str) -> bool {
    let name = base_name(model).strip_prefix("gpt-");
    let Some((major, minor)) = name.and_then(|name| name.split_once('.')) else { return false };
    let minor = leading_number(minor).unwrap_or_default();
    leading_number(major).is_some_and(|major| (major, minor) > (5, 0))
}

/// The name without what routers put before it (`openai/gpt-5`).
fn base_name(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for model in ["o1", "o3-mini", "gpt-5", "gpt-5.1-codex", "openai/gpt-5-mini", "gpt-10"] {
            assert!(wants_max_completion_tokens(model), "{model}");
            assert!(!refuses_reasoning_effort(model), "{model}");
        }
        for model in ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "chatgpt-4o-latest"] {
            assert!(!wants_max_completion_tokens(model), "{model}");
            assert!(refuses_reasoning_effort(model), "{model}");
        }
        for (model, waits) in
            [("gpt-5.1-codex", true), ("gpt-6.0", true), ("gpt-5", false), ("gpt-4.1", false)]
        {
            assert_eq!(reasons_only_when_told(model), waits, "{model}");
        }
        for model in ["qwen3", "opus", "gpt-oss-120b", "olmo-2", "mistral-large"] {
            assert!(!wants_max_completion_tokens(model) && !refuses_reasoning_effort(model));
        }
    }
}
