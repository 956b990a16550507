//! The signature of a call for clients whose calls have no field for it: it is sent as a sealed
//! part before the call, and joined again when the client sends both back.

use super::marks::Signature;
use super::part::{Content, Part};

impl Signature {
    /// The sealed part before the call with this signature.
    #[must_use]
    pub(crate) fn before_its_call(&self) -> Self {
        Self { of_call: true, ..self.clone() }
    }

    /// The proof that such a seal is.
    #[must_use]
    pub(crate) fn of_its_call(self) -> Self {
        Self { of_call: false, ..self }
    }
}

impl Part {
    /// The seal that stands before this part, where it is a call with a proof.
    pub(crate) fn seal_before(&self) -> Option<Signature> {
        let is_call = matches!(self.content, Content::ToolCall(_));
        self.signature.as_ref().filter(|_| is_call).map(Signature::before_its_call)
    }

    fn is_seal_of_call(&self) -> bool {
        self.signature.as_ref().is_some_and(|given| given.of_call)
    }
}

/// Joins signatures with their calls. One without its call is dropped.
pub(crate) fn join(parts: &mut Vec<Part>) {
    if !parts.iter().any(Part::is_seal_of_call) {
        return;
    }
    let mut held = None;
    let mut joined = Vec::with_capacity(parts.len());
    for mut part in parts.drain(..) {
        if part.is_seal_of_call() {
            held = part.signature;
            continue;
        }
        if let (Content::ToolCall(_), Some(proof)) = (&part.content, held.take()) {
            part.signature = Some(proof.of_its_call());
        }
        joined.push(part);
    }
    *parts = joined;
}

#[cfg(test)]
mod tests {
    use super::super::ToolCall;
    use super::*;
    use crate::protocol::Protocol;
    use crate::protocol::service::Service;

    #[test]
    fn proof_goes_back_to_its_call() {
        let call = |id: &str| {
            let (id, name) = (id.to_owned(), "f".to_owned());
            Part::new(Content::ToolCall(ToolCall { id, name, arguments: "{}".to_owned() }))
        };
        let proof = Signature::new(Protocol::Gemini, "S").made_at(Service::Vertex);
        let signed = call("1").signed(Some(proof.clone()));
        let seal = signed.seal_before().unwrap();
        for &client in Protocol::ALL {
            let given = Signature::from_client(client, &seal.to_client(client)).unwrap();
            let own = client == Protocol::Gemini;
            assert_eq!(given.of_call, !own, "{client}");
            if own {
                continue;
            }
            let sealed = || Part::new(Content::Redacted).signed(Some(given.clone()));
            let mut parts = vec![Part::text("a"), sealed(), call("1"), call("2"), sealed()];
            join(&mut parts);
            assert_eq!(parts.len(), 3, "{client}");
            assert_eq!(parts[1].signature, Some(proof.clone()), "{client}");
            assert_eq!(parts[2].signature, None, "{client}");
        }
    }
}
