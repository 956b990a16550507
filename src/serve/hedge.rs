//! Asking a second provider although the first has not failed: it is merely slow, and the pool
//! says that this is worth an attempt now and then.
//!
//! Only one of the two is ever heard by the client, and the other is cut off at once.

use std::{pin::pin, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    affinity,
    record::{Record, Step},
    rounds::{Accepted, Rounds, pass::Chosen},
};
use crate::{
    refusal::Refusal,
    table::pool::HedgeAfter,
    upstream::{answer::Answer, failed::Failed},
};

/// How an attempt ended, hedged or not.
pub(super) enum Outcome<'a> {
    /// This one answered, or failed as the last of the two.
    Tried(Chosen<'a>, Result<Box<Answer>, Failed>),
    /// The failure of one of them is the end.
    Ended(Result<Accepted, Refusal>),
}

/// One attempt, with a second one beside it if the first is slow.
pub(super) async fn attempt<'a>(
    rounds: &mut Rounds<'a>,
    mut chosen: Chosen<'a>,
    record: &mut Record,
) -> Outcome<'a> {
    let Some(after) = patience(rounds) else {
        let tried = rounds.attempt(&mut chosen).await;
        record.waited(chosen.entry.started().elapsed());
        return Outcome::Tried(chosen, tried);
    };
    let began = Instant::now();
    // Boxed: two attempts are too large to be carried by every request that has one.
    let outcome = Box::pin(race(rounds, chosen, after, record)).await;
    record.waited(began.elapsed());
    outcome
}

async fn race<'a>(
    rounds: &mut Rounds<'a>,
    mut chosen: Chosen<'a>,
    after: Duration,
    record: &mut Record,
) -> Outcome<'a> {
    let mut first = pin!(rounds.attempt(&mut chosen));
    tokio::select! {
        biased;
        tried = &mut first => return Outcome::Tried(chosen, tried),
        () = sleep(after) => {}
    }
    // A large request may take a while to be written for the second, and the first may answer meanwhile.
    let second = tokio::select! {
        biased;
        second = rounds.hedge() => second,
        tried = &mut first => return Outcome::Tried(chosen, tried),
    };
    let Some(mut second) = second else {
        let tried = first.await;
        return Outcome::Tried(chosen, tried);
    };
    let mut other = pin!(rounds.attempt(&mut second));
    // The winner, its attempt's end, and who is left of the other.
    let (winner, tried, left) = tokio::select! {
        tried = &mut first => (chosen, tried, Err((second, other))),
        tried = &mut other => (second, tried, Ok((chosen, first))),
    };
    let loser = match &left {
        Ok((loser, _)) | Err((loser, _)) => loser.asked,
    };
    let failed = match tried {
        Ok(answer) => {
            record.trail.push(loser, Step::Hedged);
            return Outcome::Tried(winner, Ok(answer));
        }
        Err(failed) => failed,
    };
    let taken = winner.entry.started().elapsed();
    if let Some(end) = rounds.failed(winner, failed, taken, record) {
        record.trail.cut_off(loser);
        return Outcome::Ended(end);
    }
    match left {
        Ok((chosen, first)) => Outcome::Tried(chosen, first.await),
        Err((second, other)) => Outcome::Tried(second, other.await),
    }
}

/// How long the first may be silent; `None` where no second one may be asked.
fn patience(rounds: &Rounds<'_>) -> Option<Duration> {
    let pool = rounds.pool();
    let hedge = pool.hedge.as_ref()?;
    let inbound = rounds.inbound();
    let harmless = inbound.needs_body
        && !inbound.form
        && (hedge.side_effects || !affinity::has_tools(inbound));
    if !harmless {
        return None;
    }
    match hedge.after {
        HedgeAfter::Time(time) => Some(time),
        HedgeAfter::Percentile(percent) => pool.live.hedging.percentile(percent),
    }
}
