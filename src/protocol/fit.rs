//! Fits a conversation to what a family of models supports. Several protocols reach the same
//! models, so the code is here; the data is in `crate::models`.
//!
//! What does not fit goes to the losses.

pub(in crate::protocol) mod claude;
pub(in crate::protocol) mod gpt;

use super::codec::Refused;
use super::conversation::Losses;

/// The texts that end the answer, as many as are taken.
pub(in crate::protocol) fn stops<'a>(
    stop: &'a [String],
    most: usize,
    losses: &mut Losses,
) -> Result<Vec<&'a str>, Refused> {
    losses.lose_if(stop.len() > most, "stop")?;
    Ok(stop.iter().take(most).map(String::as_str).collect())
}

/// The texts that end the answer, without blank ones, which are refused.
pub(in crate::protocol) fn stops_with_text<'a>(
    stop: &'a [String],
    losses: &mut Losses,
) -> Result<Vec<&'a str>, Refused> {
    let (blank, stop): (Vec<&str>, Vec<&str>) =
        stop.iter().map(String::as_str).partition(|text| text.trim().is_empty());
    losses.lose_if(!blank.is_empty(), "stop")?;
    Ok(stop)
}
