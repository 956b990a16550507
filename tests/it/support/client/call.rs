//! One request, written as a test means it.
//!
//! Never: no header is added but `host` and `content-length`, and those only where the test wrote none.

use std::io;
use std::net::SocketAddr;

use serde_json::Value;

use super::{Conn, Events, Response};

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// A chat completion asked for with this body.
    pub(crate) fn chat(body: &Value) -> Self {
        Self::post("/v1/chat/completions").json(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A bearer token; none if it is empty.
    pub(crate) fn key(self, key: &str) -> Self {
        if key.is_empty() { self } else { self.header("authorization", &format!("Bearer {key}")) }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The request as bytes.
    pub(crate) fn bytes(&self, addr: SocketAddr) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let has = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if !has("host") {
            text.push_str(&format!("host: {addr}\r\n"));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !has("content-length") && !has("transfer-encoding") && self.method != "GET" {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it on a connection of its own and reads the whole answer.
    pub(crate) async fn send(&self, addr: SocketAddr) -> Response {
        self.try_send(addr).await.expect("a response")
    }

    /// The same; an error if there was no connection, or no head before its end.
    pub(crate) async fn try_send(&self, addr: SocketAddr) -> io::Result<Response> {
        let mut conn = Conn::try_connect(addr).await?;
        conn.send(self.bytes(addr)).await;
        conn.try_response().await
    }

    /// Sends it and leaves the answer unread.
    pub(crate) async fn open(&self, addr: SocketAddr) -> Conn {
        let mut conn = Conn::connect(addr).await;
        conn.send(self.bytes(addr)).await;
        conn
    }

    /// Sends it and reads the answer event by event.
    pub(crate) async fn stream(&self, addr: SocketAddr) -> Events {
        self.open(addr).await.events().await
    }
}
