//! `/admin/targets`: aliases as written, with the state of their providers; created, changed and
//! removed.

use std::{collections::HashMap, sync::Arc};

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{
    answered::Answered,
    asked::Asked,
    change::{self, change, edited},
    context::Context,
    denied::Denied,
};
use crate::{
    config::{
        Path,
        edit::{Change, Document},
    },
    secret::names::label,
    table::Pool,
};

/// `GET /admin/targets`.
pub(super) async fn list(context: &Context) -> Result<Answered, Denied> {
    let reading = change::read(context).await?;
    let written = reading.document.masked_value(&all()).unwrap_or_default();
    let table = context.sources.gateway.snapshot();
    let Value::Object(written) = written else { return Ok(Answered::of(&json!({"targets": []}))) };
    let pools: HashMap<_, _> =
        table.aliases().iter().map(|pool| (label(&pool.alias), pool)).collect();
    let targets = written.into_iter().map(|(alias, target)| {
        let pool = pools.get(alias.as_str()).copied();
        told(&alias, target, pool)
    });
    let targets: Vec<Value> = targets.collect();
    Ok(Answered::of(&json!({"targets": targets})).at(&reading.etag))
}

/// `GET /admin/targets/{alias}`.
pub(super) async fn read(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    let alias = asked.name(0);
    let reading = change::read(context).await?;
    let place = place(&reading.document, alias);
    let target = reading.document.masked_value(&place).ok_or_else(|| absent(alias))?;
    let table = context.sources.gateway.snapshot();
    let named = |alias: &str| table.aliases().iter().find(|pool| *pool.alias == *alias);
    let pool = named(alias).or_else(|| {
        let (alias, class) = of_class(alias)?;
        let first = named(alias)?;
        if class == DEFAULT { Some(first) } else { first.completions.map(|id| table.pool(id)) }
    });
    Ok(Answered::of(&told(&label(alias), target, pool)).at(&reading.etag))
}

/// `PUT /admin/targets/{alias}`.
pub(super) async fn put(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    write(context, asked, false).await
}

/// `PATCH /admin/targets/{alias}`: a JSON Merge Patch of what is written.
pub(super) async fn patch(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    write(context, asked, true).await
}

/// `DELETE /admin/targets/{alias}`.
pub(super) async fn delete(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let alias = asked.name(0).to_owned();
    let what = format!("DELETE {}", of(&alias));
    let changed = change(context, asked, &what, move |document| {
        let path = place(document, &alias);
        document.value(&path).ok_or_else(|| absent(&alias))?;
        edited(document, &path, Change::Remove).map(|text| (text, ()))
    });
    Ok(changed.await?.answered(json!({})))
}

async fn write(context: &Context, asked: &Arc<Asked>, is_patch: bool) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let (alias, body) = (asked.name(0).to_owned(), asked.json()?);
    if !body.is_object() && (is_patch || !body.is_array()) {
        return Err(Denied::invalid("the body must be a target as in the file", None));
    }
    let what = format!("{} {}", asked.method, of(&alias));
    let whose = Arc::clone(asked);
    let changed = change(context, asked, &what, move |document| {
        let (path, mut body) = (place(document, &alias), body.clone());
        let is_new = document.value(&path).is_none();
        if is_new && is_patch {
            return Err(absent(&alias));
        }
        if is_new {
            nameable(&alias)?;
        }
        whose.meant_for_existing(!is_new)?;
        document.unmask(&path, &mut body).map_err(Denied::NoSecret)?;
        let change = if is_patch { Change::Merge(&body) } else { Change::Set(&body) };
        edited(document, &path, change).map(|text| (text, is_new))
    });
    let changed = changed.await?;
    let is_made = changed.answer && !changed.is_dry();
    let status = if is_made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(changed.answered(json!({})).with(status))
}

/// The place of a target, or of one pool of an alias: `ALIAS/default` and `ALIAS/completions`, unless a
/// target has that name.
fn place(document: &Document, alias: &str) -> Path {
    let whole = of(alias);
    let pool = of_class(alias).and_then(|(alias, class)| {
        let pools = of(alias).key("pools");
        document.value(&pools)?.is_object().then(|| pools.key(class))
    });
    pool.filter(|_| document.value(&whole).is_none()).unwrap_or(whole)
}

/// An alias and the class of one of its pools.
pub(super) fn of_class(name: &str) -> Option<(&str, &'static str)> {
    let (alias, class) = name.rsplit_once('/')?;
    [DEFAULT, COMPLETIONS].into_iter().find(|known| *known == class).map(|class| (alias, class))
}

/// The place of an alias.
pub(super) fn of(alias: &str) -> Path {
    all().key(alias)
}

fn all() -> Path {
    Path::root().key("targets")
}

/// Refuses a new name with an empty path segment or surrounding blanks, which is a mistake in a
/// URL. Other invalid names are problems of the file.
pub(super) fn nameable(alias: &str) -> Result<(), Denied> {
    let is_blank = |part: &str| part.trim() != part || part.is_empty();
    if alias.split('/').any(is_blank) {
        let message =
            "a new target's name has no empty part between slashes, and no blanks around one";
        return Err(Denied::invalid(message, Some("alias".to_owned())));
    }
    Ok(())
}

/// There is no such alias.
pub(super) fn absent(alias: &str) -> Denied {
    Denied::Absent(format!("there is no target `{}`", label(alias)))
}

/// A target as written, with the state of its providers.
fn told(alias: &str, target: Value, pool: Option<&Arc<Pool>>) -> Value {
    let now = Instant::now();
    let providers: Vec<Value> = pool
        .iter()
        .flat_map(|pool| &pool.providers)
        .map(|provider| {
            let state = provider.live.state(now);
            json!({
                "name": label(&provider.name), "state": state.word(), "told": state.to_string(),
                "weight": provider.weight, "priority": provider.tier,
                "in_flight": provider.live.limits().in_flight(),
            })
        })
        .collect();
    let mut told = Map::new();
    told.insert("alias".into(), alias.into());
    told.insert("live".into(), pool.is_some().into());
    told.insert("target".into(), target);
    told.insert("providers".into(), providers.into());
    Value::Object(told)
}

/// The classes of requests that an alias may have pools for.
pub(super) const DEFAULT: &str = "default";
pub(super) const COMPLETIONS: &str = "completions";
