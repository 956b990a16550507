//! Asks a provider to report the tokens of a stream, if its protocol reports them only on request
//! and the file needs them. The report is removed for a client that did not ask.
//!
//! It changes one value of the body, and nothing if the client asks itself.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    inbound::{Inbound, OwnOptions},
    off_core,
};
use crate::{
    body::{self, Pieces},
    protocol::profile::AskUsage,
    table::Provider,
};

/// How to ask for the tokens of this request's stream, if that is needed.
pub(super) fn to_ask(inbound: &Inbound, provider: &Provider) -> Option<&'static AskUsage> {
    let ask = question(inbound, provider)?;
    let own = inbound.own_options.get_or_init(|| own_options(&inbound.body, ask));
    (*own != OwnOptions::Asks).then_some(ask)
}

/// Checks a large body on another thread.
pub(super) async fn look_off_core(inbound: &Inbound, provider: &Provider) {
    if let Some(ask) = question(inbound, provider)
        && inbound.own_options.get().is_none()
    {
        let body = inbound.body.clone();
        let _ = inbound.own_options.set(off_core::run(move || own_options(&body, ask)).await);
    }
}

/// The body with the option added.
pub(super) fn asked(body: Pieces, ask: &AskUsage, own: Option<OwnOptions>) -> Pieces {
    if own == Some(OwnOptions::Others) {
        let Some(field) = body::field(&body, ask.options) else { return body };
        let options = body.slice(field.span.clone());
        let options = serde_json::from_slice::<Option<Map<String, Value>>>(&options);
        let mut options = options.ok().flatten().unwrap_or_default();
        options.insert(ask.field.to_owned(), Value::Bool(true));
        return body.replace(field.span, Bytes::from(Value::Object(options).to_string()));
    }
    let Some(brace) = body::first_brace(&body) else { return body };
    let question = format!(r#"{{"{}":{{"{}":true}},"#, ask.options[0], ask.field);
    body.replace(brace..brace + 1, Bytes::from(question))
}

/// Whether the client asks itself, or its protocol reports tokens anyway.
pub(super) fn is_asked(inbound: &Inbound) -> bool {
    let protocol = inbound.speaks();
    let Some(ask) = protocol.profile().asks_usage.as_ref() else { return true };
    let own = inbound.own_options.get_or_init(|| own_options(&inbound.body, ask));
    *own == OwnOptions::Asks
}

fn question(inbound: &Inbound, provider: &Provider) -> Option<&'static AskUsage> {
    if !provider.asks_usage || !inbound.stream || inbound.form {
        return None;
    }
    let endpoint = inbound.endpoint.as_ref()?;
    endpoint.protocol.profile().asks_usage.as_ref().filter(|_| !endpoint.operation.is_embed())
}

fn own_options(body: &Pieces, ask: &AskUsage) -> OwnOptions {
    let Some(field) = body::field(body, ask.options) else { return OwnOptions::Absent };
    let options = body.slice(field.span);
    match serde_json::from_slice::<Option<Map<String, Value>>>(&options) {
        Ok(options) if field.times == 1 => {
            let asks = options.is_some_and(|options| options.get(ask.field) == Some(&true.into()));
            if asks { OwnOptions::Asks } else { OwnOptions::Others }
        }
        // A duplicate that readers could understand differently is left to the provider.
        _ => OwnOptions::Asks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK: AskUsage = AskUsage { options: &["options"], field: "usage" };

    #[test]
    fn question_is_put_where_the_client_does_not_ask() {
        for (own, wanted) in [
            (r#"{"a":1}"#, r#"{"options":{"usage":true},"a":1}"#),
            (" {\"a\":1}", " {\"options\":{\"usage\":true},\"a\":1}"),
            (r#"{"options":null,"a":1}"#, r#"{"options":{"usage":true},"a":1}"#),
            (r#"{"options":{"usage":false,"b":[1]}}"#, r#"{"options":{"usage":true,"b":[1]}}"#),
        ] {
            let body = Pieces::from(Bytes::from_static(own.as_bytes()));
            let options = own_options(&body, &ASK);
            assert_ne!(options, OwnOptions::Asks, "{own}");
            assert_eq!(asked(body, &ASK, Some(options)).to_bytes(), wanted.as_bytes());
        }
        for own in [
            r#"{"options":{"usage":true}}"#,
            r#"{"options":{},"options":{}}"#,
            r#"{"options":"odd"}"#,
        ] {
            let body = Pieces::from(Bytes::from_static(own.as_bytes()));
            assert_eq!(own_options(&body, &ASK), OwnOptions::Asks, "{own}");
        }
    }
}
