//! `/admin/keys`: named keys of callers with their usage; created, changed, rotated, blocked and
//! removed.
//!
//! A key created here is stored as its hash. Only the response that creates it shows it.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    answered::Answered,
    asked::Asked,
    change::{self, Reading, change, edited},
    context::Context,
    denied::Denied,
};
use crate::{
    admin::status::KeyTold,
    config::{
        Path,
        edit::{Change, Document},
    },
    secret::{fresh, names::label},
    table::Table,
};

/// `GET /admin/keys`.
pub(super) async fn list(context: &Context) -> Result<Answered, Denied> {
    let reading = change::read(context).await?;
    let written = reading.document.masked_value(&all()).unwrap_or_default();
    let table = context.sources.gateway.snapshot();
    let written = written.as_object().cloned().unwrap_or_default();
    let told = written.into_iter().map(|(name, definition)| told(&name, definition, &table));
    let told: Vec<Value> = told.collect();
    Ok(Answered::of(&json!({"keys": told})).at(&reading.etag))
}

/// `GET /admin/keys/{name}`.
pub(super) async fn read(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    let reading = change::read(context).await?;
    let told = told_of(context, &reading, asked.name(0))?;
    Ok(Answered::of(&told).at(&reading.etag))
}

/// A key as written, with its usage.
pub(super) fn told_of(context: &Context, reading: &Reading, name: &str) -> Result<Value, Denied> {
    let definition = reading.document.masked_value(&of(name)).ok_or_else(|| absent(name))?;
    let table = context.sources.gateway.snapshot();
    Ok(told(&label(name), definition, &table))
}

/// `PUT /admin/keys/{name}`: a definition without a key keeps the existing one or gets a new one.
pub(super) async fn put(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let (name, body) = (asked.name(0).to_owned(), object(asked)?);
    let what = format!("PUT {}", of(&name));
    let whose = Arc::clone(asked);
    let changed = change(context, asked, &what, move |document| {
        let (path, mut body) = (of(&name), Value::Object(body.clone()));
        document.unmask(&path, &mut body).map_err(Denied::NoSecret)?;
        let Value::Object(mut body) = body else { return Err(absent(&name)) };
        let old = document.value(&path);
        whose.meant_for_existing(old.is_some())?;
        let key = identified(&mut body, old.as_ref());
        let text = edited(document, &path, Change::Set(&Value::Object(body)))?;
        Ok((text, (key, old.is_none())))
    });
    let changed = changed.await?;
    let (key, is_new) = &changed.answer;
    let key = key.as_deref().filter(|_| !changed.is_dry());
    let status = if *is_new && !changed.is_dry() { StatusCode::CREATED } else { StatusCode::OK };
    Ok(changed.answered(shown_once(key)).with(status))
}

/// `PATCH /admin/keys/{name}`: a JSON Merge Patch of the definition.
pub(super) async fn patch(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let body = Value::Object(object(asked)?);
    let what = format!("PATCH {}", of(asked.name(0)));
    let changed = merge(context, asked, &what, move |_| Ok((body.clone(), ()))).await?;
    Ok(changed.answered(json!({})))
}

/// `POST /admin/keys/{name}/rotate`: replaces the key; the old one is refused from now on.
pub(super) async fn rotate(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    asked.no_body()?;
    let what = format!("rotate {}", of(asked.name(0)));
    let changed = merge(context, asked, &what, |definition| {
        if definition.get("key").is_none() && definition.get("hash").is_none() {
            let message = "this key signs with `aws`: write a new pair with PATCH";
            return Err(Denied::invalid(message, Some("aws".to_owned())));
        }
        let key = fresh::key();
        Ok((json!({"key": null, "hash": fresh::hash(&key)}), key))
    });
    let changed = changed.await?;
    let key = (!changed.is_dry()).then_some(&*changed.answer);
    Ok(changed.answered(shown_once(key)))
}

/// `POST /admin/keys/{name}/block` and `unblock`.
pub(super) async fn block(
    context: &Context,
    asked: &Arc<Asked>,
    blocks: bool,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    asked.no_body()?;
    let what = format!("{} {}", if blocks { "block" } else { "unblock" }, of(asked.name(0)));
    let patch = json!({"disabled": if blocks { Value::Bool(true) } else { Value::Null }});
    let changed = merge(context, asked, &what, move |_| Ok((patch.clone(), ()))).await?;
    Ok(changed.answered(json!({})))
}

/// `DELETE /admin/keys/{name}`.
pub(super) async fn delete(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let name = asked.name(0).to_owned();
    let what = format!("DELETE {}", of(&name));
    let changed =
        change(context, asked, &what, move |document| Ok((without(document, &name)?, ())));
    Ok(changed.await?.answered(json!({})))
}

/// The document without a key. If an alias lists it in `keys`, this is refused, because the name
/// would become a token for the alias.
pub(super) fn without(document: &Document, name: &str) -> Result<String, Denied> {
    document.value(&of(name)).ok_or_else(|| absent(name))?;
    let targets = Path::root().key("targets");
    let places = document.keys(&targets).into_iter().map(|alias| targets.key(alias).key("keys"));
    let places = places.chain([
        Path::root().key("defaults").key("keys"),
        Path::root().key("auth").key("global_keys"),
    ]);
    let names_it = |path: &Path| {
        let keys = document.value(path).unwrap_or_default();
        keys.as_array().is_some_and(|keys| keys.iter().any(|key| key == name))
    };
    let places: Vec<String> = places.filter(names_it).map(|path| path.to_string()).collect();
    if !places.is_empty() {
        let places = places.join("`, `");
        let message =
            format!("it is listed in `{places}`: remove it there first, or block the key");
        return Err(Denied::InUse(message));
    }
    edited(document, &of(name), Change::Remove)
}

/// Merges the result of `patch` into an existing definition.
async fn merge<T: Send + 'static>(
    context: &Context,
    asked: &Arc<Asked>,
    what: &str,
    patch: impl Fn(&Value) -> Result<(Value, T), Denied> + Send + 'static,
) -> Result<change::Changed<T>, Denied> {
    let name = asked.name(0).to_owned();
    change(context, asked, what, move |document| merged(document, &name, &patch)).await
}

/// The document with the result of `patch` in an existing definition.
pub(super) fn merged<T>(
    document: &Document,
    name: &str,
    patch: &impl Fn(&Value) -> Result<(Value, T), Denied>,
) -> Result<(String, T), Denied> {
    let path = of(name);
    let definition = document.value(&path).ok_or_else(|| absent(name))?;
    let (mut patch, answer) = patch(&definition)?;
    document.unmask(&path, &mut patch).map_err(Denied::NoSecret)?;
    edited(document, &path, Change::Merge(&patch)).map(|text| (text, answer))
}

/// Completes a definition with the existing key, or with a new one, which is returned.
pub(super) fn identified(body: &mut Map<String, Value>, old: Option<&Value>) -> Option<String> {
    if IDENTITIES.iter().any(|member| body.contains_key(*member)) {
        return None;
    }
    let kept = IDENTITIES.iter().filter_map(|member| Some((*member, old?.get(*member)?.clone())));
    let kept: Vec<_> = kept.collect();
    let (key, first) = match kept.is_empty() {
        false => (None, kept),
        true => {
            let key = fresh::key();
            let hash = fresh::hash(&key).into();
            (Some(key), vec![("hash", hash)])
        }
    };
    let rest = std::mem::take(body);
    body.extend(first.into_iter().map(|(member, value)| (member.to_owned(), value)));
    body.extend(rest);
    key
}

/// The place of a key.
pub(super) fn of(name: &str) -> Path {
    all().key(name)
}

/// The place of all keys.
pub(super) fn all() -> Path {
    Path::root().key("auth").key("key_definitions")
}

/// There is no such key.
pub(super) fn absent(name: &str) -> Denied {
    Denied::Absent(format!("there is no key `{}`", label(name)))
}

/// A definition as written, with its usage.
fn told(name: &str, definition: Value, table: &Table) -> Value {
    let mut told = json!({"name": name, "definition": definition, "live": false});
    let keys = table.keyring.keys().iter();
    let mut keys = keys.filter_map(|key| Some((key, key.account.as_deref()?)));
    if let Some((key, account)) = keys.find(|(_, account)| account.shown() == name)
        && let Ok(Value::Object(mut used)) = serde_json::to_value(KeyTold::of(key, account))
        && let Value::Object(told) = &mut told
    {
        used.shift_remove("key");
        told.insert("live".into(), true.into());
        told.extend(used);
    }
    told
}

fn shown_once(key: Option<&str>) -> Value {
    key.map_or_else(|| json!({}), |key| json!({"key": key}))
}

fn object(asked: &Asked) -> Result<Map<String, Value>, Denied> {
    match asked.json()? {
        Value::Object(body) => Ok(body),
        _ => Err(Denied::invalid("the body must be the definition of a key", None)),
    }
}

/// The members that identify the holder.
const IDENTITIES: [&str; 3] = ["key", "hash", "aws"];
