//! Estimates the tokens of an answer whose provider does not report them, or not completely, from
//! the text of the request and of the answer.
//!
//! It runs only if a report or a price needs it, when the answer has ended. Reported tokens are
//! never exceeded.

use bytes::Bytes;

use crate::{
    body::Pieces,
    live::Share,
    models::tokens::Input,
    protocol::{Operation, Protocol, conversation::Usage, spoken::Spoken, usage::Tail},
    record::Record,
    table::{Provider, classes::is_completions, prices::Pricing},
    upstream::{answer::Answer, given_up::Noted, inbound::Inbound},
};

/// What is kept of one request and its answer.
pub(crate) struct Estimate {
    asked: Asked,
    said: Said,
}

/// The request.
enum Asked {
    /// Its body, kept at most as long as a whole answer takes.
    Body(Pieces, #[expect(dead_code, reason = "given back when it drops")] Option<Share>),
    /// Its counts, since a stream may last long.
    Counted(Box<Input>),
}

/// The answer.
enum Said {
    /// None: the answer has no text that is counted, such as embeddings, sound and pictures.
    Nothing,
    /// Events of a form that is not read.
    Events,
    /// A stream.
    Stream(Box<Spoken>),
    /// A whole answer whose end is kept for its reported tokens anyway,
    Told,
    /// or a whole answer whose end is kept here.
    Whole(Tail),
}

impl Estimate {
    /// For a request that is being answered; `None` if nothing needs the tokens, or the answer is
    /// not measured in tokens.
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
            Operation::Native if !is_completion(inbound) => match is_stream {
                true => Said::Events,
                false => Said::Nothing,
            },
            _ if is_stream => Said::Stream(Box::new(Spoken::of_stream(protocol))),
            _ if answer.tells_usage => Said::Told,
            _ => Said::Whole(Tail::default()),
        };
        let asked = if inbound.form {
            // Sound or pictures, whose bytes say nothing of tokens.
            Asked::Counted(Box::default())
        } else if let Some(counted) = inbound.counted.take() {
            Asked::Counted(counted)
        } else if is_stream {
            let body = &inbound.body;
            let pieces = body.iter().map(|piece| &piece[..]);
            Asked::Counted(Box::new(Input::read(pieces, body.len())))
        } else {
            Asked::Body(std::mem::take(&mut inbound.body), inbound.share.take())
        };
        Some(Self { asked, said })
    }

    /// Notes a chunk that is sent to the client.
    #[inline]
    pub(crate) fn passes(&mut self, piece: &Bytes) {
        match &mut self.said {
            Said::Stream(spoken) => spoken.observe(piece),
            Said::Whole(tail) => tail.observe(piece),
            Said::Nothing | Said::Events | Said::Told => {}
        }
    }

    /// The tokens, given those reported as `told`; `end` is the end of a whole answer, if it is
    /// kept for its tokens.
    pub(crate) fn usage(
        &self,
        told: Option<Usage>,
        end: Option<&Tail>,
        (provider, record): (&Provider, &Record),
    ) -> Usage {
        let name = record.asked_name().unwrap_or_default();
        let tokenizer = provider.tokenizer_for(name);
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
            (Said::Events, _) => record.bytes_out() / BYTES_OF_AN_EVENT,
            (Said::Nothing, _) | (Said::Told, None) => 0,
        };
        Usage {
            input: if told.input > 0 { told.input } else { input() },
            output: told.output.max(output),
            ..told
        }
    }
}

/// The tokens of a request whose answer was cancelled when it had reported and said so much; `None`
/// if nothing needs them, or the request is not measured in tokens.
pub(crate) fn of_left(
    inbound: &Inbound,
    provider: &Provider,
    record: &Record,
    noted: Noted,
) -> Option<Usage> {
    is_wanted(inbound, provider, record)?;
    let told = noted.told.unwrap_or_default();
    let input = || {
        let name = record.asked_name().unwrap_or_default();
        let body = &inbound.body;
        let read = Input::read(body.iter().map(|piece| &piece[..]), body.len());
        read.tokens(provider.tokenizer_for(name))
    };
    let input = if told.input > 0 { told.input } else { input() };
    Usage { input, output: told.output.max(noted.said), ..told }.if_any()
}

/// What is estimated, if the request is measured in tokens and a report, a limit or a price needs
/// them.
fn is_wanted(
    inbound: &Inbound,
    provider: &Provider,
    record: &Record,
) -> Option<(Protocol, Operation)> {
    let is_read =
        record.is_shown() || record.holds.is_some() || !matches!(provider.pricing, Pricing::Off);
    let operation = inbound.endpoint.as_ref().map(|endpoint| endpoint.operation);
    let operation = operation.unwrap_or(Operation::Native);
    (is_read && record.takes_tokens()).then_some((inbound.speaks(), operation))
}

fn is_completion(inbound: &Inbound) -> bool {
    is_completions(&inbound.path)
}

/// An event of a stream brings about one token in so many bytes.
const BYTES_OF_AN_EVENT: u64 = 128;
