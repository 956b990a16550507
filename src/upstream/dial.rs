//! Opens one connection: DNS, TCP, TLS and the HTTP handshake, under one timeout. `client` pools
//! it.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use http::Uri;
use hyper::client::conn::http2;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::Connection,
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower_service::Service;

use super::barrier::Unreached;
use super::http1::{Http1, Stream};
use super::listen::ListenState;
use super::names::Names;
use super::tcp::Tcp;
use super::tunnel::{self, End};
use crate::{
    body::PiecesBody,
    quiet::{self, ForHyper, Quiet},
    table::{
        Origin,
        route::{OwnTls, Proxy, Route},
        trust,
    },
};

/// A connection that is ready for requests.
pub(crate) enum Sender {
    /// One request at a time.
    Http1(Http1),
    /// Many at once; clones share the connection.
    Http2(Http2),
}

/// One handle of an HTTP/2 connection.
#[derive(Clone)]
pub(crate) struct Http2 {
    /// Sends requests.
    pub(crate) requests: http2::SendRequest<PiecesBody>,
    /// Counts what the provider sends.
    pub(crate) listen_state: ListenState,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum DialError {
    /// Refused, unreachable, unknown host, or TLS failure.
    Unreached(Unreached),
    /// The origin's connect timeout has passed.
    Timeout,
}

/// Opens connections. One for each core; the TLS configuration is built at the first `https`.
pub(crate) struct Dialler {
    plain: Tcp,
    tls: std::sync::OnceLock<HttpsConnector<Tcp>>,
    /// For TLS inside a tunnel, or to a proxy.
    tunnelled: std::sync::OnceLock<Arc<ClientConfig>>,
}

impl Default for Dialler {
    fn default() -> Self {
        Self {
            plain: Tcp(Names::of_process()),
            tls: std::sync::OnceLock::new(),
            tunnelled: std::sync::OnceLock::new(),
        }
    }
}

impl Dialler {
    /// Connects to `origin`, including TLS and the handshake, within its connect timeout.
    pub(crate) async fn dial(&self, origin: &Origin) -> Result<Sender, DialError> {
        match tokio::time::timeout(origin.connect_timeout, self.connect(origin)).await {
            Ok(result) => result.map_err(DialError::Unreached),
            Err(_) => Err(DialError::Timeout),
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<Sender, Unreached> {
        if let Some(route) = &origin.route {
            // Boxed, since few origins have their own route.
            return Box::pin(self.routed(origin, route)).await;
        }
        let uri = origin.uri.clone();
        if origin.tls {
            let stream = self.tls().clone().call(uri).await;
            let stream = stream.map_err(|error| Unreached::of_tls(&*error))?;
            let http2 = stream.connected().is_negotiated_h2();
            handshake(Box::new(TokioIo::new(stream)), http2).await
        } else {
            handshake(self.plain(uri).await?, false).await
        }
    }

    async fn plain(&self, uri: Uri) -> Result<Stream, Unreached> {
        let stream = self.plain.clone().open(uri).await;
        Ok(Box::new(stream.map_err(|error| Unreached::of_tcp(&error))?.into_inner()))
    }

    /// Connects through a proxy, or with the provider's own TLS settings.
    async fn routed(&self, origin: &Origin, route: &Route) -> Result<Sender, Unreached> {
        let host = bare_host(&origin.uri);
        let stream = match &route.proxy {
            None => self.plain(origin.uri.clone()).await?,
            Some(proxy) => {
                let stream = self.to_proxy(proxy).await.map_err(Unreached::before_proxy)?;
                if route.forwards {
                    return handshake(stream, false).await;
                }
                let usual = if origin.tls { 443 } else { 80 };
                let end = End { host, port: origin.uri.port_u16().unwrap_or(usual) };
                tunnel::through(stream, proxy, end, &self.plain.0).await?
            }
        };
        if !origin.tls {
            return handshake(stream, false).await;
        }
        let (config, named) = match &route.tls {
            None => (Arc::clone(self.tunnelled()), None),
            Some(OwnTls { config, server_name }) => (Arc::clone(config), server_name.clone()),
        };
        let name = named.map_or_else(|| server_name(host), Ok)?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        let stream = stream.map_err(|error| Unreached::of_tls(&error))?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        handshake(Box::new(stream), http2).await
    }

    async fn to_proxy(&self, proxy: &Proxy) -> Result<Stream, Unreached> {
        let stream = self.plain(proxy.uri.clone()).await?;
        if !proxy.is_tls() {
            return Ok(stream);
        }
        let mut config = ClientConfig::clone(self.tunnelled());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = server_name(bare_host(&proxy.uri))?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| Unreached::of_tls(&error))?))
    }

    fn tunnelled(&self) -> &Arc<ClientConfig> {
        self.tunnelled.get_or_init(|| {
            let mut config = tls_config();
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Arc::new(config)
        })
    }

    fn tls(&self) -> &HttpsConnector<Tcp> {
        self.tls.get_or_init(|| {
            hyper_rustls::HttpsConnectorBuilder::new()
                .with_tls_config(tls_config())
                .https_only()
                .enable_all_versions()
                .wrap_connector(self.plain.clone())
        })
    }
}

/// The HTTP version is the one negotiated by TLS; without TLS it is HTTP/1.1.
async fn handshake(stream: Stream, http2: bool) -> Result<Sender, Unreached> {
    let of_http = |error: hyper::Error| Unreached::of_http(&error);
    if !http2 {
        return Ok(Sender::Http1(Http1::open(stream, Instant::now()).await.map_err(of_http)?));
    }
    let listen_state = ListenState::default();
    let (requests, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PING)
        .initial_stream_window_size(H2_STREAM_WINDOW)
        .initial_connection_window_size(H2_CONNECTION_WINDOW)
        .handshake(ForHyper::new(listen_state.listen(stream, H2_MOST_UNANSWERED)))
        .await
        .map_err(of_http)?;
    tokio::spawn(connection);
    Ok(Sender::Http2(Http2 { requests, listen_state }))
}

/// Bytes may have come that are decrypted and not read.
impl Quiet for TokioIo<MaybeHttpsStream<ForHyper<quiet::Tcp>>> {}
impl Quiet for TlsStream<Stream> {}

/// The default TLS configuration: TLS 1.2 and later.
pub(crate) fn tls_config() -> ClientConfig {
    trust::client().with_root_certificates(trust::roots()).with_no_client_auth()
}

/// The name that the certificate of a host must have.
fn server_name(host: &str) -> Result<ServerName<'static>, Unreached> {
    ServerName::try_from(host.to_owned()).map_err(|error| Unreached::of_tls(&error))
}

/// The host of a URL, without the brackets of IPv6.
fn bare_host(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Whether the peer closed the connection, rather than violating the protocol.
pub(crate) fn is_broken_off(error: &hyper::Error) -> bool {
    let io = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_incomplete_message() || error.is_closed() || error.is_canceled() || io.is_some()
}

const H2_PING: Duration = Duration::from_secs(20);
const H2_STREAM_WINDOW: u32 = 256 * 1024;
const H2_CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// The most bytes without progress. A whole window may wait for slow clients.
const H2_MOST_UNANSWERED: usize = 2 * H2_CONNECTION_WINDOW as usize;
