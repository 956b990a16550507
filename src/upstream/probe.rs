//! Asking providers how they are, in between requests: one task for each provider that is probed,
//! for as long as the live table names it.
//!
//! It never asks for anything that costs tokens: `GET` on a path of the file, with the provider's
//! own credential, at intervals that no two providers share.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use rand::Rng;
use tokio::{task::AbortHandle, time::sleep};

use super::{
    dial,
    identity::{Credential, Identities},
    names::{Names, Resolver},
};
use crate::{
    live::{self, Meters, ProviderMeters},
    secret::names::label,
    table::{Place, Pool, Probe, Provider, Table, identity::Identity},
};

/// Follows the live table for ever. The error is a TLS set-up that cannot be.
pub(crate) async fn follow(
    current: impl Fn() -> Arc<Table>,
    meters: Arc<Meters>,
    identities: Arc<Identities>,
) -> Result<(), reqwest::Error> {
    // Built when the first pool asks for probes: certificates take memory that most need not.
    let mut client = None;
    let mut probers = HashMap::new();
    // Held weakly, so that no later table can be taken for it.
    let mut seen = Weak::new();
    loop {
        let table = current();
        let which = Arc::downgrade(&table);
        if !which.ptr_eq(&seen) {
            if client.is_none()
                && table.pools().iter().flat_map(each).any(|(_, one)| one.probe.is_some())
            {
                client = Some(self::client()?);
            }
            if let Some(client) = &client {
                probers = reconcile(probers, &table, client, &meters, &identities);
            }
            seen = which;
        }
        drop(table);
        sleep(LOOK).await;
    }
}

/// What a task was begun for: with any of it changed, it is another task.
#[derive(PartialEq, Eq, Hash)]
struct Subject {
    state: usize,
    alias: Box<str>,
    name: Box<str>,
    url: String,
    probe: Probe,
    /// Compared and never shown: they hold credentials.
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A task that ends when its handle is dropped.
struct Prober(AbortHandle);

impl Drop for Prober {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn reconcile(
    mut running: HashMap<Subject, Prober>,
    table: &Table,
    client: &reqwest::Client,
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
            url: format!("{}{}", origin.uri.to_string().trim_end_matches('/'), probe.path),
            probe: probe.clone(),
            headers: headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        };
        let prober = running.remove(&subject).unwrap_or_else(|| {
            let task = Task {
                client: client.clone(),
                meters: Arc::clone(meters),
                live: Arc::clone(&provider.live),
                _series: Arc::clone(&provider.meters),
                headers,
                identity: provider.identity.clone(),
                identities: Arc::clone(identities),
                alias: pool.alias.clone(),
                name: provider.name.clone(),
                url: subject.url.clone(),
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
    client: reqwest::Client,
    meters: Arc<Meters>,
    live: Arc<live::Provider>,
    /// Held so that the series of this name are kept for as long as a probe can count in them.
    _series: Arc<ProviderMeters>,
    headers: HeaderMap,
    /// Where its credential is fetched from, if it is not among the headers.
    identity: Option<Arc<Identity>>,
    identities: Arc<Identities>,
    alias: Box<str>,
    name: Box<str>,
    url: String,
    probe: Probe,
}

impl Task {
    async fn run(self) {
        // Not all at once when a file is loaded, and not in step ever after.
        let first = self.probe.interval.min(LONGEST_FIRST);
        sleep(first.mul_f64(drawn(0.0, 1.0))).await;
        loop {
            let began = Instant::now();
            let problem = self.ask().await.err();
            self.note(problem);
            let interval = self.probe.interval.mul_f64(drawn(0.9, 1.1));
            sleep(interval.saturating_sub(began.elapsed())).await;
        }
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
        let request = self.client.get(&self.url).headers(headers);
        let sent = request.timeout(self.probe.timeout).send().await;
        let answer = sent.map_err(|error| dial::causes(&error.without_url()))?;
        let status = answer.status();
        let good = match self.probe.expects {
            Some(expected) => status.as_u16() == expected,
            None => status.is_success(),
        };
        if good { Ok(()) } else { Err(format!("answered {status}")) }
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

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .use_preconfigured_tls(dial::tls_config())
        .dns_resolver(Arc::new(Resolver(Names::of_process())))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(1)
        .build()
}

/// How often the live table is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// The first probe comes within this time, however long the interval.
const LONGEST_FIRST: Duration = Duration::from_secs(5);
