//! The tokens of attempts that were given up before their answer was accepted: another provider was quicker,
//! time ran out, the client left. What they had told by then has to be paid for.
//!
//! An attempt that ends by itself says so itself.

use std::sync::Mutex;

use super::{
    answer::{Answer, Form},
    failed::Failed,
    inbound::Inbound,
    locked::locked,
    peek,
    resends::place,
};
use crate::{
    protocol::{Protocol, conversation::Usage},
    table::Provider,
};

/// What attempts of one request had told when they were given up, until the trail tells of it. Without any it
/// is as small as an empty list.
#[derive(Debug, Default)]
pub(crate) struct GivenUp(Mutex<Vec<(usize, Usage)>>);

impl GivenUp {
    /// What the attempt at this provider had told that was given up last.
    pub(crate) fn take(&self, provider: &Provider) -> Option<Usage> {
        let mut noted = locked(&self.0);
        let its = noted.extract_if(.., |(its, _)| *its == place(provider));
        its.last().map(|(_, usage)| usage)
    }
}

/// What may tell tokens before it is accepted.
pub(super) trait Tells {
    /// Those that it has told so far, where the client speaks this protocol.
    fn told(&self, speaks: Protocol) -> Option<Usage>;
}

impl Tells for Answer {
    /// The end of JSON tells what stands where: before that nothing is known.
    fn told(&self, speaks: Protocol) -> Option<Usage> {
        let is_read = self.form() != Form::Json || self.body.source_is_end();
        let read = || self.told_so_far(speaks).filter(|_| is_read);
        self.body.usage().or_else(read)
    }
}

/// What is waited for: if the wait is given up, what it has told is noted.
pub(super) struct Awaited<'a, T: Tells> {
    it: &'a mut T,
    inbound: &'a Inbound,
    provider: &'a Provider,
    is_over: bool,
}

impl<'a, T: Tells> Awaited<'a, T> {
    /// `wait` for what it is to do.
    pub(super) async fn while_it<R>(
        it: &'a mut T,
        (inbound, provider): (&'a Inbound, &'a Provider),
        wait: impl AsyncFnOnce(&mut T) -> R,
    ) -> R {
        let awaited = &mut Self { it, inbound, provider, is_over: false };
        let done = wait(awaited.it).await;
        awaited.is_over = true;
        done
    }
}

impl<T: Tells> Drop for Awaited<'_, T> {
    fn drop(&mut self) {
        if !self.is_over
            && let Some(usage) = self.it.told(self.inbound.speaks())
        {
            locked(&self.inbound.given_up.0).push((place(self.provider), usage));
        }
    }
}

/// Waits for one more piece of an answer and keeps it. `false`: the body has ended.
pub(super) async fn look(
    answer: &mut Answer,
    inbound: &Inbound,
    provider: &Provider,
) -> Result<bool, Failed> {
    Awaited::while_it(answer, (inbound, provider), peek::look).await
}
