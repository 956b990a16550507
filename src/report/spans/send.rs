//! One export over HTTP with protobuf, or over gRPC, with retries.
//!
//! It logs nothing, since a collector's URL and headers may contain a key.

use std::{io::Write as _, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use super::{
    proto::{self, Attributes},
    settings::Settings,
};

/// Sends batches to one collector.
pub(super) struct Sender {
    client: reqwest::Client,
    url: reqwest::Url,
    headers: HeaderMap,
    is_grpc: bool,
    is_packed: bool,
    /// The process, as a field of a message, and the part of it that makes the spans.
    resource: Vec<u8>,
    scope: Vec<u8>,
}

/// What a collector says to an export.
enum Told {
    Taken,
    /// Try again, not before this time if it says one.
    Later(Option<Duration>),
    Refused,
}

impl Sender {
    /// For the collector of these settings.
    ///
    /// # Errors
    /// The client cannot be made.
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let mut tls = crate::upstream::dial::tls_config();
        let mut builder = reqwest::Client::builder();
        if settings.is_grpc {
            tls.alpn_protocols = vec![b"h2".to_vec()];
            builder = builder.http2_prior_knowledge();
        }
        let client = builder
            .use_preconfigured_tls(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(settings.timeout)
            .build()
            .map_err(|error| error.without_url().to_string())?;
        Ok(Self {
            client,
            url: settings.collector.url.clone(),
            headers: headers(settings),
            is_grpc: settings.is_grpc,
            is_packed: settings.is_packed,
            resource: resource(settings),
            scope: scope(),
        })
    }

    /// Sends spans until the collector has taken or refused them. Returns whether it took them.
    pub(super) async fn send(&self, spans: &[u8]) -> bool {
        let body = self.body(spans);
        let mut wait = FIRST_WAIT;
        loop {
            match self.ask(body.clone()).await {
                Told::Taken => return true,
                Told::Refused => return false,
                Told::Later(asked) => {
                    let own = wait.mul_f64(rand::random_range(0.5..1.0));
                    tokio::time::sleep(asked.unwrap_or(own)).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    async fn ask(&self, body: Bytes) -> Told {
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
        match request.send().await {
            Ok(response) if self.is_grpc => told_by_grpc(response.into()).await,
            Ok(response) => told_by_http(response.into()).await,
            Err(error) if error.is_builder() => Told::Refused,
            Err(_) => Told::Later(None),
        }
    }

    /// The whole message, as it is sent.
    fn body(&self, spans: &[u8]) -> Bytes {
        let of_scope = self.scope.len() + spans.len();
        let of_resource = self.resource.len() + 1 + proto::of_length(of_scope);
        let mut message = Vec::with_capacity(of_resource + 16);
        proto::message(&mut message, 1, of_resource);
        message.extend_from_slice(&self.resource);
        proto::message(&mut message, 2, of_scope);
        message.extend_from_slice(&self.scope);
        message.extend_from_slice(spans);
        let message = if self.is_packed { packed(&message) } else { message };
        if !self.is_grpc {
            return message.into();
        }
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
        [&[u8::from(self.is_packed)], &length[..], &message].concat().into()
    }
}

async fn told_by_http(response: Response<reqwest::Body>) -> Told {
    let (status, wait) = (response.status(), wait(response.headers()));
    // Read, so that the connection can be used again.
    let _ = Limited::new(response.into_body(), MOST_READ).collect().await;
    match status {
        status if status.is_success() => Told::Taken,
        status if is_passing(status) => Told::Later(wait),
        _ => Told::Refused,
    }
}

async fn told_by_grpc(response: Response<reqwest::Body>) -> Told {
    if response.status() != StatusCode::OK {
        return if is_passing(response.status()) { Told::Later(None) } else { Told::Refused };
    }
    let in_head = response.headers().get(GRPC_STATUS).cloned();
    let body = Limited::new(response.into_body(), MOST_READ).collect().await;
    let behind = || body.ok()?.trailers()?.get(GRPC_STATUS).cloned();
    let status = in_head.or_else(behind);
    match status.as_ref().and_then(|status| status.to_str().ok()?.parse().ok()) {
        Some(0) => Told::Taken,
        Some(code) if PASSING.contains(&code) => Told::Later(None),
        _ => Told::Refused,
    }
}

/// Whether the collector, or what stands before it, is only busy.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn packed(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(message);
    encoder.finish().unwrap_or_default()
}

fn headers(settings: &Settings) -> HeaderMap {
    let mut headers = settings.collector.headers.clone();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::USER_AGENT, concat!("onwards/", env!("CARGO_PKG_VERSION")));
    if settings.is_grpc {
        set(header::CONTENT_TYPE, "application/grpc");
        set(header::TE, "trailers");
    } else {
        set(header::CONTENT_TYPE, "application/x-protobuf");
    }
    match (settings.is_packed, settings.is_grpc) {
        (true, true) => set(HeaderName::from_static("grpc-encoding"), "gzip"),
        (true, false) => set(header::CONTENT_ENCODING, "gzip"),
        (false, _) => {}
    }
    headers
}

/// The process that sends the spans.
fn resource(settings: &Settings) -> Vec<u8> {
    let (mut all, mut out) = (Vec::new(), Vec::new());
    let mut attributes = Attributes::of(&mut all, 1);
    for (name, value) in &settings.resource {
        attributes.text(name, value);
    }
    attributes.text("telemetry.sdk.name", NAME);
    attributes.text("telemetry.sdk.language", "rust");
    attributes.text("telemetry.sdk.version", VERSION);
    proto::bytes(&mut out, 1, &all);
    out
}

fn scope() -> Vec<u8> {
    let (mut scope, mut out) = (Vec::new(), Vec::new());
    proto::text(&mut scope, 1, NAME);
    proto::text(&mut scope, 2, VERSION);
    proto::bytes(&mut out, 1, &scope);
    out
}

const NAME: &str = "onwards";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const GRPC_STATUS: &str = "grpc-status";
/// Cancelled, out of time, aborted, out of range, unavailable, data lost: what the protocol of OTLP
/// has clients try again.
const PASSING: [u32; 6] = [1, 4, 10, 11, 14, 15];
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The size limit of a collector's response.
const MOST_READ: usize = 64 << 10;
