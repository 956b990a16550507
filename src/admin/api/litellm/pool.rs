//! The target for deployments of one name: finds, adds, changes and removes its providers.

use serde_json::{Map, Value, json};

use crate::{
    admin::api::{
        change::edited,
        denied::Denied,
        single,
        targets::{self, COMPLETIONS, DEFAULT},
    },
    config::{
        Path,
        edit::{Change, Document},
    },
    secret::names::label,
};

/// A provider in the file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) alias: String,
    /// Its `name`, or its host.
    pub(super) id: String,
    pub(super) path: Path,
    pub(super) members: Value,
    /// The pool whose only provider it is: its target, or the pool of one class.
    only_of: Option<Path>,
}

/// Every provider of the file.
pub(super) fn all(document: &Document) -> Vec<Found> {
    let mut all = Vec::new();
    for alias in document.keys(&Path::root().key("targets")) {
        let target = targets::of(&alias);
        let written = document.value(&target).unwrap_or_default();
        match written.get("pools") {
            None => all.extend(of_pool(&alias, written, &target)),
            Some(pools) => {
                for class in [DEFAULT, COMPLETIONS] {
                    let Some(pool) = pools.get(class) else { continue };
                    let place = target.key("pools").key(class);
                    all.extend(of_pool(&alias, pool.clone(), &place));
                }
            }
        }
    }
    all
}

/// The providers of a pool, in each of its spellings.
fn of_pool(alias: &str, mut written: Value, place: &Path) -> Vec<Found> {
    let found = |path: Path, members: Value, is_only: bool| Found {
        alias: alias.to_owned(),
        id: id(&members),
        path,
        members,
        only_of: is_only.then(|| place.clone()),
    };
    let (list, entries) = match written.get_mut("providers").map(Value::take) {
        Some(Value::Array(entries)) => (place.key("providers"), entries),
        _ => match written {
            Value::Array(entries) => (place.clone(), entries),
            single => return vec![found(place.clone(), single, true)],
        },
    };
    let is_only = entries.len() == 1;
    let each = entries.into_iter().enumerate();
    each.map(|(at, members)| found(list.index(at), members, is_only)).collect()
}

/// The provider with an id, which must be unique.
pub(super) fn find(document: &Document, id: &str) -> Result<Found, Denied> {
    let mut found = all(document).into_iter().filter(|found| found.id == id);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Denied::Absent(format!("there is no model with the id `{}`", label(id)))),
        _ => {
            let message = "several providers have this name: use `/admin/providers/ALIAS/NAME`";
            Err(Denied::invalid(message, Some("id".to_owned())))
        }
    }
}

/// A name that no provider of the file has.
pub(super) fn free_name(document: &Document, wanted: &str) -> String {
    let all = all(document);
    let is_free = |name: &str| all.iter().all(|found| found.id != name);
    if is_free(wanted) {
        return wanted.to_owned();
    }
    let numbered = (2..).map(|number: u32| format!("{wanted}-{number}"));
    numbered.into_iter().find(|name| is_free(name)).unwrap_or_default()
}

/// The document with another provider in a target.
pub(super) fn added(
    document: &Document,
    alias: &str,
    provider: Map<String, Value>,
) -> Result<String, Denied> {
    let path = targets::of(alias);
    let is_weighted = provider.contains_key("weight");
    let target = match document.value(&path) {
        None => {
            targets::nameable(alias)?;
            fresh(provider, is_weighted)
        }
        Some(Value::Array(mut entries)) => {
            entries.push(provider.into());
            let mut target = shell(is_weighted);
            target.insert("providers".into(), entries.into());
            target
        }
        Some(Value::Object(mut target)) => {
            match target.get_mut("providers") {
                Some(Value::Array(entries)) => entries.push(provider.into()),
                _ => target = joined(target, provider, is_weighted),
            }
            // A weight means that the traffic is shared.
            if is_weighted && target.get("strategy").is_some_and(|it| it == IN_ORDER) {
                target.insert("strategy".into(), BY_WEIGHT.into());
            }
            target
        }
        Some(_) => return Err(targets::absent(alias)),
    };
    edited(document, &path, Change::Set(&target.into()))
}

/// The document without a provider, and without its pool where it was the only one.
pub(super) fn removed(document: &Document, found: &Found) -> Result<String, Denied> {
    edited(document, found.only_of.as_ref().unwrap_or(&found.path), Change::Remove)
}

fn fresh(provider: Map<String, Value>, is_weighted: bool) -> Map<String, Value> {
    let mut target = shell(is_weighted);
    target.insert("providers".into(), vec![Value::Object(provider)].into());
    target
}

/// The keys beside the providers: strategy by order or weight, with fallback.
fn shell(is_weighted: bool) -> Map<String, Value> {
    let strategy = if is_weighted { BY_WEIGHT } else { IN_ORDER };
    Map::from_iter([
        ("strategy".to_owned(), strategy.into()),
        ("fallback".to_owned(), json!({"enabled": true, "on_rate_limit": true})),
    ])
}

/// Turns a target with one provider into a pool of two; keys of the pool stay in place.
fn joined(
    single: Map<String, Value>,
    second: Map<String, Value>,
    is_weighted: bool,
) -> Map<String, Value> {
    let (mut target, first) = single::apart(single);
    for (key, value) in shell(is_weighted) {
        target.entry(key).or_insert(value);
    }
    let providers = [first, second].map(Value::Object).to_vec();
    target.insert("providers".into(), providers.into());
    target
}

fn id(members: &Value) -> String {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    let url = text("url").unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
    text("name").unwrap_or(host).to_owned()
}

const IN_ORDER: &str = "priority";
const BY_WEIGHT: &str = "weighted_random";
