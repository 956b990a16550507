//! Estimates what an answer will use, where a limit on tokens or money needs it.

use super::output_cap::{self, Asked};
use crate::{
    models::tokens::{Input, Tokenizer},
    protocol::Operation,
    upstream::{demand::Demand, inbound::Inbound},
};

/// The demand of this request for a model with this tokenizer; `asked` is the known length of the
/// answer.
pub(crate) async fn of(
    inbound: &Inbound,
    tokenizer: Option<&'static Tokenizer>,
    asked: Option<Asked>,
) -> Demand {
    let asked = match asked {
        Some(asked) => asked,
        None => output_cap::read(inbound).await,
    };
    let operation = inbound.endpoint.as_ref().map(|endpoint| endpoint.operation);
    if !inbound.takes_tokens() {
        return Demand { input: 0, output: Some(0), copies: asked.copies };
    }
    let writes = operation != Some(Operation::Embed);
    let output = match asked.output {
        Some(each) => Some(each.saturating_mul(asked.copies)),
        None => (!writes).then_some(0),
    };
    // A form carries audio or images, whose size says nothing about tokens.
    let input = if inbound.form { 0 } else { estimated(inbound, tokenizer) };
    Demand { input, output, copies: asked.copies }
}

fn estimated(inbound: &Inbound, tokenizer: Option<&'static Tokenizer>) -> u64 {
    let pieces = inbound.body.iter().map(|piece| &piece[..]);
    let input = Input::read(pieces, inbound.body.len());
    input.tokens(tokenizer.unwrap_or_else(|| Tokenizer::of("")))
}
