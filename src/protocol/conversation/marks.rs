//! Marks on a part: the vendor's signature, and the end of a prompt cache.
//!
//! Only the vendor can verify a signature.

use crate::protocol::Protocol;
use crate::protocol::service::Service;

/// A vendor's proof that it made a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is.
    pub vendor: Protocol,
    /// Where the vendor made it, as far as that makes a difference.
    pub made_at: Service,
    /// Whether it is the proof of the call that follows, which has no place for it.
    pub of_call: bool,
    /// As the vendor gave it.
    pub value: String,
}

/// A prompt cache ends here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheMark {
    /// How long it should live (`5m`, `1h`); the vendor's default when absent.
    pub ttl: Option<String>,
}

impl Signature {
    /// A signature by that vendor.
    pub fn new(vendor: Protocol, value: impl Into<String>) -> Self {
        Self { vendor, made_at: Service::Unknown, of_call: false, value: value.into() }
    }

    /// The same, made there.
    #[must_use]
    pub(crate) fn made_at(self, made_at: Service) -> Self {
        Self { made_at, ..self }
    }

    /// The signature for a client of that protocol: the vendor's own value if the client's protocol
    /// is the vendor's, otherwise marked so that [`Signature::from_client`] recognizes it on the
    /// next turn.
    pub(crate) fn to_client(&self, client: Protocol) -> String {
        if self.vendor == client {
            self.value.clone()
        } else {
            let at = if self.made_at == Service::Unknown { "" } else { AT };
            let of_call = if self.of_call { OF_CALL } else { "" };
            let Self { vendor, made_at, value, .. } = self;
            format!("{MARK}{vendor}{at}{made_at}{of_call}{BETWEEN}{value}")
        }
    }

    /// A signature sent back by a client of that protocol; an empty one counts as absent.
    pub(crate) fn from_client(client: Protocol, value: &str) -> Option<Self> {
        let marked = value.strip_prefix(MARK).and_then(|marked| marked.split_once(BETWEEN));
        match marked.and_then(|(head, value)| Self::marked(head, value)) {
            Some(foreign) => Some(foreign),
            None if value.is_empty() => None,
            None => Some(Self::new(client, value)),
        }
    }

    /// Whether a value from a client is marked as another vendor's.
    pub(crate) fn is_marked(value: &str) -> bool {
        value.starts_with(MARK)
    }

    fn marked(head: &str, value: &str) -> Option<Self> {
        let (head, of_call) = match head.strip_suffix(OF_CALL) {
            Some(head) => (head, true),
            None => (head, false),
        };
        let (vendor, made_at) = match head.split_once(AT) {
            Some((vendor, service)) => (vendor, Service::from_name(service)?),
            None => (head, Service::Unknown),
        };
        let vendor = Protocol::from_name(vendor)?;
        Some(Self { of_call, ..Self::new(vendor, value).made_at(made_at) })
    }
}

/// Stands before a foreign signature. No vendor's base64 holds it, and a request that does is looked
/// for: `Profile::foreign_proofs`.
const MARK: &str = "onwards#";
/// Stands between its vendor and its value.
const BETWEEN: char = '#';
/// Stands between a vendor and where it made the proof.
const AT: &str = "@";
/// Stands behind them where the proof is that of the call that follows.
const OF_CALL: &str = "+call";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_signature_comes_back_to_its_vendor() {
        let signature = Signature::new(Protocol::Anthropic, "EqQB+/=");
        for &client in Protocol::ALL {
            let given = signature.to_client(client);
            assert_eq!(Signature::from_client(client, &given), Some(signature.clone()));
        }
        assert_eq!(Signature::from_client(Protocol::OpenAi, ""), None);
        let unknown = Signature::from_client(Protocol::OpenAi, "onwards#x#y").unwrap();
        assert_eq!((unknown.vendor, unknown.value.as_str()), (Protocol::OpenAi, "onwards#x#y"));
    }
}
