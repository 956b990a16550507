//! The memory budget of a translation: estimated before anything is built, and returned when the
//! last of it is dropped.

use bytes::Bytes;

use crate::{
    body::OutOfProportion,
    failure::What,
    live::Share,
    upstream::{
        answer::Answer,
        failed::Failed,
        inbound::{Inbound, UNCOUNTED},
        peek,
    },
};

/// Bytes that hold their share of the budget until they are dropped.
struct Counted {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why an answer is not read.
pub(super) struct NotHeld(&'static str);

impl From<NotHeld> for Failed {
    fn from(NotHeld(why): NotHeld) -> Self {
        Self::new(What::Malformed(None), why.to_owned())
    }
}

/// Collects a whole answer with its share of the budget.
///
/// # Errors
/// It breaks off or is too long, or the budget is used up.
pub(super) async fn collected(
    inbound: &Inbound,
    answer: &mut Answer,
) -> Result<(Bytes, Share), Failed> {
    let mut share = inbound.budget.share();
    let body = peek::collect(answer, |held| held <= UNCOUNTED || share.grow_to(held)).await?;
    let body = body.ok_or(NO_ROOM)?;
    Ok((body, share))
}

/// Reserves the memory for reading and writing a collected answer, and runs it.
///
/// # Errors
/// It has too many small values for its length, or the budget is used up.
pub(super) fn read<T>(
    weight: Result<u64, OutOfProportion>,
    mut share: Share,
    read: impl FnOnce() -> T,
) -> Result<(T, Share), NotHeld> {
    let weight = weight.map_err(|OutOfProportion| {
        NotHeld("the answer holds too many small values for its length")
    })?;
    if weight > UNCOUNTED && !share.grow_to(weight) {
        return Err(NO_ROOM);
    }
    Ok((read(), share))
}

/// What was written, with its share of the budget until it is sent.
pub(super) fn counted(bytes: Vec<u8>, mut share: Share) -> Bytes {
    if bytes.len() as u64 <= UNCOUNTED {
        return Bytes::from(bytes);
    }
    share.shrink_to(bytes.capacity() as u64);
    Bytes::from_owner(Counted { bytes, _share: share })
}

const NO_ROOM: NotHeld = NotHeld("the router has no memory left to translate the answer");
