//! `/key/generate`, `/key/update`, `/key/delete`, `/key/block`, `/key/unblock`, `/key/info`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    durations::{self, Duration},
    params::per_minute,
};
use crate::{
    admin::api::{
        answered::Answered,
        asked::Asked,
        change::{self, change, edited},
        context::Context,
        denied::Denied,
        fields::{Fields, refuse},
        keys::{self, absent, of},
    },
    config::{
        edit::{Change, Document},
        mask::MASK,
    },
    secret::fresh,
    table::Access,
};

/// `POST /key/generate`.
pub(in crate::admin::api) async fn generate(
    context: &Context,
    asked: &Arc<Asked>,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let mut fields = Fields::of(asked)?;
    let key = fields.text("key")?.unwrap_or_else(fresh::key);
    if key == MASK {
        return Err(Denied::invalid("`***` is a mask, not a key", Some("key".to_owned())));
    }
    let name = fields.text("key_alias")?.unwrap_or_else(|| {
        let digits: String = fresh::hash(&key).chars().skip("sha256:".len()).take(12).collect();
        format!("key-{digits}")
    });
    let Read { mut members, expires, .. } = read(fields)?;
    let closes =
        if members.contains_key("models") { Vec::new() } else { all_models(context, &mut members) };
    let mut definition = Map::from_iter([("hash".to_owned(), fresh::hash(&key).into())]);
    definition.extend(members);
    let what = format!("key/generate {}", of(&name));
    let told = name.clone();
    let changed = change(context, asked, &what, move |document| {
        if document.value(&of(&name)).is_some() {
            let message = "a key of this name exists already";
            return Err(Denied::invalid(message, Some("key_alias".to_owned())));
        }
        let set = Value::Object(definition.clone());
        edited(document, &of(&name), Change::Set(&set)).map(|text| (text, ()))
    });
    let changed = changed.await?;
    let mut answer = json!({"key_alias": told, "expires": expires});
    if !changed.is_dry() {
        answer["key"] = key.as_str().into();
        answer["key_name"] = format!("sk-...{}", tail(&key)).into();
        answer["token"] = fresh::hash(&key).into();
    }
    if !closes.is_empty() {
        answer["closed"] = json!(closes);
    }
    Ok(changed.answered(answer))
}

/// `POST /key/update`: sets the given fields of the key named by `key`.
pub(in crate::admin::api) async fn update(
    context: &Context,
    asked: &Arc<Asked>,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let mut fields = Fields::of(asked)?;
    let key = fields.needed("key")?;
    let Read { mut members, expires, may_all } = read(fields)?;
    let closes = if may_all { all_models(context, &mut members) } else { Vec::new() };
    if may_all {
        // An earlier list is removed if none is needed.
        members.entry("models").or_insert(Value::Null);
    }
    let changed = merge(context, asked, "key/update", key, members.into()).await?;
    let mut answer = json!({"key_alias": changed.answer, "expires": expires});
    if !closes.is_empty() {
        answer["closed"] = json!(closes);
    }
    Ok(changed.answered(answer))
}

/// `POST /key/block` and `/key/unblock`.
pub(in crate::admin::api) async fn block(
    context: &Context,
    asked: &Arc<Asked>,
    blocks: bool,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let mut fields = Fields::of(asked)?;
    let key = fields.needed("key")?;
    let mut refused = Vec::new();
    fields.end(&mut refused);
    refuse(refused)?;
    let (verb, patch) = match blocks {
        true => ("key/block", json!({"disabled": true})),
        false => ("key/unblock", json!({"disabled": null})),
    };
    let changed = merge(context, asked, verb, key, patch).await?;
    Ok(changed.answered(json!({"key_alias": changed.answer, "blocked": blocks})))
}

/// `POST /key/delete`: deletes all listed keys, or none.
pub(in crate::admin::api) async fn delete(
    context: &Context,
    asked: &Arc<Asked>,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let mut fields = Fields::of(asked)?;
    let mut wanted = fields.texts("keys")?.unwrap_or_default();
    wanted.extend(fields.texts("key_aliases")?.unwrap_or_default());
    let mut refused = Vec::new();
    fields.end(&mut refused);
    refuse(refused)?;
    if wanted.is_empty() {
        return Err(Denied::invalid("list the keys to delete", Some("keys".to_owned())));
    }
    let changed = change(context, asked, "key/delete", move |document| {
        let (mut text, mut deleted) = (None, Vec::new());
        for key in &wanted {
            let next = match &text {
                None => without(document, key)?,
                Some(text) => {
                    let document = Document::read("", String::as_bytes(text));
                    without(&document.map_err(Denied::Problems)?, key)?
                }
            };
            deleted.push(next.0);
            text = Some(next.1);
        }
        Ok((text.unwrap_or_default(), deleted))
    });
    let changed = changed.await?;
    Ok(changed.answered(json!({"deleted_keys": changed.answer})))
}

/// `GET /key/info`.
pub(in crate::admin::api) async fn read_one(
    context: &Context,
    asked: &Asked,
) -> Result<Answered, Denied> {
    asked.only(&["key"])?;
    let key = asked.parameter("key").unwrap_or_default();
    let reading = change::read(context).await?;
    let name = find(&reading.document, key)?;
    let told = keys::told_of(context, &reading, &name)?;
    Ok(Answered::of(&json!({"key": name, "info": told})).at(&reading.etag))
}

fn without(document: &Document, key: &str) -> Result<(String, String), Denied> {
    let name = find(document, key)?;
    keys::without(document, &name).map(|text| (name, text))
}

async fn merge(
    context: &Context,
    asked: &Arc<Asked>,
    verb: &str,
    key: String,
    patch: Value,
) -> Result<change::Changed<String>, Denied> {
    // The key itself must not be in the audit log, so its name is looked up first.
    let name = find(&change::read(context).await?.document, &key)?;
    let what = format!("{verb} {}", of(&name));
    change(context, asked, &what, move |document| {
        let name = find(document, &key)?;
        let patch = |_: &Value| Ok((patch.clone(), ()));
        keys::merged(document, &name, &patch).map(|(text, ())| (text, name))
    })
    .await
}

/// The name of a key, found by the key, its hash or its name.
fn find(document: &Document, key: &str) -> Result<String, Denied> {
    let all = document.value(&keys::all()).unwrap_or_default();
    let hash = fresh::hash(key);
    let bare = format!("sha256:{key}");
    let is_it = |(name, definition): &(&String, &Value)| {
        let text = |member: &str| definition.get(member).and_then(Value::as_str);
        name.as_str() == key
            || text("key") == Some(key)
            || text("hash").is_some_and(|own| own == hash || own == key || own == bare)
    };
    let found = all.as_object().and_then(|all| all.iter().find(is_it));
    found.map(|(name, _)| name.clone()).ok_or_else(|| absent("…"))
}

/// The fields of a key.
struct Read {
    members: Map<String, Value>,
    expires: Option<String>,
    /// Whether it may use all models, as with an empty list.
    may_all: bool,
}

/// Reads the fields of a key and its expiry.
fn read(mut fields: Fields) -> Result<Read, Denied> {
    let mut members = Map::new();
    let mut put = |member: &str, value: Option<Value>| {
        members.extend(value.map(|value| (member.to_owned(), value)));
    };
    let models = fields.texts("models")?;
    let is_all = |models: &Vec<String>| models.is_empty() || models == &["all-proxy-models"];
    let may_all = models.as_ref().is_some_and(is_all);
    let models = models.filter(|models| !is_all(models));
    put("models", models.map(Value::from));
    put("rate_limit", per_minute(&mut fields, "rpm_limit")?);
    let tokens = fields.count("tpm_limit")?;
    put("token_limit", tokens.map(|tokens| json!({"per_minute": tokens})));
    let most = fields.count("max_parallel_requests")?;
    put("concurrency_limit", most.map(|most| json!({"max_concurrent_requests": most})));
    put("budget", budget(&mut fields)?);
    put("team", fields.text("team_id")?.map(Value::from));
    put("disabled", fields.flag("blocked")?.map(Value::from));
    let expires = expires(&mut fields)?;
    put("expires_at", expires.clone().map(Value::from));
    put("labels", labels(&mut fields)?);
    let mut refused = Vec::new();
    fields.end(&mut refused);
    refuse(refused)?;
    Ok(Read { members, expires, may_all })
}

fn budget(fields: &mut Fields) -> Result<Option<Value>, Denied> {
    let (most, soft) = (fields.number("max_budget")?, fields.number("soft_budget")?);
    let period = match fields.text("budget_duration")? {
        None => json!("total"),
        Some(text) => match durations::read(&text) {
            Some(Duration::Month) => json!("month"),
            Some(Duration::Seconds(seconds)) => json!(seconds),
            None => return Err(fields.wrong("budget_duration", "a duration such as `30d`")),
        },
    };
    let Some(most) = most else {
        return match soft {
            Some(_) => Err(fields.wrong("soft_budget", "beside `max_budget`")),
            None => Ok(None),
        };
    };
    let mut budget = json!({"dollars": most, "period": period});
    if let Some(soft) = soft {
        budget["soft"] = (soft / most).into();
    }
    Ok(Some(budget))
}

fn expires(fields: &mut Fields) -> Result<Option<String>, Denied> {
    let Some(text) = fields.text("duration")? else { return Ok(None) };
    let seconds = match durations::read(&text) {
        Some(Duration::Seconds(seconds)) => seconds,
        Some(Duration::Month) => 30 * 24 * 3600,
        None => return Err(fields.wrong("duration", "a duration such as `30d`")),
    };
    let whole = jiff::Timestamp::now().as_second().saturating_add_unsigned(seconds);
    Ok(jiff::Timestamp::from_second(whole).ok().map(|moment| moment.to_string()))
}

/// Labels of the holder; only texts are allowed.
fn labels(fields: &mut Fields) -> Result<Option<Value>, Denied> {
    let mut labels = Map::new();
    if let Some(mut metadata) = fields.object("metadata")? {
        for name in metadata.names() {
            if let Some(text) = metadata.text(&name)? {
                labels.insert(name, text.into());
            }
        }
    }
    if let Some(user) = fields.text("user_id")? {
        labels.insert("user_id".to_owned(), user.into());
    }
    Ok((!labels.is_empty()).then(|| labels.into()))
}

/// A key without models may use all. If every alias is open, nothing is written; otherwise listing
/// them closes the open ones, which are returned.
fn all_models(context: &Context, members: &mut Map<String, Value>) -> Vec<String> {
    let table = context.sources.gateway.snapshot();
    let open = table.pools().iter().filter(|pool| matches!(pool.access, Access::Open));
    let open: Vec<String> = open.map(|pool| pool.shown().to_owned()).collect();
    if open.len() == table.pools().len() {
        return Vec::new();
    }
    members.insert("models".to_owned(), json!(["*"]));
    open
}

fn tail(key: &str) -> &str {
    key.char_indices().rev().nth(3).map_or(key, |(at, _)| &key[at..])
}
