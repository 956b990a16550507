//! What Cohere's models take, by their names. Only a closed list of old models stands here, so that
//! a new model needs no new line.

/// Whether the model answers `thinking` with an error: the models from before reasoning.
pub fn refuses_thinking(model: &str) -> bool {
    let name = model.rsplit(['/', '.']).next().unwrap_or(model);
    name == "command" || BEFORE_REASONING.iter().any(|start| name.starts_with(start))
}

const BEFORE_REASONING: &[&str] = &[
    "command-r",
    "command-light",
    "command-nightly",
    "command-a-03-2025",
    "command-a-vision",
    "command-a-translate",
    "c4ai-",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_of_cohere_tells_its_family() {
        for model in ["command-r-plus-08-2024", "command-r7b-12-2024", "cohere.command-r-v1:0"] {
            assert!(refuses_thinking(model), "{model}");
        }
        for model in ["command-a-reasoning-08-2025", "command-b", "model-1"] {
            assert!(!refuses_thinking(model), "{model}");
        }
    }
}
