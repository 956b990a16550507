//! Before anything is timed: does the request arrive as it should? The upstream sends back what
//! it got, and that must be what was sent, with the model replaced where it should be.
//! It never times anything.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::drive::Connection;
use super::payload::{self, Alias};

/// An error says what was wrong with the answer.
pub(crate) async fn check(
    address: SocketAddr,
    alias: Alias,
    body_size: usize,
    replaces_model: bool,
) -> io::Result<()> {
    let request = payload::request(alias, body_size, "echo=1");
    let sent = payload::body(alias.name(), body_size, false);
    serde_json::from_str::<serde::de::IgnoredAny>(&sent)?;
    let expected = if replaces_model {
        let member = |model: &str| format!("\"model\":\"{model}\"");
        sent.replace(&member(alias.name()), &member(alias.upstream_model()))
    } else {
        sent
    };
    let mut arrived = Vec::new();
    let exchange = async {
        let mut connection = Connection::open(address).await?;
        connection.exchange_into(&request, |piece| arrived.extend_from_slice(piece)).await
    };
    let status = tokio::time::timeout(PATIENCE, exchange)
        .await
        .map_err(|_| io::Error::other(format!("no answer within {PATIENCE:?}")))??;
    if status != 200 {
        let text = String::from_utf8_lossy(&arrived);
        let start: String = text.chars().take(200).collect();
        return Err(io::Error::other(format!("status {status}: {start}")));
    }
    if arrived != expected.as_bytes() {
        return Err(io::Error::other("the body did not arrive as it should"));
    }
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(10);
