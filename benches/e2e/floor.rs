//! A floor: bare axum in front of `reqwest`, as one would write it in ten minutes.
//! It never parses anything, checks anyone or counts anything.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use axum::{Router, serve};
use tokio::net::TcpListener;

/// The role's entry.
pub(crate) fn main(port: u16, upstream: SocketAddr) -> io::Result<()> {
    // An installed provider is fine as well; reqwest only needs one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(POOL)
        .no_proxy()
        .build()
        .map_err(io::Error::other)?;
    let onward = Onward { client, origin: format!("http://{upstream}").into() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        serve(listener, Router::new().fallback(pass).with_state(onward)).await
    })
}

#[derive(Clone)]
struct Onward {
    client: reqwest::Client,
    origin: std::sync::Arc<str>,
}

async fn pass(State(onward): State<Onward>, request: Request) -> Result<Response, StatusCode> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    let mut answer = onward
        .client
        .request(parts.method, format!("{}{path}", onward.origin))
        .headers(headers)
        .body(reqwest::Body::wrap_stream(body.into_data_stream()))
        .send()
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    Ok(response)
}

const POOL: usize = 4096;
