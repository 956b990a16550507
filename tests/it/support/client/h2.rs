//! An HTTP/2 client with prior knowledge, for the requests that a decent client makes.
//!
//! Never: what an indecent one does is in `frames`.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;

use super::{End, Response};

/// One connection; cloning it opens more streams on it.
#[derive(Clone)]
pub(crate) struct H2 {
    send: SendRequest<Full<Bytes>>,
}

impl H2 {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
        let (send, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        Self { send }
    }

    /// Posts JSON and reads the whole answer.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Response {
        let request = self.request(path, body);
        self.ask(request).await
    }

    /// Sends a request as it is and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: Request<Full<Bytes>>) -> Response {
        let response = self.send.send_request(request).await.expect("a response");
        let (head, body) = response.into_parts();
        let headers = head.headers.iter();
        let headers = headers
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())
            })
            .collect();
        let (body, end) = match body.collect().await {
            Ok(body) => (body.to_bytes().to_vec(), End::Complete),
            Err(_) => (Vec::new(), End::Reset),
        };
        Response { status: head.status.as_u16(), headers, informational: Vec::new(), body, end }
    }

    /// Opens a stream and reads nothing of it; dropping what is returned resets it.
    pub(crate) async fn open(&mut self, path: &str, body: &Value) -> hyper::body::Incoming {
        let request = self.request(path, body);
        self.send.send_request(request).await.expect("a response").into_body()
    }

    fn request(&self, path: &str, body: &Value) -> Request<Full<Bytes>> {
        Request::post(format!("http://router{path}"))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))
            .unwrap()
    }
}
