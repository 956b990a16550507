//! Estimates what an answer will use, where a limit on tokens or money needs it.

use super::output_cap::Asked;
use crate::{
    models::tokens::Tokenizer,
    protocol::Operation,
    upstream::{demand::Demand, inbound::Inbound},
};

/// The demand of this request for a model with this tokenizer, with an answer as long as `asked`.
pub(crate) fn of(inbound: &Inbound, tokenizer: Option<&'static Tokenizer>, asked: Asked) -> Demand {
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
    let input = match inbound.form {
        true => 0,
        false => inbound.input().tokens(tokenizer.unwrap_or_else(|| Tokenizer::of(""))),
    };
    Demand { input, output, copies: asked.copies }
}
