//! The responses of the admin API: JSON, with the ETag of the file.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde::Serialize;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(super) struct Answered {
    status: StatusCode,
    body: String,
    etag: Option<String>,
}

impl Answered {
    /// This value.
    pub(super) fn of(value: &Value) -> Self {
        Self::text(value.to_string())
    }

    /// This JSON text.
    pub(super) fn text(body: String) -> Self {
        Self { status: StatusCode::OK, body, etag: None }
    }

    /// With another status.
    pub(super) fn with(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With this ETag of the file.
    pub(super) fn at(self, etag: &str) -> Self {
        Self { etag: Some(format!("\"{etag}\"")), ..self }
    }

    /// The response.
    pub(super) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        let etag = self.etag.and_then(|etag| HeaderValue::try_from(etag).ok());
        headers.extend(etag.map(|etag| (header::ETAG, etag)));
        response
    }
}

/// A response with this value.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_string(value).unwrap_or_default();
    Answered::text(body).with(status).response()
}

const JSON: &str = "application/json";
