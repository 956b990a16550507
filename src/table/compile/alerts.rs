//! Compiles the webhooks for alerts.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Uri};

use super::Compiler;
use crate::{
    config::{Path, raw},
    table::alerts::Alert,
    words::AlertKind,
};

impl Compiler<'_> {
    pub(super) fn alerts(&mut self, raw: Option<&[raw::Alert]>) -> Vec<Arc<Alert>> {
        let raw = raw.unwrap_or_default();
        let mut alerts = Vec::with_capacity(raw.len());
        for (nth, raw) in raw.iter().enumerate() {
            let path = Path::root().key("alerts").index(nth);
            alerts.push(Arc::new(self.alert(raw, &path)));
        }
        alerts
    }

    fn alert(&mut self, raw: &raw::Alert, path: &Path) -> Alert {
        if !is_webhook(raw.url.expose()) {
            let message = "this is not an `http://` or `https://` URL";
            self.problem(&path.key("url"), message, None);
        }
        let kinds = raw.on.clone().unwrap_or_else(|| AlertKind::ALL.to_vec());
        let mut headers = Vec::new();
        for (name, value) in raw.headers.iter().flatten() {
            let at = path.key("headers").key(name);
            let Some(name) = self.header_name(name, &at) else { continue };
            match HeaderValue::try_from(value.expose()) {
                Err(_) => self.problem(&at, "this is not a valid header value", None),
                Ok(mut value) => {
                    value.set_sensitive(true);
                    headers.push((name, value));
                }
            }
        }
        Alert {
            url: raw.url.clone(),
            kinds,
            headers,
            min_interval: Duration::from_secs(raw.min_interval_secs.unwrap_or(MIN_INTERVAL_SECS)),
            window: Duration::from_secs(raw.window_secs.unwrap_or(WINDOW_SECS)),
            error_rate: raw.error_rate.unwrap_or(ERROR_RATE),
            fallback_rate: raw.fallback_rate.unwrap_or(FALLBACK_RATE),
            min_requests: raw.min_requests.unwrap_or(MIN_REQUESTS),
        }
    }
}

fn is_webhook(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
}

const MIN_INTERVAL_SECS: u64 = 300;
const WINDOW_SECS: u64 = 60;
const ERROR_RATE: f64 = 0.05;
const FALLBACK_RATE: f64 = 0.2;
const MIN_REQUESTS: u64 = 20;
