//! `/admin/providers`: one provider of an alias. It is changed in the file; rest, drain and wake
//! affect only the process.

mod called;

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::Instant;

use super::{
    answered::Answered,
    asked::Asked,
    change::{self, audit_of_process, change},
    context::Context,
    denied::Denied,
    single, targets,
};
use crate::{
    live::{self, Held},
    secret::names::label,
};

/// `PATCH /admin/providers/{alias}/{provider}`: a JSON Merge Patch.
pub(super) async fn patch(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let body = asked.json()?;
    if !body.is_object() {
        return Err(Denied::invalid("the body must be an object", None));
    }
    let (alias, name) = match asked.pairs().count() {
        1 => (asked.name(0).to_owned(), asked.name(1).to_owned()),
        _ => {
            let document = change::read(context).await?.document;
            let found = called::only(asked, |alias, name| called::place(&document, alias, name))?;
            (found.0, found.1)
        }
    };
    let what = format!("PATCH provider `{}` of {}", label(&name), targets::of(&alias));
    let changed = change(context, asked, &what, move |document| {
        let path = called::place(document, &alias, &name)?;
        let mut body = body.clone();
        document.unmask(&path, &mut body).map_err(Denied::NoSecret)?;
        single::patched(document, &path, &body).map(|text| (text, ()))
    });
    Ok(changed.await?.answered(json!({})))
}

/// `POST …/rest`: asks it only if no other is left, for `seconds` or until it is woken.
pub(super) fn rest(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&["seconds"])?;
    let seconds = asked.parameter("seconds").map(str::parse::<u64>).transpose();
    let seconds = seconds.ok().filter(|seconds| *seconds != Some(0));
    let wrong = || Denied::invalid("write a number of seconds", Some("seconds".into()));
    let rest = seconds.ok_or_else(wrong)?.map(Duration::from_secs);
    decide(context, asked, "rest", |provider| provider.hold(Held::resting(Instant::now(), rest)))
}

/// `POST …/drain`: does not ask it until it is woken.
pub(super) fn drain(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&[])?;
    decide(context, asked, "drain", |provider| provider.hold(Held::Drained))
}

/// `POST …/wake`: ends an operator's rest, and a rest after failures.
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
    let table = context.sources.gateway.snapshot();
    let (alias, name, found) = called::only(asked, |alias, name| {
        let mut found = Vec::new();
        for pool in called::pools(&table, alias)? {
            found.extend(called::provider(pool, name)?);
        }
        if found.is_empty() { Err(called::absent(alias, name)) } else { Ok(found) }
    })?;
    let provider = *found.first().ok_or_else(|| called::absent(&alias, &name))?;
    found.iter().for_each(|provider| act(&provider.live));
    let what = format!("{verb} provider `{}` of {}", label(&name), targets::of(&alias));
    audit_of_process(asked, &what);
    let state = provider.live.state(Instant::now());
    Ok(Answered::of(&json!({
        "alias": label(&alias), "provider": label(&provider.name), "state": state.word(),
        "told": state.to_string(), "in_flight": provider.live.limits().in_flight(),
    })))
}
