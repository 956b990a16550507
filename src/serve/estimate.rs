//! What stands for the tokens of an answer where its provider does not tell them, or not to the end: an
//! estimate of the request's text and of the text that has passed.
//!
//! It is made where a report or a price needs it, and judged when the answer has ended; what was told is
//! never more than what it says.

use bytes::Bytes;

use crate::{
    body::Pieces,
    live::Share,
    models::tokens::{Input, Tokenizer},
    protocol::{Operation, Protocol, conversation::Usage, spoken::Spoken, usage::Tail},
    record::Record,
    table::{Provider, prices::Pricing},
    upstream::{answer::Answer, inbound::Inbound},
};

/// What is kept of one request and of its answer for an estimate.
pub(crate) struct Estimate {
    asked: Asked,
    said: Said,
}

/// The request.
enum Asked {
    /// Its body, which is kept no longer than a whole answer takes.
    Body(Pieces, #[expect(dead_code, reason = "given back when it drops")] Option<Share>),
    /// What was counted of it: a stream may last.
    Counted(Box<Input>),
}

/// The answer.
enum Said {
    /// Nothing: vectors.
    Nothing,
    /// A stream.
    Stream(Box<Spoken>),
    /// A whole answer whose end is looked at for its tokens anyway,
    Told,
    /// or is not.
    Whole(Tail),
}

impl Estimate {
    /// Of a request that is being answered; `None` where no one wants to know, or tokens are not what
    /// such an answer takes.
    pub(crate) fn wanted(
        inbound: &mut Inbound,
        answer: &Answer,
        provider: &Provider,
        record: &Record,
    ) -> Option<Self> {
        if !answer.status.is_success() {
            return None;
        }
        let (protocol, operation) = is_wanted(inbound, provider, record)?;
        let is_stream = inbound.stream || answer.observer.is_some();
        let said = match operation {
            Operation::Embed => Said::Nothing,
            _ if is_stream => Said::Stream(Box::new(Spoken::of_stream(protocol))),
            _ if answer.tells_usage => Said::Told,
            _ => Said::Whole(Tail::default()),
        };
        let asked = if is_stream {
            let body = &inbound.body;
            let pieces = body.iter().map(|piece| &piece[..]);
            Asked::Counted(Box::new(Input::read(pieces, body.len())))
        } else {
            Asked::Body(std::mem::take(&mut inbound.body), inbound.share.take())
        };
        Some(Self { asked, said })
    }

    /// A piece is on its way to the client.
    #[inline]
    pub(crate) fn passes(&mut self, piece: &Bytes) {
        match &mut self.said {
            Said::Stream(spoken) => spoken.observe(piece),
            Said::Whole(tail) => tail.observe(piece),
            Said::Nothing | Said::Told => {}
        }
    }

    /// The tokens, of which `told` were told. `end` is the end of a whole answer, where that is kept for its tokens.
    pub(crate) fn usage(
        &self,
        told: Option<Usage>,
        end: Option<&Tail>,
        (provider, record): (&Provider, &Record),
    ) -> Usage {
        let name = record.asked_name().unwrap_or_default();
        let tokenizer = Tokenizer::of(&provider.model_for(name));
        let told = told.unwrap_or_default();
        let input = || match &self.asked {
            Asked::Body(body, _) => {
                Input::read(body.iter().map(|piece| &piece[..]), body.len()).tokens(tokenizer)
            }
            Asked::Counted(input) => input.tokens(tokenizer),
        };
        let whole = |tail: &Tail| {
            Spoken::in_answer(record.protocol(), tail.kept(), record.bytes_out(), tokenizer)
        };
        let output = match (&self.said, end) {
            (Said::Stream(spoken), _) => spoken.tokens(tokenizer),
            (Said::Whole(tail), _) | (Said::Told, Some(tail)) => whole(tail),
            (Said::Nothing, _) | (Said::Told, None) => 0,
        };
        Usage {
            input: if told.input > 0 { told.input } else { input() },
            output: told.output.max(output),
            ..told
        }
    }
}

/// The tokens of a request whose provider was given up before it had told any; `None` where no one wants to
/// know, or tokens are not what it takes.
pub(crate) fn of_request(inbound: &Inbound, provider: &Provider, record: &Record) -> Option<Usage> {
    is_wanted(inbound, provider, record)?;
    let tokenizer = Tokenizer::of(&provider.model_for(record.asked_name().unwrap_or_default()));
    let body = &inbound.body;
    let read = Input::read(body.iter().map(|piece| &piece[..]), body.len());
    Usage { input: read.tokens(tokenizer), ..Usage::default() }.if_any()
}

/// What is asked for, where tokens are what it takes and a report, a limit or a price wants to know them.
fn is_wanted(
    inbound: &Inbound,
    provider: &Provider,
    record: &Record,
) -> Option<(Protocol, Operation)> {
    let endpoint = inbound.endpoint.as_ref()?;
    let takes_tokens = match endpoint.operation {
        Operation::Generate | Operation::Embed => true,
        Operation::Native => inbound.path.starts_with(COMPLETIONS),
        Operation::CountTokens => false,
    };
    let is_read =
        record.is_shown() || record.holds.is_some() || !matches!(provider.pricing, Pricing::Off);
    (takes_tokens && is_read).then_some((endpoint.protocol, endpoint.operation))
}

/// Texts that a model goes on with.
const COMPLETIONS: &str = "/v1/completions";
