//! Reads what an answer is expected to take from its request, where a limit of tokens or money depends on
//! it.
//!
//! It changes nothing.

use super::output_cap::{self, Asked};
use crate::{
    models::tokens,
    protocol::Operation,
    upstream::{demand::Demand, inbound::Inbound},
};

/// Of this request to a model of that name; `asked` is what is known already of the answer's length.
pub(crate) async fn of(inbound: &Inbound, model: &str, asked: Option<Asked>) -> Demand {
    let asked = match asked {
        Some(asked) => asked,
        None => output_cap::read(inbound).await,
    };
    let operation = inbound.endpoint.as_ref().map(|endpoint| endpoint.operation);
    let writes = !matches!(operation, Some(Operation::Embed | Operation::CountTokens));
    let output = match asked.output {
        Some(each) => Some(each.saturating_mul(asked.copies)),
        None => (!writes).then_some(0),
    };
    // A form carries sound or pictures, whose bytes say nothing of tokens.
    let input = if inbound.form { 0 } else { estimated(inbound, model) };
    Demand { input, output, copies: asked.copies }
}

fn estimated(inbound: &Inbound, model: &str) -> u64 {
    let pieces = inbound.body.iter().map(|piece| &piece[..]);
    tokens::of_request(model, pieces, inbound.body.len())
}
