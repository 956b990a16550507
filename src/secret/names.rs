//! Recognizes credentials that were pasted where a name belongs.
//!
//! A name of the file (an alias, a key's name, a label, an unknown key) appears in problems, logs
//! and metrics, so one that looks like a credential is masked. Published forms of vendors are
//! certain; in problems, random characters are masked too.

use std::borrow::Cow;

/// Whether the text is or contains the published form of a credential.
pub(crate) fn is_credential(text: &str) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    let starts = text.char_indices().filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric())
    });
    starts.into_iter().any(|(at, _)| begins_credential(&text[at..])) || holds_password(text)
}

/// Whether the text may be a credential: a published form, or random characters.
pub(crate) fn may_be_credential(text: &str) -> bool {
    is_credential(text)
        || is_uuid(text)
        || text.split(|c: char| !c.is_alphanumeric()).any(is_random)
}

/// A name for logs, metrics and the operations port: one that looks like a credential becomes a
/// digest, which still distinguishes names.
pub fn label(name: &str) -> Cow<'_, str> {
    if is_credential(name) {
        let digest = blake3::hash(name.as_bytes()).to_hex();
        Cow::Owned(format!("masked-{}", &digest[..DIGEST]))
    } else {
        Cow::Borrowed(name)
    }
}

/// The replacement of a name wherever it is shown, if it needs one. Checking is too slow for the
/// request path, so tables keep the result.
pub(crate) fn mask(name: &str) -> Option<Box<str>> {
    match label(name) {
        Cow::Borrowed(_) => None,
        Cow::Owned(masked) => Some(masked.into()),
    }
}

fn begins_credential(text: &str) -> bool {
    let begins = |prefix: &&str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let long = |prefix: &&str| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric();
        text.bytes().skip(prefix.len()).take_while(is_part).count() >= LONG_RUN
    };
    let rest = |prefix: &&str| text.len() >= prefix.len() + SHORTEST_REST;
    SURE.iter().any(|prefix| begins(prefix) && rest(prefix))
        || LIKELY.iter().any(|prefix| begins(prefix) && long(prefix))
}

/// `https://user:password@host`.
fn holds_password(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split('/').next());
    authority.flatten().is_some_and(|authority| authority.contains('@'))
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Whether a run of letters and digits is not a word, a number, or a short mix such as `8x7b`.
fn is_random(run: &str) -> bool {
    let length = run.chars().count();
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let switches = |kind: &dyn Fn(char) -> u8| {
        let kinds = run.chars().map(kind);
        kinds.clone().zip(kinds.skip(1)).filter(|(one, next)| one != next).count()
    };
    let mixes = switches(&|c| u8::from(c.is_ascii_digit()));
    let all = switches(&|c| match c {
        '0'..='9' => 0,
        _ if c.is_uppercase() => 1,
        _ => 2,
    });
    match digits {
        0 => length > LONGEST_WORD || is_unspoken(run, length, all),
        _ if digits == length => length > LONGEST_NUMBER,
        _ => {
            length >= LONGEST_MIX
                || (length >= 6 && mixes >= 3 && mixes * 2 + 1 >= length)
                || (length >= 10 && digits >= 4 && mixes >= 2)
                || (length >= 8 && all >= 5)
        }
    }
}

/// Whether letters are not a word of any language: random case, or hardly a vowel.
fn is_unspoken(run: &str, length: usize, switches: usize) -> bool {
    if length < 12 {
        return false;
    }
    let vowels = run.chars().filter(|c| "aeiouyAEIOUY".contains(*c) || !c.is_ascii()).count();
    switches * 2 >= length || (length >= 16 && vowels * 6 < length)
}

/// Prefixes that only credentials have.
const SURE: [&str; 9] =
    ["sk-", "sk_", "rk_", "xai-", "gsk_", "nvapi-", "github_pat_", "bearer ", "-----begin "];
/// Prefixes of credentials that continue without a break.
const LIKELY: [&str; 20] = [
    "akia", "asia", "aiza", "ya29.", "ghp_", "gho_", "ghs_", "ghu_", "glpat-", "xoxb-", "xoxp-",
    "hf_", "eyj", "r8_", "pplx-", "fw_", "absk", "dapi", "pk_", "basic ",
];
const SHORTEST: usize = 12;
const SHORTEST_REST: usize = 8;
const LONG_RUN: usize = 12;
const LONGEST_WORD: usize = 28;
const LONGEST_NUMBER: usize = 12;
const LONGEST_MIX: usize = 16;
const DIGEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::{is_credential, label, may_be_credential};

    #[test]
    fn credentials_of_published_forms_are_known() {
        for text in [
            "sk-live-51H8x0aQ",
            "sk-proj-abcdefgh",
            "sk-ant-api03-0123456789",
            "AKIAIOSFODNN7EXAMPLE",
            "AIzaSyA1234567890abcdefghij",
            "ghp_0123456789abcdefABCDEF",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "Bearer 0123456789",
            "team:sk-live-51H8x0aQ",
            "https://user:pass@host.example",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(is_credential(text), "{text}");
            let label = label(text);
            assert!(label.starts_with("masked-") && !label.contains(text), "{label}");
        }
    }

    #[test]
    fn random_characters_may_be_a_credential() {
        for text in [
            "550e8400-e29b-41d4-a716-446655440000",
            "MARKER-4f9c2e7a1b",
            "s3cr3t",
            "k3Jf9sQz",
            "0123456789abcdef0123456789abcdef",
            "wJalrXUtnFEMIK7MDENGbPxRfiCY",
            "xkcdqwrtzpsdfghj",
        ] {
            assert!(may_be_credential(text) && !is_credential(text), "{text}");
        }
    }

    #[test]
    fn names_of_models_keys_and_headers_are_shown() {
        for text in [
            "gpt-4o-mini-2024-07-18",
            "claude-3-5-sonnet-20241022",
            "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
            "accounts/fireworks/models/llama-v3p1-405b-instruct",
            "Qwen/Qwen2.5-72B-Instruct",
            "mixtral-8x7b-instruct-v0.1",
            "text-embedding-3-large",
            "requests_per_minute",
            "maxConcurrentRequests",
            "x-amzn-bedrock-guardrailidentifier",
            "bedrock-runtime.eu-west-1.amazonaws.com",
            "task-skills",
            "127.0.0.1",
            "größte-übersetzung",
            "alias-19999",
            "k",
            "",
        ] {
            assert!(!may_be_credential(text), "{text}");
            assert_eq!(label(text), text);
        }
    }
}
