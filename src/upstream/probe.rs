//! Active probes: one task for each probed provider, as long as the live table has it.
//!
//! A probe costs no tokens: it is a `GET` on a configured path with the provider's credential, at
//! intervals that no two providers share.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use rand::Rng;
use tokio::{task::AbortHandle, time::sleep};

use super::{
    client::{Client, SendError},
    dial::DialError,
    identity::{Credential, Identities},
    request,
};
use crate::{
    body::{Pieces, PiecesBody},
    live::{self, Meters, ProviderMeters},
    secret::names::label,
    table::{Origin, Place, Pool, Probe, Provider, Table, identity::Identity},
};

/// Follows the live table.
pub(crate) async fn follow(
    current: impl Fn() -> Arc<Table>,
    meters: Arc<Meters>,
    identities: Arc<Identities>,
) {
    // Probes have their own connections, separate from those of the cores.
    let client = Arc::new(Client::default());
    let mut probers = HashMap::new();
    // A weak reference, so that no later table can have the same address.
    let mut seen = Weak::new();
    loop {
        let table = current();
        let which = Arc::downgrade(&table);
        if !which.ptr_eq(&seen) {
            probers = reconcile(probers, &table, &client, &meters, &identities);
            seen = which;
        }
        drop(table);
        client.sweep().await;
        sleep(LOOK).await;
    }
}

/// What defines a task; if any of it changes, another task starts.
#[derive(PartialEq, Eq, Hash)]
struct Subject {
    state: usize,
    alias: Box<str>,
    name: Box<str>,
    /// By its number.
    origin: u32,
    probe: Probe,
    /// Compared and never shown, since they hold credentials.
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A task that ends when this is dropped.
struct Prober(AbortHandle);

impl Drop for Prober {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn reconcile(
    mut running: HashMap<Subject, Prober>,
    table: &Table,
    client: &Arc<Client>,
    meters: &Arc<Meters>,
    identities: &Arc<Identities>,
) -> HashMap<Subject, Prober> {
    let mut wanted = HashMap::new();
    for (pool, provider) in table.pools().iter().flat_map(each) {
        let (Some(probe), Place::Wire { origin, .. }) = (&provider.probe, &provider.place) else {
            continue;
        };
        let headers = headers(provider);
        let subject = Subject {
            state: Arc::as_ptr(&provider.live) as usize,
            alias: pool.alias.clone(),
            name: provider.name.clone(),
            origin: origin.id.get(),
            probe: probe.clone(),
            headers: headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        };
        let prober = running.remove(&subject).unwrap_or_else(|| {
            let task = Task {
                client: Arc::clone(client),
                meters: Arc::clone(meters),
                live: Arc::clone(&provider.live),
                _series: Arc::clone(&provider.meters),
                headers,
                identity: provider.identity.clone(),
                identities: Arc::clone(identities),
                alias: pool.alias.clone(),
                name: provider.name.clone(),
                origin: Arc::clone(origin),
                probe: probe.clone(),
            };
            Prober(tokio::spawn(task.run()).abort_handle())
        });
        wanted.insert(subject, prober);
    }
    wanted
}

fn each(pool: &Arc<Pool>) -> impl Iterator<Item = (&Pool, &Provider)> {
    pool.providers.iter().map(move |provider| (&**pool, provider))
}

/// One provider's prober.
struct Task {
    client: Arc<Client>,
    meters: Arc<Meters>,
    live: Arc<live::Provider>,
    /// Keeps the series of this name alive while probes count in them.
    _series: Arc<ProviderMeters>,
    headers: HeaderMap,
    /// The source of its credential, if it is not among the headers.
    identity: Option<Arc<Identity>>,
    identities: Arc<Identities>,
    alias: Box<str>,
    name: Box<str>,
    origin: Arc<Origin>,
    probe: Probe,
}

impl Task {
    async fn run(self) {
        // Spreads probes, so that they do not start together and stay apart.
        let first = self.probe.interval.min(LONGEST_FIRST);
        sleep(first.mul_f64(drawn(0.0, 1.0))).await;
        loop {
            let began = Instant::now();
            if self.live.has_turn(self.turn()).await {
                let problem = self.ask().await.err();
                self.note(problem);
            }
            let interval = self.probe.interval.mul_f64(drawn(0.9, 1.1));
            sleep(interval.saturating_sub(began.elapsed())).await;
        }
    }

    /// With several replicas one probes, until it is silent for this long.
    fn turn(&self) -> Duration {
        self.probe.interval.mul_f64(1.5) + self.probe.timeout
    }

    async fn ask(&self) -> Result<(), String> {
        let mut headers = self.headers.clone();
        if let Some(whose) = &self.identity {
            let fetched = self.identities.credential(whose).await;
            let fetched = fetched.map_err(|why| format!("no credential: {}", why.cause))?;
            if let Credential::Bearer(value) = &*fetched {
                headers.entry(header::AUTHORIZATION).or_insert_with(|| value.clone());
            }
        }
        let asked = tokio::time::timeout(self.probe.timeout, self.send(&headers)).await;
        let status = asked.map_err(|_| "no answer in time".to_owned())??;
        let good = match self.probe.expects {
            Some(expected) => status.as_u16() == expected,
            None => status.is_success(),
        };
        if good { Ok(()) } else { Err(format!("answered {status}")) }
    }

    /// Sends the probe, once more if the connection was stale, and reads only the head.
    async fn send(&self, headers: &HeaderMap) -> Result<http::StatusCode, String> {
        let mut fresh = false;
        loop {
            let lease =
                self.client.lease(&self.origin, fresh).await.map_err(|error| match error {
                    DialError::Timeout => "no connection in time".to_owned(),
                    DialError::Unreached(unreached) => unreached.cause,
                })?;
            let request = self.request(headers.clone(), lease.is_http2());
            let request = request.map_err(|error| error.to_string())?;
            match lease.send(request, tokio::time::Instant::now()).await {
                Ok(answer) => return Ok(answer.status()),
                Err(SendError::Unsent | SendError::Stale) if !fresh => fresh = true,
                Err(SendError::Unsent | SendError::Stale) => {
                    return Err("broke off before an answer".to_owned());
                }
                Err(
                    SendError::BrokenOff(cause)
                    | SendError::Late(cause)
                    | SendError::Malformed(cause),
                ) => return Err(cause),
            }
        }
    }

    fn request(&self, headers: HeaderMap, http2: bool) -> Result<Request<PiecesBody>, http::Error> {
        let mut uri = Uri::builder().path_and_query(&*self.probe.path);
        if http2 {
            uri = uri.scheme(self.origin.uri.scheme_str().unwrap_or("https"));
            uri = uri.authority(self.origin.host.as_bytes());
        }
        let mut request = Request::new(PiecesBody::from(Pieces::new()));
        *request.uri_mut() = uri.build()?;
        *request.headers_mut() = headers;
        let accept = HeaderValue::from_static("*/*");
        request.headers_mut().entry(header::ACCEPT).or_insert(accept);
        if http2 {
            *request.version_mut() = http::Version::HTTP_2;
        } else {
            request.headers_mut().insert(header::HOST, self.origin.host.clone());
        }
        let forwards = self.origin.route.as_ref().filter(|route| route.forwards);
        Ok(match forwards {
            None => request,
            Some(route) => request::forwarded(request, &self.origin, route),
        })
    }

    fn note(&self, problem: Option<String>) {
        let result = if problem.is_none() { "good" } else { "bad" };
        self.meters.health.probes.with_label_values(&[&*self.alias, &*self.name, result]).inc();
        let now = tokio::time::Instant::now();
        let changed = self.live.probed(problem.is_none(), now);
        let (alias, provider) = (label(&self.alias), label(&self.name));
        let cause = problem.unwrap_or_default();
        match changed {
            Some(true) => tracing::info!(%alias, %provider, "healthy again, as its probes say"),
            Some(false) => {
                tracing::warn!(%alias, %provider, cause, "{}", self.live.state(now));
            }
            None if !cause.is_empty() => {
                tracing::debug!(%alias, %provider, cause, "a probe failed");
            }
            None => {}
        }
    }
}

fn drawn(least: f64, most: f64) -> f64 {
    rand::rng().random_range(least..most)
}

fn headers(provider: &Provider) -> HeaderMap<HeaderValue> {
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = &provider.credential {
        headers.insert(name, value.clone());
    }
    super::headers::set(&mut headers, &provider.request_headers);
    headers
}

/// How often the live table is checked.
const LOOK: Duration = Duration::from_millis(500);
/// The first probe comes within this time, whatever the interval.
const LONGEST_FIRST: Duration = Duration::from_secs(5);
