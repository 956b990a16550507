//! What people write in place of JSON: another language, another encoding, habits of programs. Each gets a
//! sentence that says what to write.
//!
//! It never repeats what was written.

/// For what stands where a key or a value must.
pub(super) fn anywhere(rest: &str) -> Option<&'static str> {
    match rest.chars().next()? {
        '/' | '#' => Some("JSON has no comments"),
        '\'' | '“' | '”' | '‘' | '’' | '„' | '«' | '`' => {
            Some("JSON wants double quotes")
        }
        '"' | '{' | '[' => Some("is a `,` missing before it?"),
        '\0' => Some("the file looks like UTF-16; save it as UTF-8"),
        '\u{200b}'..='\u{200f}' | '\u{feff}' => Some("a character that is not seen; remove it"),
        c if c.is_whitespace() => Some("this is no plain blank; write one in its place"),
        ',' => Some("is there a `,` too many?"),
        _ => None,
    }
}

/// For what stands where a key must.
pub(super) fn key(rest: &str) -> Option<&'static str> {
    let is_name = rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'));
    if is_name { Some("put the key in double quotes") } else { anywhere(rest) }
}

/// For what stands where a value must.
pub(super) fn value(rest: &str) -> Option<&'static str> {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    match rest[..end].to_ascii_lowercase().as_str() {
        "true" | "false" | "yes" | "no" | "on" | "off" => Some("write `true` or `false`"),
        "null" | "none" | "nil" | "undefined" => Some("write `null`, or leave the key out"),
        "nan" | "inf" | "infinity" => Some("JSON has no such number"),
        _ if rest.starts_with(|c: char| c.is_alphabetic() || c == '$') => {
            Some("put a text in double quotes")
        }
        _ => anywhere(rest),
    }
}

/// For a file whose first character begins no JSON.
pub(super) fn file(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.find(|line| !line.starts_with('#') && !line.starts_with("---"))?;
    if text.starts_with(['{', '"']) {
        None
    } else if text.starts_with('<') {
        Some("this looks like HTML; is it the answer of a server in place of the file?")
    } else if text.contains("model_list:") {
        Some(LITELLM)
    } else if first.split_once(':').is_some_and(|(name, _)| is_name(name)) {
        Some("this looks like YAML; the file is JSON")
    } else if first.starts_with('[')
        && first.ends_with(']')
        && is_name(first.trim_matches(['[', ']']))
    {
        Some("this looks like TOML; the file is JSON")
    } else if first.split_once('=').is_some_and(|(name, _)| is_name(name.trim())) {
        Some("this looks like a file of variables; the file is JSON")
    } else {
        None
    }
}

/// For bytes that are not UTF-8.
pub(super) fn bytes(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, ..] | [0, ..] => {
            Some("it looks like UTF-16; save it as UTF-8")
        }
        [0x1f, 0x8b, ..] => Some("it is packed with gzip; unpack it"),
        _ => Some("save it as UTF-8"),
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.chars().all(is_part)
}

/// What is said of a configuration of LiteLLM.
pub(super) const LITELLM: &str = "this is a configuration of LiteLLM; `docs/from-litellm.md` says how \
                                  each of its entries is written here";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_languages_are_known() {
        for (text, word) in [
            ("targets:\n  gpt-4:\n", "YAML"),
            ("---\n# mine\ntargets:\n", "YAML"),
            ("# mine\nmodel_list:\n  - model_name: a\n", "LiteLLM"),
            ("[targets]\n[targets.a]\n", "TOML"),
            ("OPENAI_API_KEY=sk-1\n", "variables"),
            ("\n<!doctype html>", "HTML"),
        ] {
            assert!(file(text).is_some_and(|said| said.contains(word)), "{text}");
        }
        for text in ["{targets: {}}", "[1,]", "", "\"a\"", "-", "sk-secret"] {
            assert_eq!(file(text), None, "{text}");
        }
    }
}
