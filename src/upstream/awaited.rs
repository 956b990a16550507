//! Waits that may be cancelled: notes the tokens that the answer had reported by then.

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

/// An answer that may report tokens before it is accepted.
pub(super) trait Tells {
    /// The tokens reported so far, for a client of this protocol.
    fn told(&self, speaks: Protocol) -> Option<Usage>;
}

impl Tells for Answer {
    /// JSON reports its tokens only when it is complete.
    fn told(&self, speaks: Protocol) -> Option<Usage> {
        let is_read = self.form() != Form::Json || self.body.source_is_end();
        let read = || self.told_so_far(speaks).filter(|_| is_read);
        self.body.usage().or_else(read)
    }
}

/// A wait; if it is cancelled, the reported tokens are noted.
pub(super) struct Awaited<'a, T: Tells> {
    it: &'a mut T,
    inbound: &'a Inbound,
    provider: &'a Provider,
    is_over: bool,
}

impl<'a, T: Tells> Awaited<'a, T> {
    /// Waits with `wait`.
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

/// Waits for one more chunk of an answer and keeps it; `false` if the body has ended.
pub(super) async fn look(
    answer: &mut Answer,
    inbound: &Inbound,
    provider: &Provider,
) -> Result<bool, Failed> {
    Awaited::while_it(answer, (inbound, provider), peek::look).await
}
