//! Hides the provider's credential in an error that repeats it: some providers name the key that they refuse.
//!
//! Each byte of it becomes a star, so that no length changes, and nothing waits.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderValue;
use memchr::memmem;
use tokio::time::Instant;

use super::{
    answer::{Answer, AnswerBody},
    source::Source,
    strict,
};
use crate::{failure::Brief, table::Provider};

/// Hides the credential that was sent, wherever an error that is passed on repeats it.
pub(crate) fn hide(answer: &mut Box<Answer>, provider: &Provider) {
    let secrets: Vec<Box<[u8]>> = secrets(provider).collect();
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
        let mut bytes = value.as_bytes().to_vec();
        if cover(&mut bytes, &secrets)
            && let Ok(clean) = HeaderValue::from_bytes(&bytes)
        {
            *value = clean;
        }
    }
    if let Some(whole) = answer.body.whole() {
        let mut bytes = whole.to_vec();
        if cover(&mut bytes, &secrets) {
            answer.replace_held(bytes.into());
        }
        return;
    }
    let source = std::mem::replace(&mut answer.body, AnswerBody::ended());
    let hiding = Hiding { source, secrets, tail: Vec::new(), broken: None };
    answer.body = AnswerBody::from_source(Box::new(hiding));
}

/// The values that identify the organisation: the credential, and sensitive headers of the file.
fn secrets(provider: &Provider) -> impl Iterator<Item = Box<[u8]>> {
    let own = provider.credential.iter().map(|(_, value)| value);
    let values = own.chain(provider.request_headers.iter().map(|(_, value)| value));
    values.filter(|value| value.is_sensitive()).filter_map(|value| {
        let value = value.as_bytes();
        let scheme = value.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1);
        Some(&value[scheme..]).filter(|secret| secret.len() >= SHORTEST).map(Box::from)
    })
}

/// Covers each secret among the bytes; whether there was one.
fn cover(bytes: &mut [u8], secrets: &[Box<[u8]>]) -> bool {
    let mut found = false;
    for secret in secrets {
        let mut from = 0;
        while let Some(at) = memmem::find(&bytes[from..], secret) {
            let end = from + at + secret.len();
            bytes[from + at..end].fill(b'*');
            (from, found) = (end, true);
        }
    }
    found
}

/// A body that has not arrived yet.
struct Hiding {
    source: AnswerBody,
    secrets: Vec<Box<[u8]>>,
    /// What may be the beginning of a secret.
    tail: Vec<u8>,
    /// How it broke off; reported after the tail.
    broken: Option<Brief>,
}

impl Hiding {
    /// How many bytes at the end of the tail may be the beginning of a secret.
    fn begun(&self) -> usize {
        let begins = |secret: &[u8]| {
            let most = (secret.len() - 1).min(self.tail.len());
            (1..=most).rev().find(|&length| self.tail.ends_with(&secret[..length]))
        };
        self.secrets.iter().filter_map(|secret| begins(secret)).max().unwrap_or(0)
    }
}

impl Source for Hiding {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        loop {
            if let Some(broken) = self.broken.take() {
                return Poll::Ready(Some(Err(broken)));
            }
            let held = match ready!(self.source.poll_piece(cx)) {
                Some(Ok(piece)) => {
                    self.tail.extend_from_slice(&piece);
                    cover(&mut self.tail, &self.secrets);
                    if self.source.is_end() { 0 } else { self.begun() }
                }
                Some(Err(broken)) => {
                    self.broken = Some(broken);
                    0
                }
                None if self.tail.is_empty() => return Poll::Ready(None),
                None => 0,
            };
            let rest = self.tail.split_off(self.tail.len() - held);
            let ready = std::mem::replace(&mut self.tail, rest);
            if !ready.is_empty() {
                return Poll::Ready(Some(Ok(ready.into())));
            }
        }
    }

    fn is_end(&self) -> bool {
        self.source.is_end() && self.tail.is_empty() && self.broken.is_none()
    }

    fn remaining(&self) -> Option<u64> {
        Some(self.source.remaining()? + self.tail.len() as u64)
    }

    fn ends_by(&mut self, end: Option<Instant>) -> bool {
        self.source.end_by(end);
        true
    }

    fn fault(&self) -> Option<Brief> {
        self.source.fault()
    }
}

/// Shorter ones are placeholders such as `none`, which stand in texts by chance.
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    struct Pieces(VecDeque<Bytes>);

    impl Source for Pieces {
        fn poll_piece(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }

        fn is_end(&self) -> bool {
            self.0.is_empty()
        }

        fn remaining(&self) -> Option<u64> {
            None
        }
    }

    #[tokio::test]
    async fn each_secret_is_covered_wherever_it_stands_and_is_cut() {
        let text = "a sk-secret-1, sk-sk-secret-1 other-secret and sk-secr";
        let wanted = "a ***********, sk-*********** ************ and sk-secr";
        for size in 1..=text.len() {
            let pieces = text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
            let secrets = vec![Box::from(&b"sk-secret-1"[..]), Box::from(&b"other-secret"[..])];
            let source = AnswerBody::from_source(Box::new(Pieces(pieces)));
            let mut hiding = Hiding { source, secrets, tail: Vec::new(), broken: None };
            let mut out = Vec::new();
            while let Some(piece) =
                std::future::poll_fn(|cx| hiding.poll_piece(cx)).await.transpose().unwrap()
            {
                out.extend_from_slice(&piece);
            }
            assert_eq!(String::from_utf8(out).unwrap(), wanted, "by {size}");
        }
    }
}
