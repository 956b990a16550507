//! What is done with an answer where the file asks for it: it is cleaned down to the fields that its
//! protocol has, and errors and headers of providers are masked.
//!
//! It runs before the commit point, on answers that pass as they came and on translated ones alike.

mod decoded;
mod levels;
mod mask;
mod cleaned;
mod stream;

use super::{answer::Answer, failed::Failed, inbound::Inbound};
use crate::table::{Provider, strict::Strict};

pub(super) use decoded::decoded;

/// The end of an attempt, as its client may see it.
///
/// # Errors
/// As it failed, or because the answer is not what its protocol says.
pub(super) async fn applied(
    tried: Result<Box<Answer>, Failed>,
    provider: &Provider,
    inbound: &Inbound,
    strict: Strict,
) -> Result<Box<Answer>, Failed> {
    let cleaned = match tried {
        Ok(answer) => cleaned::cleaned(answer, provider, inbound, strict).await,
        Err(failed) => Err(failed),
    };
    match cleaned {
        Ok(mut answer) => {
            if strict.masks {
                levels::mask_headers(&mut answer.headers);
            }
            Ok(answer)
        }
        Err(failed) if strict.masks => Err(mask::masked(failed, provider, inbound).await),
        Err(failed) => Err(failed),
    }
}
