//! LiteLLM's wildcards: under `openai/*`, a request for `openai/gpt-5` asks the vendor for `gpt-5`.

/// The `onwards_model` of a vendor's `model` under an alias; `None` if it cannot be expressed.
pub(super) fn sent(alias: &str, model: &str) -> Option<String> {
    if model.starts_with("responses/") {
        // LiteLLM's way to another endpoint, not a name.
        return None;
    }
    let Some(before) = model.strip_suffix('*') else {
        return (!model.contains('*')).then(|| model.to_owned());
    };
    let cut = alias.strip_suffix('*')?;
    if before.contains('*') || cut.contains(['*', '}']) {
        return None;
    }
    Some(match cut.strip_suffix(before) {
        // What stands before the star is sent, too.
        Some("") => "${model}".to_owned(),
        Some(rest) => format!("${{model#{rest}}}"),
        None if cut.is_empty() => format!("{before}${{model}}"),
        None => format!("{before}${{model#{cut}}}"),
    })
}

/// The model as LiteLLM writes it.
pub(super) fn told(alias: &str, model: &str) -> String {
    let parts = model.split_once("${model").and_then(|(before, rest)| {
        let (cut, after) = rest.split_once('}')?;
        Some((before, cut.trim_start_matches('#'), after))
    });
    match parts {
        Some((before, cut, after)) => {
            format!("{before}{}{after}", alias.strip_prefix(cut).unwrap_or(alias))
        }
        None => model.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{sent, told};

    #[test]
    fn the_star_of_a_model_is_what_the_star_of_its_alias_matched() {
        for (alias, model, expected) in [
            ("openai/*", "*", Some("${model#openai/}")),
            ("*", "*", Some("${model}")),
            ("claude-*", "claude-*", Some("${model}")),
            ("my/claude-*", "claude-*", Some("${model#my/}")),
            ("own-*", "gpt-*", Some("gpt-${model#own-}")),
            ("*", "gpt-*", Some("gpt-${model}")),
            ("openai/*", "gpt-5", Some("gpt-5")),
            ("smart", "*", None),
            ("a*b", "*", None),
            ("*", "gpt-*-mini", None),
            ("*-*", "*", None),
            ("gpt", "responses/gpt-5", None),
        ] {
            let sent = sent(alias, model);
            assert_eq!(sent.as_deref(), expected, "{alias} to {model}");
            assert!(sent.is_none_or(|sent| told(alias, &sent) == model), "{alias} to {model}");
        }
    }
}
