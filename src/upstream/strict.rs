//! Strict mode for answers: they are reduced to the fields of their protocol, and a provider's
//! errors and headers are masked.
//!
//! It runs before the commit point, for unchanged and translated answers alike.

mod decoded;
mod levels;
mod mask;
mod cleaned;
mod stream;

use super::{answer::Answer, failed::Failed, inbound::Inbound};
use crate::table::{Provider, strict::Strict};

pub(super) use cleaned::reads;
pub(super) use decoded::decoded;

/// The result of an attempt as the client may see it.
///
/// # Errors
/// The attempt's own, or the answer is invalid in its protocol.
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
