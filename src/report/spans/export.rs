//! Exports spans with OpenTelemetry's batch processor and OTLP exporter, on their own threads.
//!
//! Logs never contain a URL or a header, since those of a collector may contain a key.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{BatchSpanProcessor, SpanData, SpanExporter as Exporter, SpanProcessor as _},
};
use prometheus::IntCounterVec;
use tokio::{runtime::Handle, sync::oneshot};

use super::{Queue, Settings, Spans};
use crate::record::Report;

/// The running exporter; stopping it sends what is queued.
pub(crate) struct Running {
    /// The report that receives requests.
    pub(crate) report: Arc<dyn Report>,
    spans: Arc<Spans>,
    /// Connections to the collector end when this is dropped.
    _network: oneshot::Sender<()>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub(crate) fn start(settings: Settings, counters: &IntCounterVec) -> Result<Self, String> {
        let (network, handle) = network()?;
        let queue = Queue::new(settings.room, counters);
        let inner = {
            // A gRPC channel belongs to the runtime that it is made in.
            let _inside = handle.enter();
            exporter(settings, &handle).map_err(|error| error.to_string())?
        };
        let exporter = Counted {
            inner: Arc::new(inner),
            handle,
            queue: Arc::clone(&queue),
            is_lost: false.into(),
            settings,
        };
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        processor.set_resource(&resource(settings));
        let spans = Arc::new(Spans { processor, queue });
        let report = Arc::clone(&spans) as Arc<dyn Report>;
        Ok(Self { report, spans, _network: network })
    }

    /// Sends what is waiting, within a time that a shutdown can bear.
    pub(crate) fn stop(&self) {
        let _ = self.spans.processor.shutdown_with_timeout(LAST_WORDS);
    }
}

/// A thread whose runtime drives the connections to the collector.
fn network() -> Result<(oneshot::Sender<()>, Handle), String> {
    let problem = |error: std::io::Error| error.to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(problem)?;
    let (handle, (end, ended)) = (runtime.handle().clone(), oneshot::channel());
    let drives = move || drop(runtime.block_on(ended));
    thread::Builder::new().name("spans".into()).spawn(drives).map_err(problem)?;
    Ok((end, handle))
}

fn exporter(
    settings: Settings,
    handle: &Handle,
) -> Result<SpanExporter, Box<dyn std::error::Error>> {
    if settings.is_grpc {
        let builder = SpanExporter::builder().with_tonic().with_timeout(settings.timeout);
        return Ok(builder.build()?);
    }
    let client = reqwest::Client::builder()
        .use_preconfigured_tls(tls())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(settings.timeout)
        .build()?;
    let client = Network { client, handle: handle.clone() };
    let builder = SpanExporter::builder().with_http().with_http_client(client);
    Ok(builder.with_protocol(Protocol::HttpBinary).with_timeout(settings.timeout).build()?)
}

/// TLS as towards providers: the system's authorities.
fn tls() -> rustls::ClientConfig {
    crate::upstream::dial::tls_config()
}

fn resource(settings: Settings) -> Resource {
    let builder = Resource::builder();
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    match settings.names_service {
        true => builder.build(),
        false => builder.with_service_name("onwards").with_attribute(version).build(),
    }
}

/// HTTP over the runtime of the network.
#[derive(Debug)]
struct Network {
    client: reqwest::Client,
    handle: Handle,
}

/// The trait's own form of an `async fn`.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Network {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Answering<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        let asked =
            request.try_into().map(|request: reqwest::Request| self.client.execute(request));
        let answered = async {
            let mut answer = asked?.await.map_err(reqwest::Error::without_url)?;
            let mut whole = Response::new(Bytes::new());
            *whole.status_mut() = answer.status();
            *whole.headers_mut() = std::mem::take(answer.headers_mut());
            let mut body = Vec::new();
            while let Some(piece) = answer.chunk().await? {
                if body.len() + piece.len() <= MOST_READ {
                    body.extend_from_slice(&piece);
                }
            }
            *whole.body_mut() = body.into();
            Ok::<_, reqwest::Error>(whole)
        };
        let answered = self.handle.spawn(answered);
        Box::pin(async move { Ok(answered.await??) })
    }
}

/// The exporter, with what becomes of its spans counted.
#[derive(Debug)]
struct Counted {
    inner: Arc<SpanExporter>,
    handle: Handle,
    queue: Arc<Queue>,
    /// Whether the last export failed.
    is_lost: AtomicBool,
    settings: Settings,
}

impl Exporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let (count, inner) = (batch.len(), Arc::clone(&self.inner));
        // Tries again included; a collector that holds an export up is left at last.
        let limit = self.settings.timeout * 2;
        let exports = async move { tokio::time::timeout(limit, inner.export(batch)).await };
        let result = match self.handle.spawn(exports).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(OTelSdkError::Timeout(limit)),
            Err(_) => Err(OTelSdkError::AlreadyShutdown),
        };
        self.queue.leave(count, result.is_ok());
        match (self.is_lost.swap(result.is_err(), Relaxed), result.is_err()) {
            (false, true) => tracing::warn!("the collector does not take spans; they are lost"),
            (true, false) => tracing::info!("the collector takes spans again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        // Before the first export, and so before it is shared.
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.set_resource(resource);
        }
    }
}

/// How long the end of the process waits for what is not yet sent.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// The size limit of a collector's response.
const MOST_READ: usize = 64 << 10;
