//! Waits that may be cancelled: notes the tokens that the answer had reported by then.

use super::{
    answer::{Answer, Form},
    failed::Failed,
    given_up::Noted,
    inbound::Inbound,
    peek,
};
use crate::{
    models::tokens::Tokenizer,
    protocol::{Protocol, conversation::Usage, spoken::Spoken, usage::Tail},
    table::Provider,
};

/// An answer that may report tokens before it is accepted.
pub(super) trait Tells {
    /// The tokens reported so far, for a client of this protocol.
    fn told(&self, speaks: Protocol) -> Option<Usage>;

    /// The tokens of what has come of it so far, as they are estimated.
    fn said(&self, _speaks: Protocol, _tokenizer: &Tokenizer) -> u64 {
        0
    }
}

impl Tells for Answer {
    /// JSON reports its tokens only when it is complete.
    fn told(&self, speaks: Protocol) -> Option<Usage> {
        let is_read = self.form() != Form::Json || self.body.source_is_end();
        let read = || self.told_so_far(speaks).filter(|_| is_read);
        self.body.usage().or_else(read)
    }

    fn said(&self, speaks: Protocol, tokenizer: &Tokenizer) -> u64 {
        let held = self.body.held();
        match self.form() {
            _ if !self.status.is_success() => 0,
            Form::Events | Form::Frames => {
                let mut said = Spoken::of_stream(speaks);
                held.iter().for_each(|piece| said.observe(piece));
                said.tokens(tokenizer)
            }
            Form::Json => {
                let mut tail = Tail::default();
                held.iter().for_each(|piece| tail.observe(piece));
                let length = self.body.held_bytes() as u64;
                Spoken::in_answer(speaks, tail.kept(), length, tokenizer)
            }
            Form::Other => 0,
        }
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
        if self.is_over {
            return;
        }
        let speaks = self.inbound.speaks();
        let said = self.it.said(speaks, tokenizer(self.inbound, self.provider));
        let noted = Noted { told: self.it.told(speaks), said };
        if noted.told.is_some() || noted.said > 0 {
            self.inbound.given_up.note(self.provider, noted);
        }
    }
}

/// The tokenizer of the model that was asked.
pub(super) fn tokenizer(inbound: &Inbound, provider: &Provider) -> &'static Tokenizer {
    provider.tokenizer_for(&inbound.alias)
}

/// Waits for one more chunk of an answer and keeps it; `false` if the body has ended.
pub(super) async fn look(
    answer: &mut Answer,
    inbound: &Inbound,
    provider: &Provider,
) -> Result<bool, Failed> {
    Awaited::while_it(answer, (inbound, provider), peek::look).await
}
