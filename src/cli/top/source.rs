//! The status as a running process tells it: once, or whenever it changes.
//!
//! One thread follows the events and connects again when they end; it never waits for the screen.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use reqwest::{Client, Response, Url};
use serde_json::Value;

use crate::upstream::dial;

/// Where the operations port is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(Url);

/// What the screen hears.
#[derive(Debug)]
pub(super) enum News {
    /// The status has changed.
    Status(Value),
    /// The process cannot be followed at this moment.
    Lost(String),
}

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

/// Asks for the status.
pub(super) fn once(place: &Place) -> Result<Value, String> {
    runtime()?.block_on(async {
        let client = client()?;
        let told = async {
            let answer = place.ask(&client, "status").await?;
            let body = answer.bytes().await.map_err(|error| place.problem(error))?;
            serde_json::from_slice(&body).map_err(|_| place.is_another())
        };
        tokio::time::timeout(PATIENCE, told).await.unwrap_or_else(|_| Err(place.is_slow()))
    })
}

/// Follows the status until the receiver is dropped.
pub(super) fn follow(place: Place) -> Result<Receiver<News>, String> {
    let (tell, news) = mpsc::channel();
    let (runtime, client) = (runtime()?, client()?);
    let follows = move || {
        runtime.block_on(async {
            while let Err(why) = events(&place, &client, &tell).await {
                if tell.send(News::Lost(why)).is_err() {
                    break;
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    };
    thread::Builder::new()
        .name("events".into())
        .spawn(follows)
        .map_err(|error| format!("a thread cannot be started: {error}"))?;
    Ok(news)
}

/// Reads events until they end; well only where they are not wanted any more.
async fn events(place: &Place, client: &Client, tell: &Sender<News>) -> Result<(), String> {
    let asked = tokio::time::timeout(PATIENCE, place.ask(client, "events")).await;
    let mut answer = asked.unwrap_or_else(|_| Err(place.is_slow()))?;
    let mut text = Vec::new();
    loop {
        // The process says something at least every 15 seconds.
        let piece = tokio::time::timeout(SILENCE, answer.chunk()).await;
        let piece = piece.map_err(|_| place.is_slow())?.map_err(|error| place.problem(error))?;
        let Some(piece) = piece else { return Err(format!("{} has ended", place.name())) };
        text.extend_from_slice(&piece);
        while let Some(event) = first_event(&mut text) {
            if let Some(status) = read(&event)
                && tell.send(News::Status(status)).is_err()
            {
                return Ok(());
            }
        }
        if text.len() > LONGEST {
            return Err(place.is_another());
        }
    }
}

/// Takes the first whole event.
fn first_event(text: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = text.windows(2).position(|two| two == b"\n\n")?;
    let rest = text.split_off(end + 2);
    Some(std::mem::replace(text, rest))
}

fn read(event: &[u8]) -> Option<Value> {
    serde_json::from_slice(event.strip_prefix(b"data: ")?).ok()
}

impl Place {
    async fn ask(&self, client: &Client, what: &str) -> Result<Response, String> {
        let url = self.0.join(what).map_err(|_| self.is_another())?;
        let answer = client.get(url).send().await.map_err(|error| self.problem(error))?;
        match answer.status().as_u16() {
            200 => Ok(answer),
            421 => Err(format!("{} is to be asked by its address or as `localhost`", self.name())),
            503 => Err(format!("{} is followed by too many already", self.name())),
            _ => Err(self.is_another()),
        }
    }

    /// Host and port, for people.
    fn name(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        format!("{host}:{}", self.0.port_or_known_default().unwrap_or_default())
    }

    fn problem(&self, error: reqwest::Error) -> String {
        format!("{} cannot be asked: {}", self.name(), dial::causes(&error.without_url()))
    }

    fn is_another(&self) -> String {
        format!("{} answers, but not as the operations port of Onwards", self.name())
    }

    fn is_slow(&self) -> String {
        format!("{} does not answer in time", self.name())
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("a runtime cannot be started: {error}"))
}

fn client() -> Result<Client, String> {
    let client = Client::builder()
        .use_preconfigured_tls(dial::tls_config())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(PATIENCE);
    client.build().map_err(|error| format!("an HTTP client cannot be made: {error}"))
}

const PATIENCE: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(40);
const AGAIN: Duration = Duration::from_secs(1);
/// A status with all that it lists has some megabytes.
const LONGEST: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::{first_event, place, read};

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

    #[test]
    fn events_are_found_wherever_they_are_cut() {
        let text = b"data: {\"a\":1}\n\n:\n\ndata: {\"a\":2}\n\n";
        for size in 1..text.len() {
            let (mut kept, mut found) = (Vec::new(), Vec::new());
            for piece in text.chunks(size) {
                kept.extend_from_slice(piece);
                while let Some(event) = first_event(&mut kept) {
                    found.extend(read(&event));
                }
            }
            assert_eq!(found, [serde_json::json!({"a": 1}), serde_json::json!({"a": 2})], "{size}");
        }
    }
}
