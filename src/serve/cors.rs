//! Cross-origin requests (CORS): answers preflights, and lets the page read every response,
//! including errors.
//!
//! A page still needs a key.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

use super::reply::Reply;
use crate::table::{Cors, Table};

/// A request from an allowed origin.
pub(crate) struct CrossOrigin {
    table: Arc<Table>,
    origin: HeaderValue,
    /// The headers that the page asks for, if this is its preflight.
    preflight: Option<Option<HeaderValue>>,
}

impl CrossOrigin {
    /// Reads a request; `None` if it comes from no allowed origin.
    pub(crate) fn of<B>(table: Arc<Table>, request: &Request<B>) -> Option<Box<Self>> {
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN)?.clone();
        table.cors.as_ref().filter(|cors| cors.permits(&origin))?;
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let wanted = || headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        Some(Box::new(Self { table, origin, preflight: asks.then(wanted) }))
    }

    /// The answer to a preflight.
    pub(crate) fn preflight(&self) -> Option<Response<Reply>> {
        let wanted = self.preflight.as_ref()?;
        let mut response = Response::new(Reply::of(axum::body::Body::empty()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        let map = response.headers_mut();
        let own = self.table.cors.as_ref().and_then(|cors| cors.headers.clone());
        if let Some(headers) = own.or_else(|| wanted.clone()) {
            map.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
        }
        map.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        map.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        self.permit(map);
        Some(response)
    }

    /// Lets the page read the response.
    pub(crate) fn permit(&self, map: &mut HeaderMap) {
        let is_any = self.table.cors.as_ref().is_some_and(Cors::permits_any);
        if is_any {
            map.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            map.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
            map.append(header::VARY, HeaderValue::from_static("origin"));
        }
        let names: Vec<&str> =
            map.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-")).collect();
        let mut exposed = names.join(", ");
        for name in [header::RETRY_AFTER.as_str(), "request-id"] {
            if map.contains_key(name) {
                exposed = [exposed.as_str(), name].join(", ");
            }
        }
        if let Ok(exposed) = HeaderValue::try_from(exposed.trim_start_matches(", ")) {
            map.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
/// In seconds; browsers cap longer times.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
