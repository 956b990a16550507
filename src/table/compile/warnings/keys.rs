//! Warnings about keys that are not keys: a shell variable, a header value, a placeholder.

use super::Warnings;
use std::sync::Arc;

use crate::{
    config::{Path, raw, references::is_stand_in},
    refusal::Refusal,
    secret::Secret,
    table::{
        Pool, Table,
        names::{fits, may_meet},
    },
};

impl Warnings<'_> {
    /// Tokens; names of definitions are not tokens.
    pub(super) fn tokens(&mut self, tokens: Option<&[Secret]>, path: &Path, table: &Table) {
        for (at, token) in tokens.unwrap_or_default().iter().enumerate() {
            let text = token.expose();
            if table.keyring.named(text).is_none() {
                self.token(text, &path.index(at));
            }
        }
    }

    /// Terms that allow nothing.
    pub(super) fn terms(
        &mut self,
        name: &str,
        definition: &raw::KeyDefinition,
        path: &Path,
        table: &Table,
    ) {
        self.models(definition.models.as_deref(), &path.key("models"), table);
        let key = table.keyring.named(name).map(|id| table.keyring.key(id));
        let standing = key.and_then(|key| key.terms.as_ref()).map(|terms| terms.standing());
        if let Some(Err(Refusal::KeyExpired)) = standing {
            let hint = "give it a later moment, or remove the key";
            self.warn(&path.key("expires_at"), "this key has expired", hint);
        }
    }

    /// Names in `models` that match no alias.
    pub(super) fn models(&mut self, models: Option<&[String]>, path: &Path, table: &Table) {
        for (at, model) in models.into_iter().flatten().enumerate() {
            let listed = table.listed();
            let mut names = listed.iter().map(|(name, _)| *name);
            let is_pattern_of = |pool: &Arc<Pool>| may_meet(model, &pool.alias);
            if !names.any(|name| fits(model, name)) && !table.aliases().iter().any(is_pattern_of) {
                let hint = "write an alias, or a pattern that matches one";
                self.warn(&path.index(at), "no alias has this name", hint);
            }
        }
    }

    /// A token that clients send.
    pub(super) fn token(&mut self, text: &str, path: &Path) {
        if is_stand_in(text) || self.key(text, path) {
            return;
        }
        if text.contains('*') {
            self.glob(path, "a key");
        } else if text.chars().count() < SHORTEST {
            let message = "a key as short as this can be guessed";
            let hint = "use a random one, as `openssl rand -hex 24` prints";
            self.warn(path, message, hint);
        }
    }

    /// A credential that is sent to a provider.
    pub(super) fn credential(&mut self, text: &str, path: &Path) {
        if !is_stand_in(text) && text != CALLER {
            self.key(text, path);
        }
    }

    /// Warns about a text that is not a key. Returns whether it is one.
    fn key(&mut self, text: &str, path: &Path) -> bool {
        let lower = text.to_ascii_lowercase();
        let (message, hint) = if is_variable(text) {
            ("this is the name of a variable, not its value", "write `${env:NAME}`")
        } else if SCHEMES.iter().any(|scheme| lower.starts_with(scheme)) {
            ("the router adds the word before the key itself", "write only the key")
        } else if text.trim() != text {
            ("there is white space around this key", "remove it")
        } else if is_placeholder(&lower) {
            ("this is a placeholder from an example", "write the key, or `${env:NAME}`")
        } else if ['"', '\'', '“', '‘'].iter().any(|quote| text.starts_with(*quote)) {
            ("quotes stand around this key, and are part of it", "remove them")
        } else if text.chars().any(|c| c.is_whitespace() || !c.is_ascii() || c.is_ascii_control()) {
            (
                "this key has a character that keys do not have",
                "copy it again: letters, digits, `-`, `_`",
            )
        } else {
            return false;
        };
        self.warn(path, message, hint);
        true
    }
}

/// `$NAME`, `%NAME%`, `{{ name }}`, `os.environ/NAME`, `env:NAME`.
fn is_variable(text: &str) -> bool {
    let name = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty()
    };
    let inside = |start: &str, end: &str| {
        text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).map(str::trim)
    };
    let starts =
        ["$", "os.environ/", "os.environ.", "process.env.", "env:", "env.", "env/", "ENV:"];
    starts.iter().any(|start| inside(start, "").is_some_and(name))
        || [("%", "%"), ("{{", "}}"), ("$(", ")"), ("${", "}"), ("{", "}"), ("$env:", "")]
            .iter()
            .any(|(start, end)| {
                inside(start, end).is_some_and(|inner| !inner.is_empty() && inner.len() < LONGEST)
            })
        || (text.len() < LONGEST
            && text.contains('_')
            && ["_API_KEY", "_KEY", "_TOKEN", "_SECRET"].iter().any(|end| text.ends_with(end))
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'))
}

/// `lower` is in lower case.
fn is_placeholder(lower: &str) -> bool {
    const WHOLE: [&str; 9] =
        ["xxx", "todo", "tbd", "none", "null", "key", "secret", "token", "password"];
    const PARTS: [&str; 9] =
        ["...", "…", "xxxx", "****", "your-", "your_", "-your", "_your", "todo-"];
    /// Compared without `-` and `_`.
    const WORDS: [&str; 11] = [
        "yourkey",
        "yourapi",
        "yourtoken",
        "changeme",
        "replaceme",
        "replacewith",
        "placeholder",
        "fixme",
        "keyhere",
        "myapikey",
        "redacted",
    ];
    let plain = lower.replace(['-', '_', ' '], "");
    let is_bracketed = (lower.starts_with('<') && lower.ends_with('>'))
        || (lower.contains('<') && lower.contains('>'))
        || (lower.starts_with('[') && lower.ends_with(']'));
    WHOLE.contains(&lower)
        || plain == "apikey"
        || PARTS.iter().any(|part| lower.contains(part))
        || WORDS.iter().any(|word| plain.contains(word))
        || is_bracketed
}

/// The shortest key that cannot be guessed, in characters.
const SHORTEST: usize = 12;
/// The longest name, in characters.
const LONGEST: usize = 64;
const SCHEMES: [&str; 3] = ["bearer ", "basic ", "authorization:"];
const CALLER: &str = "${caller}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_known_and_keys_are_not() {
        for text in [
            "$OPENAI_API_KEY",
            "${OPENAI_API_KEY}",
            "%KEY%",
            "{{ key }}",
            "OPENAI_API_KEY",
            "os.environ/KEY",
            "$(cat key)",
        ] {
            assert!(is_variable(text), "{text}");
        }
        for text in [
            "sk-...",
            "sk-xxxxxxxx",
            "your_api_key",
            "<key>",
            "changeme",
            "sk-your-key",
            "replace-me",
            "todo",
            "insert-key-here",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["sk-proj-4f0a9c81d2e3b7", "$a!", "sk-ant-api03-Q_k", "A1B2C3D4E5F6", "ollama"]
        {
            assert!(!is_variable(text) && !is_placeholder(&text.to_lowercase()), "{text}");
        }
    }
}
