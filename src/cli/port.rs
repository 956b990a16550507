//! The operations port of a running process, as a client of it.

use std::time::Duration;

use reqwest::{Client, Url};

use crate::upstream::{barrier, dial};

/// The address of the operations port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(Url);

/// Reads `--url`.
pub(super) fn place(url: &str) -> Result<Place, String> {
    let wrong = || "--url: write `http://HOST:PORT`".to_owned();
    let mut url = Url::parse(url).map_err(|_| wrong())?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(wrong());
    }
    // The last segment of a base URL is replaced unless it ends in a slash.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(Place(url))
}

impl Place {
    /// The URL of a path on this port.
    pub(super) fn url(&self, path: &str) -> Result<Url, String> {
        self.0.join(path).map_err(|_| self.is_another())
    }

    /// Host and port, for people.
    pub(super) fn name(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        format!("{host}:{}", self.0.port_or_known_default().unwrap_or_default())
    }

    /// The error when the request fails.
    pub(super) fn problem(&self, error: reqwest::Error) -> String {
        format!("cannot connect to {}: {}", self.name(), barrier::causes(&error.without_url()))
    }

    /// The error when the port refuses the host name.
    pub(super) fn is_misnamed(&self) -> String {
        format!("{} accepts requests only by its IP address or as `localhost`", self.name())
    }

    /// The error when another program listens there.
    pub(super) fn is_another(&self) -> String {
        format!("{} answers, but it is not the operations port of Onwards", self.name())
    }

    /// The error when the response takes too long.
    pub(super) fn is_slow(&self) -> String {
        format!("{} does not answer in time", self.name())
    }
}

/// A runtime for the requests of one command.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("a runtime cannot be started: {error}"))
}

/// A client that connects directly, without a proxy.
pub(super) fn client() -> Result<Client, String> {
    let client = Client::builder()
        .use_preconfigured_tls(dial::tls_config())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(PATIENCE);
    client.build().map_err(|error| format!("an HTTP client cannot be made: {error}"))
}

/// The longest wait for a response.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn url_is_read_or_refused_with_its_form() {
        for url in ["http://127.0.0.1:9090", "http://[::1]:9090/", "https://ops.example/onwards"] {
            let place = place(url).unwrap();
            assert!(place.0.join("status").unwrap().as_str().ends_with("/status"), "{url}");
        }
        let under = place("https://ops.example/onwards").unwrap();
        assert_eq!(under.0.join("status").unwrap().path(), "/onwards/status");
        for url in ["127.0.0.1:9090", "ftp://h/", "http://u@h/", "http://h/?q", "", "unix:/x"] {
            let why = place(url).unwrap_err();
            assert!(why.contains("http://HOST:PORT"), "{url}: {why}");
        }
    }
}
