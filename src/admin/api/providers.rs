//! `/admin/providers`: one provider of an alias. It is changed in the file; it is rested, drained and woken in
//! the process alone.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    answered::Answered,
    asked::Asked,
    change::{audit_of_process, change, edited},
    context::Context,
    denied::Denied,
    targets,
};
use crate::{
    config::{
        Path,
        edit::{Change, Document},
    },
    live::{self, Held},
    secret::names::label,
};

/// `PATCH /admin/providers/{alias}/{provider}`: a JSON Merge Patch of what is written of it.
pub(super) async fn patch(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let body = asked.json()?;
    if !body.is_object() {
        return Err(Denied::invalid("the body is to be an object", None));
    }
    let (alias, name) = (asked.name(0).to_owned(), asked.name(1).to_owned());
    let what = format!("PATCH provider `{}` of {}", label(&name), targets::of(&alias));
    let changed = change(context, asked, &what, move |document| {
        let path = place(document, &alias, &name)?;
        let mut body = body.clone();
        document.unmask(&path, &mut body).map_err(Denied::NoSecret)?;
        edited(document, &path, Change::Merge(&body)).map(|text| (text, ()))
    });
    Ok(changed.await?.answered(json!({})))
}

/// `POST …/rest`: it is asked where nothing else is left, for `seconds` or until it is woken.
pub(super) fn rest(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&["seconds"])?;
    let seconds = asked.parameter("seconds").map(str::parse::<u64>).transpose();
    let seconds = seconds.ok().filter(|seconds| *seconds != Some(0));
    let wrong = || Denied::invalid("write a number of seconds", Some("seconds".into()));
    let rest = seconds.ok_or_else(wrong)?.map(Duration::from_secs);
    decide(context, asked, "rest", |provider| provider.hold(Held::resting(Instant::now(), rest)))
}

/// `POST …/drain`: it is asked no more until it is woken.
pub(super) fn drain(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&[])?;
    decide(context, asked, "drain", |provider| provider.hold(Held::Drained))
}

/// `POST …/wake`: an operator's rest is over, and one that failures began.
pub(super) fn wake(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&[])?;
    decide(context, asked, "wake", live::Provider::wake)
}

fn decide(
    context: &Context,
    asked: &Asked,
    verb: &str,
    act: impl Fn(&live::Provider),
) -> Result<Answered, Denied> {
    asked.no_body()?;
    let (alias, name) = (asked.name(0), asked.name(1));
    let table = context.sources.gateway.snapshot();
    table.find(alias).ok_or_else(|| targets::absent(alias))?;
    // An alias may have a pool for each class of requests.
    let pools = table.pools().iter().filter(|pool| *pool.alias == *alias);
    let mut providers = pools.flat_map(|pool| &pool.providers).filter(|it| *it.name == *name);
    let provider = providers.next().ok_or_else(|| absent(alias, name))?;
    std::iter::once(provider).chain(providers).for_each(|provider| act(&provider.live));
    let what = format!("{verb} provider `{}` of {}", label(name), targets::of(alias));
    audit_of_process(asked, &what);
    let state = provider.live.state(Instant::now());
    Ok(Answered::of(&json!({
        "alias": label(alias), "provider": label(name), "state": state.word(),
        "told": state.to_string(), "in_flight": provider.live.limits().in_flight(),
    })))
}

/// Where a provider stands: by its `name`, or by its host where no other has that.
fn place(document: &Document, alias: &str, name: &str) -> Result<Path, Denied> {
    let target = targets::of(alias);
    let written = document.value(&target).ok_or_else(|| targets::absent(alias))?;
    let (list, entries) = match (&written, written.get("providers")) {
        (Value::Array(entries), _) => (target, entries.clone()),
        (_, Some(Value::Array(entries))) => (target.key("providers"), entries.clone()),
        (single, _) => match is_called(single, name) {
            true => return Ok(target),
            false => return Err(absent(alias, name)),
        },
    };
    let found: Vec<usize> =
        (0..entries.len()).filter(|at| is_called(&entries[*at], name)).collect();
    match found[..] {
        [at] => Ok(list.index(at)),
        [] => Err(absent(alias, name)),
        _ => {
            let message = "several providers of this alias are called so: give each a `name`";
            Err(Denied::invalid(message, None))
        }
    }
}

fn is_called(entry: &Value, name: &str) -> bool {
    match entry.get("name").and_then(Value::as_str) {
        Some(own) => own == name,
        None => {
            let url = entry.get("url").and_then(Value::as_str).unwrap_or_default();
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
            !name.is_empty() && (host == name || authority == name)
        }
    }
}

fn absent(alias: &str, name: &str) -> Denied {
    let (alias, name) = (label(alias), label(name));
    Denied::Absent(format!("the target `{alias}` has no provider `{name}`"))
}
