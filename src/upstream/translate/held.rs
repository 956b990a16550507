//! What a translation holds of the room for all bodies: it is estimated before anything is built,
//! and given back when the last of it is dropped.

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

/// Bytes that stand for their share of the room until they are dropped.
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

/// Collects a whole answer, with what it takes of the room.
///
/// # Errors
/// It breaks off or is too long, or there is no room.
pub(super) async fn collected(
    inbound: &Inbound,
    answer: &mut Answer,
) -> Result<(Bytes, Share), Failed> {
    let mut share = inbound.budget.share();
    let body = peek::collect(answer, |held| held <= UNCOUNTED || share.grow_to(held)).await?;
    let body = body.ok_or(NO_ROOM)?;
    Ok((body, share))
}

/// Takes the room for what is read and written of a collected answer, and does so.
///
/// # Errors
/// It holds too many small values for its length, or there is no room.
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

/// What was written, with the share of the room that it takes until it is sent.
pub(super) fn counted(bytes: Vec<u8>, mut share: Share) -> Bytes {
    if bytes.len() as u64 <= UNCOUNTED {
        return Bytes::from(bytes);
    }
    share.shrink_to(bytes.capacity() as u64);
    Bytes::from_owner(Counted { bytes, _share: share })
}

const NO_ROOM: NotHeld = NotHeld("the router has no memory left to translate the answer");
