//! Hides the provider's credential in an error that repeats it: some providers name the key that they refuse.

use bytes::Bytes;
use http::HeaderValue;
use memchr::memmem;

use super::{answer::Answer, peek, strict};
use crate::table::Provider;

/// Hides the credential that was sent, wherever an error that is passed on repeats it.
pub(crate) async fn hide(answer: &mut Box<Answer>, provider: &Provider) {
    let secrets: Vec<&[u8]> = secrets(provider).collect();
    if secrets.is_empty() {
        return;
    }
    if !answer.is_plain() {
        let bare = Box::new(Answer::bare(answer.status));
        // What cannot be read is not passed on.
        if let Ok(decoded) = strict::decoded(std::mem::replace(answer, bare)) {
            *answer = decoded;
        }
    }
    for value in answer.headers.values_mut() {
        if let Some(clean) = without(value.as_bytes(), &secrets)
            && let Ok(clean) = HeaderValue::from_maybe_shared(clean)
        {
            *value = clean;
        }
    }
    peek::hold_error(answer).await;
    if let Some(clean) = without(&answer.body.held_as_one(), &secrets) {
        answer.replace_held(clean);
    }
}

/// The values that identify the organisation: the credential, and sensitive headers of the file.
fn secrets(provider: &Provider) -> impl Iterator<Item = &[u8]> {
    let own = provider.credential.iter().map(|(_, value)| value);
    let values = own.chain(provider.request_headers.iter().map(|(_, value)| value));
    values.filter(|value| value.is_sensitive()).filter_map(|value| {
        let value = value.as_bytes();
        let scheme = value.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1);
        Some(&value[scheme..]).filter(|secret| secret.len() >= SHORTEST)
    })
}

/// The bytes with `***` in the place of each secret; `None` if they hold none.
fn without(bytes: &[u8], secrets: &[&[u8]]) -> Option<Bytes> {
    let mut clean: Option<Vec<u8>> = None;
    for secret in secrets {
        let finder = memmem::Finder::new(secret);
        while let Some(at) = finder.find(clean.as_deref().unwrap_or(bytes)) {
            let clean = clean.get_or_insert_with(|| bytes.to_vec());
            clean.splice(at..at + secret.len(), *HIDDEN);
        }
    }
    clean.map(Bytes::from)
}

const HIDDEN: &[u8; 3] = b"***";
/// Shorter ones are placeholders such as `none`, which stand in texts by chance.
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_is_hidden_wherever_it_stands() {
        let secrets: [&[u8]; 2] = [b"sk-secret-1", b"other-secret"];
        for (text, clean) in [
            ("nothing", None),
            ("sk-secret-1", Some("***")),
            ("a sk-secret-1, other-secret and sk-secret-1", Some("a ***, *** and ***")),
        ] {
            let hidden = without(text.as_bytes(), &secrets);
            assert_eq!(hidden.as_deref(), clean.map(str::as_bytes), "{text}");
        }
    }
}
