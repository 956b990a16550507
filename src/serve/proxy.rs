//! THE request: one function, one line for each stage.
//!
//! Each stage is the file of its name; `?` on any of them ends in `answer`.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, Response};
use hyper::body::Incoming;
use rand::Rng;

use super::{
    Front, admit,
    answer::{self, REQUEST_ID},
    record::Record,
    relay::{self, Reply},
    rounds,
};
use crate::refusal::Refusal;

/// Serves one request through a provider, or says why not.
pub async fn proxy(front: &Front, request: Request<Incoming>) -> Response<Reply> {
    let request_id = request_id(request.headers());
    let mut record = Record::begin(Arc::clone(&front.meters));
    match serve(front, request, &mut record).await {
        Ok((held, path, accepted)) => relay::respond(accepted, held, request_id, record, &path),
        Err(refusal) => answer::refuse(&refusal, request_id, &mut record),
    }
}

async fn serve(
    front: &Front,
    request: Request<Incoming>,
    record: &mut Record,
) -> Result<(admit::Held, Box<str>, rounds::Accepted), Refusal> {
    front.refuse_if_closing()?;
    let admitted = admit::admit(request, front.body_limits).await?;
    let table = front.gateway.snapshot();
    let allowed = admit::allow(table, &admitted.alias, &admitted.inbound.headers)?;
    record.allowed(&allowed);
    let held = admit::hold(allowed)?;
    let accepted = rounds::run(&front.client, &held, &admitted.inbound, record).await?;
    Ok((held, admitted.inbound.path, accepted))
}

/// The client's own id, if it is sane, else a new one.
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        !bytes.is_empty() && bytes.len() <= LONGEST_ID && bytes.iter().all(plain)
    };
    headers.get(REQUEST_ID).filter(sane).cloned().unwrap_or_else(new_id)
}

fn new_id() -> HeaderValue {
    let mut id = *b"req_0000000000000000";
    let mut bits: u64 = rand::rng().random();
    for digit in id.iter_mut().skip(4) {
        *digit = HEX[(bits & 15) as usize];
        bits >>= 4;
    }
    HeaderValue::from_bytes(&id).unwrap_or(HeaderValue::from_static("req"))
}

const LONGEST_ID: usize = 128;
const HEX: &[u8; 16] = b"0123456789abcdef";
