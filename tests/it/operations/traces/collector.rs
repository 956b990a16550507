//! What an OTLP collector is sent, over HTTP or gRPC, read by OpenTelemetry's own description of it.
//!
//! Never: it accepts what is not a whole request of OTLP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::support::Upstream;

/// The spans that a collector over HTTP was sent, in order.
pub(crate) fn spans(collector: &Upstream) -> Vec<Span> {
    requests(collector).into_iter().flat_map(spans_of).collect()
}

/// An attribute of the process that sends them.
pub(crate) fn resource(collector: &Upstream, name: &str) -> String {
    let request = requests(collector).pop().unwrap();
    let resource = request.resource_spans.into_iter().next().and_then(|it| it.resource).unwrap();
    text(&resource.attributes, name)
}

/// An attribute as text; empty if the span does not have it.
pub(crate) fn attribute(span: &Span, name: &str) -> String {
    text(&span.attributes, name)
}

fn requests(collector: &Upstream) -> Vec<ExportTraceServiceRequest> {
    let requests = collector.requests();
    requests.iter().map(|it| ExportTraceServiceRequest::decode(&it.body[..]).unwrap()).collect()
}

fn spans_of(request: ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request.resource_spans.into_iter().flat_map(|it| it.scope_spans);
    scopes.flat_map(|it| it.spans).collect()
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|it| it.key == name);
    match found.and_then(|it| it.value.clone()).and_then(|it| it.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        Some(Value::ArrayValue(all)) => {
            let each = all.values.into_iter().map(|it| match it.value {
                Some(Value::StringValue(text)) => text,
                other => panic!("{name}: {other:?}"),
            });
            each.collect::<Vec<_>>().join(",")
        }
        None => String::new(),
        other => panic!("{name}: {other:?}"),
    }
}

/// A collector that speaks gRPC; it ends when dropped.
pub(super) struct GrpcCollector {
    addr: SocketAddr,
    taken: Arc<Mutex<Vec<Span>>>,
    task: AbortHandle,
}

impl GrpcCollector {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let taken = Arc::<Mutex<Vec<Span>>>::default();
        let kept = taken.clone();
        let accepts = async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, kept.clone()));
            }
        };
        let task = tokio::spawn(accepts).abort_handle();
        Self { addr, taken, task }
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(super) fn spans(&self) -> Vec<Span> {
        self.taken.lock().unwrap().clone()
    }
}

impl Drop for GrpcCollector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, taken: Arc<Mutex<Vec<Span>>>) {
    let mut connection = ::h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let taken = taken.clone();
        tokio::spawn(async move {
            let (head, mut body) = request.into_parts();
            assert_eq!(
                head.uri.path(),
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
            );
            let mut whole = Vec::new();
            while let Some(Ok(piece)) = body.data().await {
                body.flow_control().release_capacity(piece.len()).unwrap();
                whole.extend_from_slice(&piece);
            }
            // A flag and a length stand before the message.
            let request = ExportTraceServiceRequest::decode(&whole[5..]).unwrap();
            taken.lock().unwrap().extend(spans_of(request));
            let head = Response::builder().header("content-type", "application/grpc").body(());
            let mut answer = respond.send_response(head.unwrap(), false).unwrap();
            answer.send_data(Bytes::from_static(&[0; 5]), false).unwrap();
            let well = HeaderValue::from_static("0");
            let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), well)]);
            answer.send_trailers(trailers).unwrap();
        });
    }
}
