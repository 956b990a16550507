//! Google's signature of a call in OpenAI's form: `extra_content` beside the call, as Google's
//! OpenAI endpoint has it. Clients send it back with the call.

use serde::{Deserialize, Serialize};

use crate::protocol::Protocol;
use crate::protocol::conversation::Signature;
use crate::protocol::foreign::{Fate, GivenBack, nothing_else};
use crate::protocol::object::Object;
use crate::protocol::service::Service;

/// The signature as it is written.
#[derive(Serialize)]
pub(crate) struct ExtraContent<'a> {
    google: Google<'a>,
    /// Where the proof was made, unless at Google's Gemini API.
    #[serde(skip_serializing_if = "Option::is_none")]
    onwards: Option<String>,
}

#[derive(Serialize)]
struct Google<'a> {
    thought_signature: &'a str,
}

#[derive(Deserialize)]
struct ExtraContentIn {
    google: Option<GoogleIn>,
    onwards: Option<String>,
}

#[derive(Deserialize)]
struct GoogleIn {
    thought_signature: Option<String>,
}

impl<'a> ExtraContent<'a> {
    /// For a client: with the service that made it.
    pub(crate) fn for_client(signature: Option<&'a Signature>) -> Option<Box<Self>> {
        let signature = signature.filter(|given| given.vendor == Protocol::Gemini)?;
        let is_told = !matches!(signature.made_at, Service::Unknown | Service::Google);
        let onwards = is_told.then(|| signature.made_at.to_string());
        let google = Google { thought_signature: &signature.value };
        Some(Box::new(Self { google, onwards }))
    }

    /// For a provider that takes it.
    pub(crate) fn for_provider(thought_signature: &'a str) -> Box<Self> {
        Box::new(Self { google: Google { thought_signature }, onwards: None })
    }
}

/// The signature in an `extra_content`; without a service it belongs to `usual`.
pub(crate) fn read(extra_content: &str, usual: Service) -> Option<Signature> {
    let read: ExtraContentIn = serde_json::from_str(extra_content).ok()?;
    let value = read.google?.thought_signature.filter(|value| !value.is_empty())?;
    let made_at = read.onwards.as_deref().and_then(Service::from_name).unwrap_or(usual);
    Some(Signature::new(Protocol::Gemini, value).made_at(made_at))
}

/// Where clients send Google's signatures back; other vendors refuse the field.
pub(in crate::protocol) const GIVEN_BACK: GivenBack =
    GivenBack { turns: "messages", items: Some("tool_calls"), item: fate, then: nothing_else };

fn fate(call: &mut Object<'_>) -> Fate {
    let has_proof = call.raw(FIELD).is_some_and(|it| read(it.get(), Service::Google).is_some());
    if has_proof { Fate::Without(FIELD) } else { Fate::Stays }
}

const FIELD: &str = "extra_content";
