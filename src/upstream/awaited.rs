//! Waits that may be given up: what an answer had told of its tokens by then is noted.
//!
//! It never looks at an answer whose wait ends by itself.

use super::{
    answer::{Answer, Form},
    failed::Failed,
    inbound::Inbound,
    peek,
};
use crate::{
    protocol::{Protocol, conversation::Usage},
    table::Provider,
};

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
            self.inbound.given_up.note(self.provider, usage);
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
