//! The connection to Redis or Valkey, and the one script that runs there.

use std::time::Duration;

use redis::{Client, ErrorKind, RedisError, Value, aio::MultiplexedConnection};

use super::super::terms::SharedTerms;
use crate::live::limit::lease::{Answer, Ask};

/// Whether this is the address of a server.
pub(crate) fn is_address(url: &str) -> bool {
    Client::open(url).is_ok()
}

/// A connection that is made when it is needed, and made anew when it broke.
pub(super) struct Wire {
    client: Client,
    prefix: String,
    /// What tells this replica from others.
    replica: String,
    open: Option<(MultiplexedConnection, String)>,
}

impl Wire {
    /// Connects to nothing yet.
    pub(super) fn new(terms: &SharedTerms) -> Result<Self, String> {
        let client = Client::open(terms.url.expose());
        // What the library says of an address may repeat it, and with it a password.
        let client = client.map_err(|_| "has an address that cannot be read".to_owned())?;
        let replica = format!("{:016x}", rand::random::<u64>());
        Ok(Self { client, prefix: terms.prefix.clone(), replica, open: None })
    }

    /// Asks these questions in one piece; without any it asks whether the store is there.
    pub(super) async fn share(&mut self, asks: &[&Ask]) -> Result<Vec<Answer>, String> {
        self.connected().await?;
        let Some(open) = self.open.take() else { return Ok(Vec::new()) };
        self.ask(open, asks).await.map_err(|error| said(&error))
    }

    /// Makes the connection, where there is none.
    pub(super) async fn connected(&mut self) -> Result<(), String> {
        if self.open.is_none() {
            self.open = Some(self.connect().await.map_err(|error| said(&error))?);
        }
        Ok(())
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, String), RedisError> {
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(None);
        let mut open = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let script = loaded(&mut open).await?;
        Ok((open, script))
    }

    /// The connection is kept only where all of it went well.
    async fn ask(
        &mut self,
        (mut open, mut script): (MultiplexedConnection, String),
        asks: &[&Ask],
    ) -> Result<Vec<Answer>, RedisError> {
        let mut values = self.piped(&script, asks).query_async(&mut open).await;
        if matches!(&values, Err(error) if is_forgotten(error)) {
            // The store was emptied, or another one has taken over.
            script = loaded(&mut open).await?;
            values = self.piped(&script, asks).query_async(&mut open).await;
        }
        let values: Vec<Value> = values?;
        let answers = values.iter().take(asks.len()).map(answer);
        let answers: Option<Vec<Answer>> = answers.collect();
        let strange = || RedisError::from((ErrorKind::UnexpectedReturnType, "a strange answer"));
        let answers = answers.ok_or_else(strange)?;
        self.open = Some((open, script));
        Ok(answers)
    }

    fn piped(&self, script: &str, asks: &[&Ask]) -> redis::Pipeline {
        let mut pipe = redis::Pipeline::with_capacity(asks.len().max(1));
        if asks.is_empty() {
            pipe.cmd("PING");
        }
        for ask in asks {
            // The braces put all of one limit on one node of a cluster.
            pipe.cmd("EVALSHA").arg(script).arg(1).arg(format!("{}{{{}}}", self.prefix, ask.key));
            pipe.arg(format!("{}.{}", self.replica, ask.slice))
                .arg(ask.seq)
                .arg(ask.spent)
                .arg(ask.told)
                .arg(ask.out);
            pipe.arg(ask.need.min(EXACT)).arg(ask.least.min(EXACT)).arg(ask.extra.min(EXACT));
            pipe.arg(ask.limit).arg(ask.per_second).arg(ask.known).arg(ask.known_at);
            pipe.arg(LIVES.as_micros() as u64).arg(ask.keep_ms);
        }
        pipe
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("replica", &self.replica).finish_non_exhaustive()
    }
}

async fn loaded(open: &mut MultiplexedConnection) -> Result<String, RedisError> {
    redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).query_async(open).await
}

fn is_forgotten(error: &RedisError) -> bool {
    error.code() == Some("NOSCRIPT")
}

/// What the server or the system said, which is in no address.
fn said(error: &RedisError) -> String {
    let may_not = error.detail().is_some_and(|it| it.contains("can't run this command"));
    match (error.code(), error.detail()) {
        (Some("NOPERM"), _) => "its user may not run what is needed".to_owned(),
        (Some(_), _) if may_not => "its user may not run what is needed".to_owned(),
        (Some(code), _) => format!("it says {code}"),
        (None, _) if error.is_timeout() => "it does not answer in time".to_owned(),
        (None, _) if error.is_io_error() => "it cannot be reached".to_owned(),
        _ => format!("{:?}", error.kind()),
    }
}

fn answer(value: &Value) -> Option<Answer> {
    let Value::Array(parts) = value else { return None };
    let [granted, used, held, replicas, wait, alone, wanted, now] = &parts[..] else {
        return None;
    };
    Some(Answer {
        granted: number(granted)?.try_into().ok()?,
        used: number(used)?.max(0).try_into().ok()?,
        held: number(held)?.max(0).try_into().ok()?,
        replicas: number(replicas)?.try_into().ok()?,
        wait_us: u64::try_from(number(wait)?).ok(),
        is_alone: number(alone)? == 1,
        is_wanted: number(wanted)? == 1,
        now_us: number(now)?.try_into().ok()?,
    })
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::BulkString(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        Value::SimpleString(text) => text.parse().ok(),
        _ => None,
    }
}

const SCRIPT: &str = include_str!("share.lua");
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// What a replica holds counts for so long after it was last heard of.
const LIVES: Duration = Duration::from_secs(5);
/// The script counts in numbers that are whole up to here.
const EXACT: u64 = 1 << 53;
