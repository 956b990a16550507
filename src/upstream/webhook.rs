//! One call of a guardrail's webhook, over the same connections as providers.
//!
//! It follows no redirect, and never reveals the URL or the response.

use std::future::poll_fn;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri, Version, header};
use tokio::time::Instant;

use super::{
    client::{Client, SendError, WireBody},
    dial::DialError,
    request,
    source::Source as _,
};
use crate::{
    body::{Pieces, PiecesBody},
    table::webhook::Webhook,
};

/// Posts this JSON and reads a response of at most `most` bytes.
///
/// # Errors
/// The kind of the failure, for the log.
pub(crate) async fn ask(
    client: &Client,
    webhook: &Webhook,
    own: HeaderMap,
    body: Bytes,
    most: usize,
) -> Result<Bytes, String> {
    let asked = tokio::time::timeout(webhook.timeout, post(client, webhook, own, body, most));
    asked.await.unwrap_or_else(|_| Err(LATE.into()))
}

async fn post(
    client: &Client,
    webhook: &Webhook,
    own: HeaderMap,
    body: Bytes,
    most: usize,
) -> Result<Bytes, String> {
    let mut fresh = false;
    loop {
        let lease = client.lease(&webhook.origin, fresh).await.map_err(|error| match error {
            DialError::Timeout => LATE.to_owned(),
            DialError::Unreached(_) => "cannot be reached".to_owned(),
        })?;
        let request = written(webhook, own.clone(), body.clone(), lease.is_http2());
        let request = request.map_err(|_| "cannot be asked".to_owned())?;
        match lease.send(request, Instant::now()).await {
            Ok(answer) if answer.status().is_success() => {
                return read(answer.into_body(), most).await;
            }
            Ok(answer) => return Err(format!("answered {}", answer.status().as_u16())),
            Err(SendError::Unsent | SendError::Stale) if !fresh => fresh = true,
            Err(SendError::Malformed(_)) => return Err("gave an answer that is no HTTP".into()),
            Err(_) => return Err("broke off before an answer".into()),
        }
    }
}

fn written(
    webhook: &Webhook,
    mut headers: HeaderMap,
    body: Bytes,
    http2: bool,
) -> Result<Request<PiecesBody>, http::Error> {
    let origin = &webhook.origin;
    let mut uri = Uri::builder().path_and_query(webhook.path.clone());
    if http2 {
        uri = uri.scheme(origin.uri.scheme_str().unwrap_or("https"));
        uri = uri.authority(origin.host.as_bytes());
    }
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::ACCEPT, json.clone());
    headers.insert(header::CONTENT_TYPE, json);
    super::headers::set(&mut headers, &webhook.headers);
    let mut request = Request::new(PiecesBody::from(Pieces::from(body)));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = uri.build()?;
    if http2 {
        *request.version_mut() = Version::HTTP_2;
    } else {
        headers.insert(header::HOST, origin.host.clone());
    }
    *request.headers_mut() = headers;
    let forwards = origin.route.as_ref().filter(|route| route.forwards);
    Ok(match forwards {
        None => request,
        Some(route) => request::forwarded(request, origin, route),
    })
}

/// The whole response, if it is not too long.
async fn read(mut body: WireBody, most: usize) -> Result<Bytes, String> {
    let mut all = Vec::new();
    while let Some(piece) = poll_fn(|cx| body.poll_piece(cx)).await {
        all.extend_from_slice(&piece.map_err(|_| "broke off inside its answer")?);
        if all.len() > most {
            return Err("gave an answer that is too long".into());
        }
    }
    Ok(all.into())
}

const LATE: &str = "did not answer in time";
