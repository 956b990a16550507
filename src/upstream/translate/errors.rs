//! A provider's error, read in its protocol and written in the client's: an error answer, or an
//! error inside a success.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};

use super::Exchange;
use crate::{
    failure::{Failure, What},
    protocol::{LIMITS, profile::REQUEST_IDS, told},
    upstream::{
        answer::Answer,
        failed::{self, Failed},
        foreign, headers, peek,
    },
};

impl Exchange<'_> {
    /// The answer, unless its status is an error.
    pub(super) async fn accepted(&self, mut answer: Box<Answer>) -> Result<Box<Answer>, Failed> {
        let status = answer.status;
        if !(status.is_client_error() || status.is_server_error()) {
            if foreign::is_page(&answer) {
                return Err(Failed::malformed(status, "answered a page for people"));
            }
            return Ok(answer);
        }
        peek::hold_error(&mut answer).await;
        let body = answer.body.held_as_one();
        let said = self.codec().read_error(status.as_u16(), &answer.headers, &body);
        let failed = self.failed(&answer.headers, &said);
        let said = self.in_own_words(&body);
        Err(Failed { cause: String::new(), said, ..failed })
    }

    /// Refuses a success that contains an error.
    pub(super) fn judge_envelope(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Failed> {
        if told::is_error_alone(body) { Err(self.judge_error(headers, body)) } else { Ok(()) }
    }

    /// The error inside a success.
    pub(super) fn judge_error(&self, headers: &HeaderMap, body: &[u8]) -> Failed {
        // No error is so long, and searching it builds a tree.
        if body.len() > LONGEST_ERROR {
            let cause = format!("an error of more than {LONGEST_ERROR} bytes inside a 200");
            return Failed::new(What::Malformed(None), cause);
        }
        let said = self.codec().read_error_inside(headers, body);
        let (cause, own) = (format!("answered {}", said.status), self.in_own_words(body));
        Failed { cause, said: own, ..self.failed(headers, &said) }
    }

    /// A success that contains an error. Its codes count even without a readable form. It is too
    /// short to need another thread.
    pub(super) fn failed_in(&self, headers: &HeaderMap, mut said: Failure, body: &[u8]) -> Failed {
        if body.len() <= LONGEST_ERROR {
            told::hear_codes(&mut said, body);
        }
        self.failed(headers, &said)
    }

    /// The provider's own text, for the log, if the client does not get it.
    fn in_own_words(&self, body: &[u8]) -> Option<Box<Bytes>> {
        let masks = self.provider.strict.is_some_and(|strict| strict.masks);
        masks.then(|| Box::new(Bytes::copy_from_slice(body)))
    }

    /// The provider's error in the client's protocol.
    pub(super) fn failed(&self, headers: &HeaderMap, said: &Failure) -> Failed {
        let request_id = self.inbound.request_id.to_str().unwrap_or_default();
        let written = self.client_codec().write_error(said, request_id);
        let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut answer = whole(status, written.body, relayed(headers));
        answer.headers.extend(written.headers.into_iter().filter_map(headers::own));
        let retry_after = said.retry_after.or_else(|| failed::retry_after(headers));
        // The protocol's own form, whatever form the provider used.
        if let Some(wait) = retry_after.filter(|_| !answer.headers.contains_key(RETRY_AFTER)) {
            let seconds = wait.as_millis().div_ceil(1_000) as u64;
            answer.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let failure = said.brief(&self.provider.own_classes);
        // The provider's text may repeat a key or a prompt, which no log may contain.
        let cause = match failure.what {
            What::Status(status) => format!("told an error {status}"),
            _ => said.message.clone(),
        };
        // What the provider did not say is the router's to tell, in the same words as without translation.
        let is_said = matches!(failure.what, What::Status(_));
        Failed {
            failure,
            retry_after,
            answer: is_said.then(|| Box::new(answer)),
            ..Failed::new(failure.what, cause)
        }
    }
}

/// A whole answer of the router.
pub(super) fn whole(
    status: StatusCode,
    body: impl Into<Bytes>,
    headers: Vec<(HeaderName, HeaderValue)>,
) -> Answer {
    let mut answer = Answer::bare(status);
    answer.headers.extend(headers);
    answer.replace_body("application/json", body.into());
    answer
}

/// Headers about limits, and the provider's request ID, make sense in any protocol; others belong
/// to the provider's.
pub(super) fn relayed(of: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let about_limits = |name: &HeaderName| {
        let name = name.as_str();
        LIMITS.iter().any(|it| name.starts_with(it.start)) || name.starts_with("retry-after")
    };
    let kept = of.iter().filter(|(name, _)| about_limits(name));
    let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
    let id = REQUEST_IDS.iter().find_map(|name| of.get(*name));
    kept.chain(id.map(|id| (headers::REQUEST_ID, id.clone()))).collect()
}

/// In bytes, inside a success.
const LONGEST_ERROR: usize = 64 * 1024;
