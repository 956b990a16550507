//! The lower floor: bare axum in front of hyper-util's client, the one `reqwest` is built on.
//! It never parses anything, checks anyone or counts anything.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::{Authority, Scheme};
use axum::http::{StatusCode, Uri, header};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use axum::{Router, serve};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::TcpListener;

/// The role's entry.
pub(crate) fn main(port: u16, upstream: SocketAddr) -> io::Result<()> {
    let authority = Authority::try_from(upstream.to_string()).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(POOL)
            .pool_timer(TokioTimer::new())
            .build(connector);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let onward = Onward { client, authority };
        serve(listener, Router::new().fallback(pass).with_state(onward)).await
    })
}

#[derive(Clone)]
struct Onward {
    client: Client<HttpConnector, Body>,
    authority: Authority,
}

async fn pass(State(onward): State<Onward>, mut request: Request) -> Result<Response, StatusCode> {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(onward.authority);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| StatusCode::BAD_REQUEST)?;
    request.headers_mut().remove(header::HOST);
    let answer = onward.client.request(request).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let mut response = answer.map(Body::new);
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    Ok(response)
}

const POOL: usize = 4096;
