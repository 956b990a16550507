//! The connection to Redis or Valkey, and the two scripts that run there.

mod sent;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use redis::{
    Client, ConnectionInfo, Pipeline, PushInfo, PushKind, RedisError, Value,
    aio::MultiplexedConnection,
};
use tokio::sync::Notify;

use super::{
    super::terms::SharedTerms,
    address,
    words::{Commands, Said, Say, decimal, number},
};
use crate::live::limit::lease::{Answer, Ask, LASTS, LIVES};

/// A connection that is made when it is needed, and made anew when it broke.
pub(super) struct Wire {
    server: ConnectionInfo,
    prefix: String,
    /// Identifies this replica.
    replica: String,
    open: Option<Open>,
    /// The node that takes over what this one has, while that moves.
    next: Option<Open>,
    /// The store has said that another replica has told something.
    call: Arc<Notify>,
    /// Whether it says so.
    is_called: Arc<AtomicBool>,
}

/// A connection, and what the server knows the scripts by.
struct Open {
    connection: MultiplexedConnection,
    share: String,
    news: String,
    at: ConnectionInfo,
}

impl Wire {
    /// Connects to nothing yet.
    pub(super) fn new(terms: &SharedTerms) -> Result<Self, String> {
        let server = address::read(terms.url.expose());
        let server = server.map_err(|(why, _)| format!("has no address: {why}"))?;
        let replica = format!("{:016x}", rand::random::<u64>());
        let prefix = terms.prefix.clone();
        let (call, is_called) = (Arc::default(), Arc::default());
        Ok(Self { server, prefix, replica, open: None, next: None, call, is_called })
    }

    /// Resolves when the store has said that another replica has told something.
    pub(super) fn called(&self) -> impl Future<Output = ()> + use<> {
        let call = Arc::clone(&self.call);
        async move { call.notified().await }
    }

    /// Whether the store says so by itself.
    pub(super) fn is_called(&self) -> bool {
        self.open.is_some() && self.is_called.load(Relaxed)
    }

    /// Asks these questions in one piece.
    pub(super) async fn share(&mut self, asks: &[&Ask]) -> Result<Vec<Answer>, String> {
        self.connected().await?;
        let Some(open) = self.open.take() else { return Ok(Vec::new()) };
        let read = |values: &[Value]| values.iter().map(answer).collect();
        self.ask(open, &Commands::Share(asks), read).await.map_err(|error| said(&error))
    }

    /// Sends messages about providers, and receives new ones.
    pub(super) async fn news(&mut self, known: (&str, &str), says: &[Say]) -> Result<Said, String> {
        self.connected().await?;
        let open = self.open.take().ok_or("it cannot be reached")?;
        let read = |values: &[Value]| Said::read(values.first()?);
        self.ask(open, &Commands::News(known, says), read).await.map_err(|error| said(&error))
    }

    /// Connects, if there is no connection.
    pub(super) async fn connected(&mut self) -> Result<(), String> {
        if self.open.is_none() {
            let open = self.connect(self.server.clone()).await;
            self.open = Some(open.map_err(|error| said(&error))?);
        }
        Ok(())
    }

    async fn connect(&self, to: ConnectionInfo) -> Result<Open, RedisError> {
        self.is_called.store(false, Relaxed);
        let (call, is_called) = (Arc::clone(&self.call), Arc::clone(&self.is_called));
        let replica = self.replica.clone();
        let pushed = move |push: PushInfo| {
            match push.kind {
                PushKind::Message if !is_from(&push, &replica) => call.notify_one(),
                PushKind::Disconnection => is_called.store(false, Relaxed),
                _ => {}
            }
            Ok::<(), ()>(())
        };
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(None)
            .set_push_sender(pushed);
        let client = Client::open(to.clone())?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let share = loaded(&mut connection, SHARE).await?;
        let news = loaded(&mut connection, NEWS).await?;
        // A user who may not do this asks now and then.
        let is_called = connection.subscribe(self.channel()).await.is_ok();
        self.is_called.store(is_called, Relaxed);
        Ok(Open { connection, share, news, at: to })
    }

    /// A key on the server. The braces put all keys on one node of a cluster.
    fn key(&self, what: &str) -> String {
        format!("{}{{shared}}{what}", self.prefix)
    }

    fn channel(&self) -> String {
        self.key("health")
    }

    fn telling(&self, pipe: &mut Pipeline, script: &str, known: (&str, &str), says: &[Say]) {
        // The channel is called as the key is.
        let key = self.channel();
        pipe.cmd("EVALSHA").arg(script).arg(1).arg(&key).arg(&self.replica);
        pipe.arg(known.0).arg(known.1).arg(&key);
        for say in says {
            let micros = u64::try_from(say.lasts.as_micros()).unwrap_or(EXACT).min(EXACT);
            pipe.arg(say.verb).arg(&say.field).arg(micros).arg(&say.text);
        }
    }

    fn asking(&self, pipe: &mut Pipeline, script: &str, ask: &Ask) {
        pipe.cmd("EVALSHA").arg(script).arg(1).arg(self.key(&ask.key));
        pipe.arg(format!("{}.{}", self.replica, ask.slice))
            .arg(ask.seq)
            .arg(ask.spent)
            .arg(ask.told)
            .arg(ask.out);
        pipe.arg(ask.need.min(EXACT)).arg(ask.least.min(EXACT)).arg(ask.extra.min(EXACT));
        pipe.arg(ask.limit).arg(ask.per_second).arg(ask.known).arg(ask.known_at);
        pipe.arg(LIVES.as_micros() as u64).arg(ask.keep_ms);
        pipe.arg(ask.inflow).arg(ask.inflow_had).arg(LASTS.as_micros() as u64);
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("replica", &self.replica).finish_non_exhaustive()
    }
}

async fn loaded(open: &mut MultiplexedConnection, script: &str) -> Result<String, RedisError> {
    redis::cmd("SCRIPT").arg("LOAD").arg(script).query_async(open).await
}

/// Whether a message is this replica's own.
fn is_from(push: &PushInfo, replica: &str) -> bool {
    matches!(push.data.last(), Some(Value::BulkString(who)) if who == replica.as_bytes())
}

/// The message of the server or the system, which contains no address.
fn said(error: &RedisError) -> String {
    let may_not = error.detail().is_some_and(|told| told.contains("can't run this command"));
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
    let [granted, used, held, replicas, wait, alone, wanted, now, inflow] = &parts[..] else {
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
        inflow: decimal(inflow)?,
    })
}

const SHARE: &str = include_str!("share.lua");
const NEWS: &str = include_str!("news.lua");
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// The script counts in numbers that are whole up to here.
const EXACT: u64 = 1 << 53;
