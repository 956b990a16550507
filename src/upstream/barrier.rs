//! What stands between the router and a provider when there is no connection: the kind of the
//! fault, read from the types of errors and never from their words.

use std::{error::Error, io};

use super::tcp::Unconnected;

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct Unreached {
    /// The fault.
    pub(crate) barrier: Barrier,
    /// The chain of causes, only for the operator.
    pub(crate) cause: String,
}

/// The fault that prevents a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Barrier {
    /// What it is.
    pub(crate) kind: Kind,
    /// Whether it is between the router and the proxy.
    pub(crate) is_before_proxy: bool,
}

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No credential to ask with could be fetched.
    Credential,
    /// The name has no address.
    Name,
    /// The address refuses connections.
    Refused,
    /// No route leads to the address.
    Route,
    /// Its certificate is not accepted.
    Certificate,
    /// TLS failed otherwise.
    Tls,
    /// The proxy answered with this status.
    ProxyStatus(u16),
    /// The proxy does not accept the credentials.
    ProxyCredentials,
    /// The proxy opens no tunnel.
    Proxy,
    /// Anything else.
    Other,
}

impl Unreached {
    /// A fault with its text.
    pub(super) fn new(kind: Kind, cause: impl Into<String>) -> Self {
        Self { barrier: Barrier { kind, is_before_proxy: false }, cause: cause.into() }
    }

    /// There is no TCP connection.
    pub(super) fn of_tcp(error: &Unconnected) -> Self {
        Self::new(kind_of_tcp(error), causes(error))
    }

    /// There is no TLS connection, perhaps since there is no TCP connection.
    pub(super) fn of_tls(error: &(dyn Error + 'static)) -> Self {
        let kind = chain(error).find_map(known).unwrap_or(Kind::Tls);
        Self::new(kind, causes(error))
    }

    /// The proxy answered with this status instead of opening a tunnel or passing the request on.
    pub(super) fn answered_by_proxy(status: u16) -> Self {
        let cause = match status {
            407 => "the proxy answered 407: it wants other credentials".to_owned(),
            status => format!("the proxy answered {status}"),
        };
        Self::new(Kind::ProxyStatus(status), cause)
    }

    /// The connection is open, and speaks no HTTP.
    pub(super) fn of_http(error: &(dyn Error + 'static)) -> Self {
        Self::new(Kind::Other, causes(error))
    }

    /// The same fault between the router and the proxy.
    pub(super) fn before_proxy(self) -> Self {
        let barrier = Barrier { is_before_proxy: true, ..self.barrier };
        Self { barrier, cause: format!("the proxy: {}", self.cause) }
    }
}

/// The tunnel's connection broke.
impl From<io::Error> for Unreached {
    fn from(error: io::Error) -> Self {
        Self::new(kind_of_io(&error), causes(&error))
    }
}

fn kind_of_tcp(error: &Unconnected) -> Kind {
    match error {
        Unconnected::Name(_) => Kind::Name,
        Unconnected::Tcp(error) => kind_of_io(error),
    }
}

fn kind_of_io(error: &io::Error) -> Kind {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Kind::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Kind::Route,
        _ => Kind::Other,
    }
}

/// The kind of an error, if its type says it.
fn known(error: &(dyn Error + 'static)) -> Option<Kind> {
    use rustls::{Error as Tls, pki_types::InvalidDnsNameError};

    if let Some(error) = error.downcast_ref::<Unconnected>() {
        return Some(kind_of_tcp(error));
    }
    if error.is::<InvalidDnsNameError>() {
        return Some(Kind::Name);
    }
    match error.downcast_ref::<Tls>()? {
        Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented => Some(Kind::Certificate),
        _ => Some(Kind::Tls),
    }
}

/// An error with its causes. An error that only wraps another one in `io::Error` hides it from
/// `source`.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|it| it as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// The chain of causes on one line, for the record and never for a client.
///
/// The text of an HTTP/2 GOAWAY, which h2 quotes, is removed because it may repeat a header.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let told = |cause: &dyn Error| {
        let text = cause.to_string();
        text.split(" (b\"").next().unwrap_or_default().to_owned()
    };
    std::iter::successors(error.source(), |&cause| cause.source())
        .fold(told(error), |text, cause| format!("{text}: {}", told(cause)))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use rustls::{AlertDescription, CertificateError, InvalidMessage};

    use super::*;

    /// As TLS connectors wrap an error, once or twice.
    fn wrapped(error: rustls::Error) -> io::Error {
        io::Error::other(io::Error::new(ErrorKind::InvalidData, error))
    }

    #[test]
    fn kind_of_a_fault_is_read_from_its_type() {
        let tcp = |kind: ErrorKind| Unconnected::Tcp(kind.into());
        for (error, wanted) in [
            (Unconnected::Name(io::Error::other("not this TLS certificate")), Kind::Name),
            (tcp(ErrorKind::ConnectionRefused), Kind::Refused),
            (tcp(ErrorKind::NetworkUnreachable), Kind::Route),
            (tcp(ErrorKind::HostUnreachable), Kind::Route),
            (tcp(ErrorKind::AddrNotAvailable), Kind::Other),
        ] {
            assert_eq!(Unreached::of_tcp(&error).barrier.kind, wanted, "{error:?}");
            // The connector for TLS hands on what TCP says.
            assert_eq!(Unreached::of_tls(&error).barrier.kind, wanted, "{error:?}");
        }
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let corrupt = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        let alert = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
        for (error, wanted) in
            [(expired, Kind::Certificate), (corrupt, Kind::Tls), (alert, Kind::Tls)]
        {
            let told = Unreached::of_tls(&wrapped(error.clone()));
            let barrier = Barrier { kind: wanted, is_before_proxy: false };
            assert_eq!(told.barrier, barrier, "{error:?}");
            assert!(told.cause.contains(&error.to_string()), "{}", told.cause);
        }
        let eof = io::Error::new(ErrorKind::UnexpectedEof, "connection refused by dns");
        assert_eq!(Unreached::of_tls(&eof).barrier.kind, Kind::Tls);
    }

    #[test]
    fn fault_of_the_way_to_a_proxy_says_so() {
        let refused = Unconnected::Tcp(ErrorKind::ConnectionRefused.into());
        let told = Unreached::of_tcp(&refused).before_proxy();
        assert_eq!(told.barrier, Barrier { kind: Kind::Refused, is_before_proxy: true });
        assert_eq!(told.cause, "the proxy: tcp connect error: connection refused");
    }
}
