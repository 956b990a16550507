//! Compiles the file into the table; the only module that knows both. It gives every absent key its
//! meaning and parses everything that a request would otherwise parse.
//!
//! It reports all problems, not only the first; a file with problems changes nothing.

mod access;
mod alerts;
mod aws;
mod classes;
mod cors;
mod endpoints;
mod fallback;
mod gcp;
mod guardrails;
mod headers;
mod health;
mod identity;
mod limits;
mod pool;
mod prices;
mod reasoning;
mod provider;
mod names;
mod paths;
mod reach;
mod route;
mod shared;
mod spelled;
mod state;
mod steering;
mod terms;
mod tls;
mod warnings;
mod webhook;

pub(crate) use warnings::warnings;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{HashKey, IdlePool, Keyring, Pool, PoolId, Table, environment, prices::Prices};
use crate::{
    config::{Loaded, Path, Problem, Problems, Source, path::shown, raw},
    guard::Rules,
    live::{Draft, Registry},
    protocol::Protocol,
};

/// Compiles a file. State that outlives reloads comes from `registry`, which stays unchanged if
/// there are problems.
///
/// # Errors
/// Every problem that the shape of the file does not show.
pub fn compile(
    loaded: &Loaded,
    registry: &Registry,
    hash_key: &HashKey,
    created: u64,
) -> Result<Table, Problems> {
    compile_kept(loaded, registry, hash_key, created, &|_| Ok(()))
}

/// Compiles a file. `keep` loads persisted levels before the state of the draft enters the
/// registry.
///
/// # Errors
/// Every problem that the shape of the file does not show, or why levels cannot be stored.
pub(crate) fn compile_kept(
    loaded: &Loaded,
    registry: &Registry,
    hash_key: &HashKey,
    created: u64,
    keep: &dyn Fn(&Draft<'_>) -> Result<(), Problems>,
) -> Result<Table, Problems> {
    let mut compiler = Compiler::new(loaded, registry);
    let (pools, keyring) = compiler.file(loaded, hash_key);
    let names = compiler.names(&loaded.file);
    let alerts = compiler.alerts(loaded.file.alerts.as_deref());
    let cors = compiler.cors(loaded.file.cors.as_ref());
    let tls = compiler.tls(loaded.certificates.as_ref());
    if !compiler.problems.is_empty() {
        return Err(compiler.problems.into());
    }
    keep(&compiler.draft)?;
    compiler.draft.commit();
    let hash = loaded.source.sha256().into();
    Ok(Table {
        pools,
        by_alias: compiler.aliases,
        names,
        paths: compiler.paths,
        keyring,
        has_guardrails: compiler.has_guardrails,
        webhooks: compiler.webhooks,
        alerts,
        is_shared: loaded.file.store.as_ref().is_some_and(raw::Store::is_shared),
        cors,
        headers: loaded.file.headers.unwrap_or_default(),
        tls,
        hash,
        created,
    })
}

/// The problems in the valid part of a file that has other problems.
pub fn problems(loaded: &Loaded, registry: &Registry) -> Vec<Problem> {
    let mut compiler = Compiler::new(loaded, registry);
    compiler.file(loaded, &HashKey::random());
    compiler.names(&loaded.file);
    compiler.alerts(loaded.file.alerts.as_deref());
    compiler.cors(loaded.file.cors.as_ref());
    compiler.tls(loaded.certificates.as_ref());
    compiler.problems
}

/// A compilation in progress.
struct Compiler<'a> {
    source: &'a Source,
    defaults: &'a raw::PoolKeys,
    idle_pool: IdlePool,
    prices: Prices,
    strict_mode: bool,
    aliases: HashMap<Box<str>, PoolId>,
    draft: Draft<'a>,
    shared: shared::Shared,
    problems: Vec<Problem>,
    /// Whether some key or team limits tokens or money.
    counts: bool,
    /// The guardrails of the file, and their names, including those with problems.
    rules: Rules,
    written_rules: HashSet<&'a str>,
    /// The services that guardrails call, by index.
    webhooks: Vec<super::webhook::Webhook>,
    /// Whether anything uses a guardrail.
    has_guardrails: bool,
    /// Additional names, by their target.
    further: HashMap<&'a str, Vec<&'a str>>,
    /// The target for names that match no target and no pattern.
    default: Option<PoolId>,
    /// The paths of targets.
    paths: super::paths::Paths,
    /// The names of definitions that a literal token almost equals, by the token's digest.
    near_names: HashMap<[u8; 32], Option<String>>,
    /// Problems in `defaults` are reported once.
    reported_defaults: bool,
    /// Whether a provider signs its tool calls, so that other providers may receive calls that they
    /// refuse.
    proves_calls: bool,
    /// The protocol of the first provider, and whether another provider has a different one.
    protocols: Option<(Protocol, bool)>,
}

impl<'a> Compiler<'a> {
    fn new(loaded: &'a Loaded, registry: &'a Registry) -> Self {
        static NO_DEFAULTS: std::sync::LazyLock<raw::PoolKeys> =
            std::sync::LazyLock::new(Default::default);
        let file = &loaded.file;
        let mut draft = registry.draft();
        if file.store.as_ref().is_some_and(raw::Store::is_shared) {
            draft.share_limits();
        }
        let mut further: HashMap<&str, Vec<&str>> = HashMap::new();
        for (name, meant) in file.aliases.iter().flatten() {
            further.entry(meant.as_str()).or_default().push(name.as_str());
        }
        let aliases = loaded.aliases().zip(0..).map(|(alias, at)| (alias.into(), PoolId(at)));
        Self {
            source: &loaded.source,
            defaults: file.defaults.as_ref().unwrap_or(&NO_DEFAULTS),
            idle_pool: idle_pool(file.http_pool.as_ref()),
            prices: prices::of_file(loaded),
            strict_mode: file.strict_mode.unwrap_or(false),
            aliases: aliases.collect(),
            draft,
            shared: shared::Shared::default(),
            problems: Vec::new(),
            counts: false,
            rules: Rules::new(),
            written_rules: file
                .guardrails
                .iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect(),
            webhooks: Vec::new(),
            has_guardrails: false,
            further,
            default: None,
            paths: super::paths::Paths::default(),
            near_names: HashMap::new(),
            reported_defaults: false,
            proves_calls: false,
            protocols: None,
        }
    }

    fn file(&mut self, loaded: &Loaded, hash_key: &HashKey) -> (Vec<Arc<Pool>>, Keyring) {
        for why in &environment::Environment::of_process().problems {
            self.problem(&Path::root(), why.as_str(), None);
        }
        self.rules = self.guardrails(loaded.file.guardrails.as_ref());
        let mut keyring = self.keyring(&loaded.file, hash_key);
        let aliases = loaded.aliases();
        let count = aliases.len();
        let mut pools = Vec::with_capacity(count);
        let mut of_classes = Vec::new();
        for alias in aliases {
            self.check_alias(alias);
            match loaded.with_target(alias, |target| {
                self.note_default(alias, target);
                self.note_paths(alias, target);
                self.pools(alias, target, &mut keyring)
            }) {
                Some((pool, completions)) => {
                    let place = PoolId(pools.len() as u32);
                    of_classes.extend(completions.map(|pool| (place, pool)));
                    pools.push(Arc::new(pool));
                }
                None => {
                    let path = Path::root().key("targets").key(alias);
                    self.problem(&path, "this target does not match the schema", None);
                }
            }
        }
        if pools.len() == count {
            Self::append(&mut pools, of_classes);
            self.chain(&mut pools);
            reach::note(&mut pools);
        }
        let several = self.protocols.is_some_and(|(_, several)| several);
        if self.proves_calls || several {
            let pools = pools.iter_mut().filter_map(Arc::get_mut);
            let providers = pools.flat_map(|pool| &mut pool.providers);
            providers.for_each(|provider| provider.meets_others(several, self.proves_calls));
        }
        (pools, keyring)
    }

    /// The name is shown as written, so that a reference is not replaced by its value.
    fn no_such_alias(&mut self, path: &Path, near: Option<String>) {
        let hint = near.map(|near| format!("did you mean `{}`?", shown(&near)));
        let message = match self.source.text_at(path) {
            Some(name) => format!("there is no alias `{}`", shown(&name)),
            None => "there is no such alias".to_owned(),
        };
        self.problem(path, message, hint);
    }

    fn problem(&mut self, path: &Path, message: impl Into<String>, hint: Option<String>) {
        let settled = self.source.settled(path);
        let problem = self.source.problem(&settled, message, hint);
        // Keys beside `pools` are read for each of the pools.
        let is_known =
            |other: &Problem| (&other.path, &other.message) == (&settled, &problem.message);
        if settled == *path || !self.problems.iter().any(is_known) {
            self.problems.push(problem);
        }
    }
}

fn idle_pool(raw: Option<&raw::HttpPool>) -> IdlePool {
    let max = raw.and_then(|pool| pool.max_idle_per_host).unwrap_or(MAX_IDLE_PER_HOST);
    let secs = raw.and_then(|pool| pool.idle_timeout_secs).unwrap_or(IDLE_TIMEOUT_SECS);
    let age = raw.and_then(|pool| pool.max_age_secs).unwrap_or(MAX_AGE_SECS);
    IdlePool {
        max_idle_per_host: max as usize,
        idle_timeout: Duration::from_secs(secs),
        max_age: Duration::from_secs(age),
    }
}

const MAX_IDLE_PER_HOST: u32 = 100;
const IDLE_TIMEOUT_SECS: u64 = 90;
const MAX_AGE_SECS: u64 = 300;
