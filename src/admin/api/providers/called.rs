//! Finds a provider by its name, or by its host if it has none, in the pools of its alias. Equal
//! names are numbered: `HOST-1`, `HOST-2`.
//!
//! An ambiguous name is refused.

use serde_json::Value;

use crate::{
    admin::api::{
        asked::Asked,
        denied::Denied,
        targets::{self, COMPLETIONS, DEFAULT},
    },
    config::{Path, edit::Document},
    secret::names::label,
    table::{Pool, Provider, Table},
};

/// The alias, the name and what is found of them. Of several readings of the path that name a
/// provider, none is taken.
pub(super) fn only<T>(
    asked: &Asked,
    find: impl Fn(&str, &str) -> Result<T, Denied>,
) -> Result<(String, String, T), Denied> {
    let (mut found, mut absent) = (Vec::new(), None);
    for (alias, name) in asked.pairs() {
        match find(alias, name) {
            Ok(it) => found.push((alias.to_owned(), name.to_owned(), it)),
            Err(denied @ Denied::Absent(_)) => absent = absent.or(Some(denied)),
            Err(denied) => return Err(denied),
        }
    }
    if found.len() > 1 {
        let escaped = |name: &str| label(&name.replace('/', "%2F")).to_string();
        let all = found.iter().map(|(alias, name, _)| (escaped(alias), escaped(name)));
        let all: Vec<String> = all.map(|(alias, name)| format!("`{alias}/{name}`")).collect();
        let all = all.join(" and ");
        return Err(Denied::Ambiguous(format!("{all} are providers: write one of these")));
    }
    found.pop().ok_or_else(|| absent.unwrap_or(Denied::NoRoute))
}

/// The pools of an alias, one for each class of requests; `ALIAS/default` and `ALIAS/completions`
/// name one.
pub(super) fn pools<'t>(table: &'t Table, alias: &str) -> Result<Vec<&'t Pool>, Denied> {
    let named = |alias: &str| {
        let first = table.aliases().iter().find(|pool| *pool.alias == *alias)?;
        Some((&**first, first.completions.map(|id| &**table.pool(id))))
    };
    if let Some((first, completions)) = named(alias) {
        return Ok(std::iter::once(first).chain(completions).collect());
    }
    let of_class = alias.rsplit_once('/').and_then(|(alias, class)| {
        let (first, completions) = named(alias)?;
        let completions = completions?;
        match class {
            DEFAULT => Some(first),
            COMPLETIONS => Some(completions),
            _ => None,
        }
    });
    of_class.map(|pool| vec![pool]).ok_or_else(|| targets::absent(alias))
}

/// The provider of a pool with this name.
pub(super) fn provider<'t>(pool: &'t Pool, name: &str) -> Result<Option<&'t Provider>, Denied> {
    let called = |name: &str| -> Vec<&'t Provider> {
        let is_it = |it: &&Provider| **it.called.as_ref().unwrap_or(&it.name) == *name;
        pool.providers.iter().filter(is_it).collect()
    };
    let all = called(name);
    match all[..] {
        [only] => return Ok(Some(only)),
        [_, _, ..] => return Err(ambiguous(pool.shown(), name, all.len())),
        [] => {}
    }
    let exact = pool.providers.iter().find(|it| *it.name == *name);
    Ok(exact.or_else(|| {
        let (name, nth) = numbered(name)?;
        let all = called(name);
        all.get(nth).copied().filter(|_| all.len() > 1)
    }))
}

/// The place of a provider in the file.
pub(super) fn place(document: &Document, alias: &str, name: &str) -> Result<Path, Denied> {
    let pools = written(document, alias)?;
    let mut found = Vec::new();
    for (pool, entries) in &pools {
        found.extend(entry(alias, entries, name)?.map(|path| (pool, path)));
    }
    match found.len() {
        0 => Err(absent(alias, name)),
        1 => found.pop().map(|(_, path)| path).ok_or_else(|| absent(alias, name)),
        _ => {
            let alias = label(alias);
            let pools: Vec<String> =
                found.iter().map(|(class, _)| format!("`{alias}/{class}`")).collect();
            let pools = pools.join(" and ");
            let name = label(name);
            Err(Denied::Ambiguous(format!("both {pools} have a provider `{name}`: name the pool")))
        }
    }
}

/// A provider as written; several credentials are several providers.
struct Entry {
    path: Path,
    name: String,
    /// The host with its port, if the name is the host.
    authority: String,
}

/// The entries of each pool of an alias, by class.
fn written(document: &Document, alias: &str) -> Result<Vec<(&'static str, Vec<Entry>)>, Denied> {
    let target = targets::of(alias);
    if let Some(written) = document.value(&target) {
        let classes = [DEFAULT, COMPLETIONS].into_iter().filter_map(|class| {
            let pool = written.get("pools")?.get(class)?;
            Some((class, entries(pool, target.key("pools").key(class))))
        });
        let classes: Vec<_> = classes.collect();
        let single = || vec![(DEFAULT, entries(&written, target.clone()))];
        return Ok(if classes.is_empty() { single() } else { classes });
    }
    let of_class = targets::of_class(alias).and_then(|(alias, class)| {
        let pool = targets::of(alias).key("pools").key(class);
        Some(vec![(class, entries(&document.value(&pool)?, pool))])
    });
    of_class.ok_or_else(|| targets::absent(alias))
}

/// The entries of a pool, in each of its spellings.
fn entries(pool: &Value, path: Path) -> Vec<Entry> {
    let (list, path) = match (pool, pool.get("providers")) {
        (Value::Array(list), _) => (list.as_slice(), path),
        (_, Some(Value::Array(list))) => (list.as_slice(), path.key("providers")),
        (single, _) => return of_entry(single, path).collect(),
    };
    let each = list.iter().enumerate();
    each.flat_map(|(at, entry)| of_entry(entry, path.index(at)).collect::<Vec<_>>()).collect()
}

fn of_entry(entry: &Value, path: Path) -> impl Iterator<Item = Entry> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let url = text("url").unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default().to_owned();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => &authority,
    };
    let name = text("name").unwrap_or(host).to_owned();
    let authority = if text("name").is_some() { name.clone() } else { authority };
    let credentials = entry.get("onwards_key").and_then(Value::as_array).map_or(1, Vec::len);
    (0..credentials).map(move |_| Entry {
        path: path.clone(),
        name: name.clone(),
        authority: authority.clone(),
    })
}

/// The only entry of a pool with this name.
fn entry(alias: &str, entries: &[Entry], name: &str) -> Result<Option<Path>, Denied> {
    let called = |name: &str| -> Vec<&Entry> {
        let is_it = |it: &&Entry| !name.is_empty() && (it.name == name || it.authority == name);
        entries.iter().filter(is_it).collect()
    };
    let all = called(name);
    if let Some(first) = all.first() {
        // Several credentials of one entry are written once.
        let is_one = all.iter().all(|it| it.path == first.path);
        let path = first.path.clone();
        return if is_one {
            Ok(Some(path))
        } else {
            Err(ambiguous(&label(alias), name, all.len()))
        };
    }
    Ok(numbered(name).and_then(|(name, nth)| {
        let all = called(name);
        all.get(nth).filter(|_| all.len() > 1).map(|it| it.path.clone())
    }))
}

/// A numbered name: the name and the number.
fn numbered(name: &str) -> Option<(&str, usize)> {
    let (name, number) = name.rsplit_once('-')?;
    Some((name, number.parse::<usize>().ok()?.checked_sub(1)?))
}

fn ambiguous(alias: &str, name: &str, count: usize) -> Denied {
    let name = label(name);
    let names: Vec<String> = (1..=count).map(|nth| format!("`{name}-{nth}`")).collect();
    Denied::Ambiguous(format!(
        "{count} providers of `{alias}` have the name `{name}`: choose one of {}",
        names.join(", ")
    ))
}

/// There is no such provider.
pub(super) fn absent(alias: &str, name: &str) -> Denied {
    let (alias, name) = (label(alias), label(name));
    Denied::Absent(format!("the target `{alias}` has no provider `{name}`"))
}
