//! Compiles the services that guardrails call.
//!
//! Problems never repeat a URL or a header.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Uri, header, uri::PathAndQuery};

use super::{Compiler, provider::wire, shared::Way};
use crate::{
    config::{Path, raw, references::is_stand_in},
    guard::{Action, Finder},
    table::{Origin, webhook::Webhook},
};

impl Compiler<'_> {
    /// The rule that calls a webhook.
    pub(super) fn finder_by_webhook(
        &mut self,
        raw: &raw::Webhook,
        action: Option<Action>,
        path: &Path,
    ) -> Option<Finder> {
        if action == Some(Action::Redact) {
            let message = "a webhook itself provides the replacement of a text";
            let hint = "remove `action`, or write `flag` to count only";
            self.problem(&path.key("action"), message, Some(hint.into()));
        }
        let webhook = self.webhook(raw, &path.key("webhook"))?;
        self.webhooks.push(webhook);
        Some(Finder::Webhook(self.webhooks.len() - 1))
    }

    fn webhook(&mut self, raw: &raw::Webhook, path: &Path) -> Option<Webhook> {
        let timeout = Duration::from_millis(raw.timeout_ms.unwrap_or(TIMEOUT_MS));
        let headers = self.webhook_headers(raw, path);
        let (origin, asked) = self.webhook_place(raw.url.expose(), timeout, &path.key("url"))?;
        let on_failure = raw.on_failure.unwrap_or_default();
        Some(Webhook { origin, path: asked, headers, timeout, on_failure })
    }

    fn webhook_place(
        &mut self,
        url: &str,
        timeout: Duration,
        path: &Path,
    ) -> Option<(Arc<Origin>, PathAndQuery)> {
        // References are not always resolved.
        let url = if is_stand_in(url) { "http://localhost/" } else { url };
        let (uri, _, host) = match wire(url) {
            Ok(wire) => wire,
            Err(_) => {
                let message = "this is not an `http://` or `https://` URL of a service";
                let hint = "write a credential into `key`";
                self.problem(path, message, Some(hint.into()));
                return None;
            }
        };
        let asked = url.parse::<Uri>().ok().and_then(|url| url.into_parts().path_and_query);
        let tls = uri.scheme_str() == Some("https");
        let Way { route, digest } = self.way_of_environment(&uri);
        let settings = format!("{uri} {timeout:?} {:?} {digest}", self.idle_pool);
        let (id, pool) = (self.draft.origin(&settings), self.idle_pool);
        let make = |id| Origin { id, uri, host, tls, connect_timeout: timeout, pool, route };
        let origin = self.shared.origin(id, make);
        Some((origin, asked.unwrap_or(PathAndQuery::from_static("/"))))
    }

    fn webhook_headers(
        &mut self,
        raw: &raw::Webhook,
        path: &Path,
    ) -> Vec<(http::HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        let mut add =
            |this: &mut Self, name, value: &str, at: &Path| match HeaderValue::try_from(value) {
                Err(_) => this.problem(at, "this is not a valid header value", None),
                Ok(mut value) => {
                    value.set_sensitive(true);
                    headers.push((name, value));
                }
            };
        if let Some(key) = &raw.key {
            let value = format!("Bearer {}", key.expose());
            add(self, header::AUTHORIZATION, &value, &path.key("key"));
        }
        for (name, value) in raw.headers.iter().flatten() {
            let at = path.key("headers").key(name);
            let Some(name) = self.header_name(name, &at) else { continue };
            if raw.key.is_some() && name == header::AUTHORIZATION {
                let message = "`key` and this header exclude each other";
                self.problem(&at, message, Some("remove one of them".into()));
            }
            add(self, name, value.expose(), &at);
        }
        headers
    }
}

const TIMEOUT_MS: u64 = 500;
