//! Reads the status of a running process, once or whenever it changes.
//!
//! One thread follows the events and reconnects when they end. It never waits for the screen.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use reqwest::{Client, Response};
use serde_json::Value;

use crate::cli::port::{PATIENCE, Place, client, runtime};

/// An update for the screen.
#[derive(Debug)]
pub(super) enum News {
    /// The status has changed.
    Status(Value),
    /// The process cannot be reached at the moment.
    Lost(String),
}

/// Reads the status once.
pub(super) fn once(place: &Place) -> Result<Value, String> {
    runtime()?.block_on(async {
        let client = client()?;
        let told = async {
            let answer = ask(place, &client, "status").await?;
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

/// Reads events until the connection ends. It returns `Ok` only when the receiver is gone.
async fn events(place: &Place, client: &Client, tell: &Sender<News>) -> Result<(), String> {
    let asked = tokio::time::timeout(PATIENCE, ask(place, client, "events")).await;
    let mut answer = asked.unwrap_or_else(|_| Err(place.is_slow()))?;
    let mut text = Vec::new();
    loop {
        // The process sends something at least every 15 seconds.
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

/// Takes the first complete event from the buffer.
fn first_event(text: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = text.windows(2).position(|two| two == b"\n\n")?;
    let rest = text.split_off(end + 2);
    Some(std::mem::replace(text, rest))
}

fn read(event: &[u8]) -> Option<Value> {
    serde_json::from_slice(event.strip_prefix(b"data: ")?).ok()
}

async fn ask(place: &Place, client: &Client, what: &str) -> Result<Response, String> {
    let url = place.url(what)?;
    let answer = client.get(url).send().await.map_err(|error| place.problem(error))?;
    match answer.status().as_u16() {
        200 => Ok(answer),
        421 => Err(place.is_misnamed()),
        503 => Err(format!("{} is followed by too many already", place.name())),
        _ => Err(place.is_another()),
    }
}

const SILENCE: Duration = Duration::from_secs(40);
const AGAIN: Duration = Duration::from_secs(1);
/// A full status has a few megabytes.
const LONGEST: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::{first_event, read};

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
