//! `onwards serve`: one thread for each core, one for the file and one for the operations port;
//! then the shutdown.

mod access_log;
mod arguments;
mod descriptors;
mod listen;
mod memory;
mod reports;
mod spans;

use std::{
    process::ExitCode,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

pub(super) use self::arguments::Arguments;
use self::{
    arguments::Entrance,
    listen::{Listeners, Listening},
    reports::Reports,
};
use super::{
    log::{self, Log},
    terminal,
};
use crate::{
    admin::{self, AdminKey, status::Sources},
    gateway::Gateway,
    live::{Meters, Retries},
    moment,
    reload::{Handle, Hint, Hints, Latest, Loader},
    report::{access_log::Queue, alerts},
    secret::names::label,
    serve::{
        Context, Stage,
        connection::{self, Timeouts},
        outages, routes,
    },
    store::Keeper,
    table::{Access, Place, Pool, Table},
    upstream::{client::Client, identity::Identities, probe},
};

type Failure = Box<dyn std::error::Error>;

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let log = log::start(arguments.log_format);
    match serve_and_keep(arguments, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&format!("onwards: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves. What must outlive the process is written however it ends.
fn serve_and_keep(arguments: &Arguments, log: &Log) -> Result<(), Failure> {
    onwards_heap::keep_end();
    let meters = Meters::new(&arguments.metrics_prefix)
        .map_err(|_| "--metrics-prefix: use letters, digits and underscores")?;
    let keeper = Keeper::new(Arc::clone(&meters));
    let result = serve(arguments, log, meters, &keeper);
    keeper.close();
    result
}

fn serve(
    arguments: &Arguments,
    log: &Log,
    meters: Arc<Meters>,
    keeper: &Arc<Keeper>,
) -> Result<(), Failure> {
    let targets = arguments.targets()?;
    let admin_key = AdminKey::configured(arguments.admin_key_file.as_deref())?;
    let (ask, hints) = Hints::new();
    let loader = Loader::new(targets, Arc::clone(&meters)).keeping(Arc::clone(keeper));
    let latest = loader.latest();
    let (table, serves) = loader.start(hints, arguments.watch)?;
    let table = table.map_err(|problems| problems.rendered())?;
    descriptors::raise();
    let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the ports are open: from then on, the end is a drain.
    let signals = control.block_on(async { Signals::new() })?;
    let listeners = Listeners::bind(arguments)?;
    let Reports { all: report, feed, access_log, spans } = Reports::start(arguments, &meters)?;
    let entrance = arguments.entrance(table.tls.is_some(), listeners.port());
    announce(arguments, &table, targets, &entrance);

    let gateway = Arc::new(Gateway::new(table).below(arguments.base_path()));
    let stage = Stage::default();
    serves.send(Arc::clone(&gateway))?;

    let timeouts = arguments.timeouts();
    let retries = Retries::new(tokio::time::Instant::now());
    let identities = Arc::<Identities>::default();
    let body_limits = arguments.body_limits();
    let mut cores = Vec::new();
    for listening in listeners.proxy {
        let context = Context {
            gateway: Arc::clone(&gateway),
            client: Client::new(Arc::clone(&identities)),
            retries: Arc::clone(&retries),
            report: Arc::clone(&report),
            sampling: spans.sampling(),
            body_limits: body_limits.clone(),
            stage: stage.for_core(),
            routes: routes::router(Arc::clone(&gateway), stage.clone()),
        };
        cores.push(core(context, listening, timeouts)?);
    }
    control.block_on(async {
        start_background(&gateway, &meters, &latest, identities);
        if let Some(listener) = listeners.admin {
            let listener = connection::Listener::tcp(listener)?;
            let handle = Handle::new(ask.clone(), Arc::clone(&latest));
            let sources = Sources { gateway, meters, feed, latest, stage: stage.clone() };
            tokio::spawn(admin::listen(sources, admin_key, handle, listener, timeouts));
        }
        let access_log = access_log.as_ref().map(|it| &*it.queue);
        until_stopped(signals, arguments, &stage, &ask, access_log, log).await;
        Ok::<_, Failure>(())
    })?;
    drop(listeners.paths);
    join(cores);
    spans.stop();
    Ok(())
}

/// Starts one core: a thread with its own runtime, listeners and upstream connections.
fn core(
    context: Context,
    listening: Vec<Listening>,
    timeouts: Timeouts,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("core".into()).spawn(move || {
        onwards_heap::keep_blocks();
        runtime.block_on(async move {
            match listening.into_iter().map(Listening::start).collect() {
                Ok(listeners) => Arc::new(context).listen(listeners, timeouts).await,
                Err(error) => tracing::error!(%error, "a core cannot listen"),
            }
        });
        // Drops what was cut off, and with it the records: they are logged and charged.
        runtime.shutdown_timeout(Duration::ZERO);
    })
}

/// Waits for the cores, which end a moment after the last request. One that hangs is left behind.
fn join(cores: Vec<JoinHandle<()>>) {
    let hangs_at = Instant::now() + HANGS;
    for core in cores {
        while !core.is_finished() && Instant::now() < hangs_at {
            thread::sleep(Duration::from_millis(5));
        }
        if core.is_finished() {
            drop(core.join());
        }
    }
}

/// Starts the background work: probes, alerts, and giving memory back.
fn start_background(
    gateway: &Arc<Gateway>,
    meters: &Arc<Meters>,
    latest: &Arc<Latest>,
    identities: Arc<Identities>,
) {
    let (probed, counted) = (Arc::clone(gateway), Arc::clone(meters));
    tokio::spawn(async move {
        probe::follow(move || probed.snapshot(), counted, identities).await;
    });
    let latest = Arc::clone(latest);
    tokio::spawn(alerts::follow(alerts::Sources {
        gateway: Arc::clone(gateway),
        meters: Arc::clone(meters),
        problems: Box::new(move || latest.loads().problems),
    }));
    tokio::spawn(look_after());
}

/// Looks after what changes with time: memory to give back, outages to log, a clock that was set.
async fn look_after() {
    let mut beat = tokio::time::interval(LOOK);
    beat.tick().await;
    onwards_heap::give_back_code();
    loop {
        beat.tick().await;
        onwards_heap::give_back_pages();
        outages::tell();
        if let Some(secs) = moment::follow() {
            tracing::warn!(
                secs,
                "the clock was set: calendar periods end by it from the next one on"
            );
        }
    }
}

/// Waits until the process is told to stop, and drains.
async fn until_stopped(
    mut signals: Signals,
    arguments: &Arguments,
    stage: &Stage,
    ask: &std::sync::mpsc::Sender<Hint>,
    access_log: Option<&Queue>,
    log: &Log,
) {
    loop {
        match signals.next().await {
            Wish::Reload => {
                let _ = ask.send(Hint::Asked);
            }
            Wish::Reopen => {}
            Wish::NextLevel => {
                log.next_level();
                continue;
            }
            Wish::End => break,
        }
        if let Some(access_log) = access_log {
            access_log.reopen();
        }
    }
    tracing::info!(drain = ?arguments.drain, "shutting down; requests in flight may finish");
    let shut_down = stage.shut_down(arguments.drain_delay, arguments.drain);
    tokio::select! {
        drained = shut_down => {
            if !drained {
                tracing::warn!("the drain time is over; requests still in flight are cut off");
            }
        }
        () = signals.second_end() => stage.end(),
    }
}

/// What a signal asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    /// Reload the configuration and reopen the access log.
    Reload,
    /// Reopen the access log.
    Reopen,
    /// Set the next log level.
    NextLevel,
    End,
}

struct Signals {
    hang_up: Signal,
    user_1: Signal,
    user_2: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.hang_up.recv() => Wish::Reload,
            _ = self.user_1.recv() => Wish::Reopen,
            _ = self.user_2.recv() => Wish::NextLevel,
            _ = self.terminate.recv() => Wish::End,
            _ = self.interrupt.recv() => Wish::End,
        }
    }

    /// Waits for another signal to stop, which ends the drain at once.
    async fn second_end(&mut self) {
        while self.next().await != Wish::End {}
    }
}

/// Announces the start: with an example on a terminal, as one log line otherwise.
fn announce(arguments: &Arguments, table: &Table, targets: &std::path::Path, entrance: &Entrance) {
    if arguments.log_format == log::Format::Json {
        let (version, aliases) = (env!("CARGO_PKG_VERSION"), table.aliases().len());
        let (file, url) = (targets.display(), &entrance.shown);
        let hash = &*table.hash;
        return tracing::info!(version, aliases, %file, %url, hash, "started");
    }
    let welcome = welcome(table, entrance);
    match arguments.access_log {
        // Standard output carries only the access log.
        arguments::AccessLogTo::Stdout => terminal::complain(&welcome),
        _ => terminal::say(&welcome),
    }
}

/// The text printed at the start: the address and an example request.
fn welcome(table: &Table, entrance: &Entrance) -> String {
    let offline = |pool: &Pool| {
        pool.providers.iter().any(|provider| matches!(provider.place, Place::Mock(_)))
    };
    let pools = table.aliases();
    let Entrance { shown, curl } = entrance;
    // A client cannot ask for a pattern by its name.
    let named = || pools.iter().filter(|pool| !pool.alias.contains('*'));
    let is_open = |pool: &Pool| matches!(pool.access, Access::Open);
    // The first alias with the lowest rank.
    let best = named().rev().max_by_key(|pool| (is_open(pool), offline(pool)));
    let alias = best.map_or("gpt-4".into(), |pool| label(&pool.alias));
    let key = match best {
        Some(pool) if !is_open(pool) => " -H 'authorization: Bearer YOUR_KEY'",
        _ => "",
    };
    let body =
        serde_json::json!({"model": alias, "messages": [{"role": "user", "content": "Hello"}]});
    format!(
        "onwards serves {} on {shown}\n\nTry it:\n\n  curl -i {curl}/v1/chat/completions \\\n    \
         -H 'content-type: application/json'{key} \\\n    -d '{body}'\n",
        terminal::aliases(pools.len())
    )
}

const LOOK: Duration = Duration::from_secs(10);
/// A core that has not ended after this time hangs.
const HANGS: Duration = Duration::from_secs(2);
