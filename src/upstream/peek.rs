//! Reads an answer ahead of the client, as far as it must be known before it is passed on.

use std::{pin::pin, time::Duration};

use bytes::Bytes;

use super::{
    answer::{Answer, AnswerBody, Form},
    failed::Failed,
    off_core,
};
use crate::{body::A_FEW, failure::What, within::within};

/// Reads the body of an error, as far as it arrives soon.
pub(super) async fn hold_error(answer: &mut Answer) {
    let read = async {
        while answer.body.held_bytes() <= MOST_OF_ERROR && !answer.body.source_is_end() {
            if !matches!(answer.body.look().await, Ok(true)) {
                break;
            }
        }
    };
    within(ERROR_BODY, pin!(read)).await;
}

/// Whether the answer is one JSON object although events were requested: the provider cannot
/// stream, or it is an error. A Gemini JSON array of chunks is not a single object.
pub(super) async fn is_object(answer: &mut Answer) -> Result<bool, Failed> {
    if matches!(answer.form(), Form::Events | Form::Frames) {
        return Ok(false);
    }
    loop {
        // The first chunk alone may exceed the limit.
        let mut bytes = answer.body.held().iter().flatten();
        if let Some(first) = bytes.find(|byte| !byte.is_ascii_whitespace()) {
            return Ok(*first == b'{');
        }
        if answer.body.held_bytes() > MOST_HELD || !look(answer).await? {
            return Ok(false);
        }
    }
}

/// Takes the whole body out of the answer; `None` if there is no memory for it.
pub(super) async fn collect(
    answer: &mut Answer,
    mut has_room: impl FnMut(u64) -> bool,
) -> Result<Option<Bytes>, Failed> {
    let mut loose = 0;
    while look(answer).await? {
        if !has_room(answer.body.held_bytes() as u64) {
            return Ok(None);
        }
        if answer.body.held_bytes() > MOST_READ {
            let cause = format!("an answer of more than {MOST_READ} bytes");
            return Err(Failed::new(What::Malformed(None), cause));
        }
        loose += 1;
        if loose == A_FEW {
            answer.body.join_crumbs(A_FEW);
            loose = 0;
        }
    }
    let mut body = std::mem::replace(&mut answer.body, AnswerBody::ended());
    answer.body.take_service(&mut body);
    if body.held_bytes() > off_core::LARGE {
        let pieces = body.into_held();
        return Ok(Some(off_core::run(move || pieces.to_bytes()).await));
    }
    Ok(Some(body.held_as_one()))
}

pub(super) async fn look(answer: &mut Answer) -> Result<bool, Failed> {
    if answer.body.source_is_end() {
        return Ok(false);
    }
    answer.body.look().await.map_err(|broken| match broken.what {
        What::Reset => Failed::new(What::Reset, "broke off before the commit point".into()),
        What::Malformed(_) => Failed::new(broken.what, "it cannot be unpacked".into()),
        _ => Failed::new(What::Timeout, "fell silent before the commit point".into()),
    })
}

/// The most bytes of an answer that are buffered before it is passed on.
pub(super) const MOST_HELD: usize = 64 * 1024;
/// The same of an error: some servers repeat the request in front of the code.
pub(super) const MOST_OF_ERROR: usize = 1024 * 1024;
/// The largest answer that is translated.
const MOST_READ: usize = 64 * 1024 * 1024;
/// How long the body of an error may take.
const ERROR_BODY: Duration = Duration::from_secs(1);
