//! Guardrails on a request: its texts are inspected once, before a provider is chosen and before
//! any limit is held.
//!
//! Text that cannot be read is refused. The client learns which rule matched, never what matched.

mod address;
mod arriving;
mod judged;
mod output;
mod webhooks;

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use self::judged::{REQUEST, denied, judge};
pub(super) use self::output::output;
pub(crate) use self::webhooks::Asking;
use super::{admit::Allowed, counted, edits};
use crate::{
    guard::{
        Guardrails, Rule,
        body::{Verdict, look},
        texts::Texts,
    },
    record::Record,
    refusal::Refusal,
    table::{PoolId, Table, access},
    upstream::{inbound::Inbound, off_core},
};

/// The rules for a request and its answer, each once: those of its key, its team, its alias, and
/// all aliases that may take over. `None` if there are none.
pub(crate) fn of(table: &Table, allowed: &Allowed, path: &str) -> Option<Guardrails> {
    let (caller, pools) = (allowed.caller, [allowed.asked, allowed.pool]);
    if !table.has_guardrails {
        return None;
    }
    let terms = access::terms(table, caller);
    let of_key = terms.and_then(|terms| terms.guardrails.as_ref());
    let team = terms.and_then(|terms| terms.team.as_ref());
    let of_team = team.and_then(|team| team.guardrails.as_ref());
    let mut rules: Vec<Arc<Rule>> = Vec::new();
    let mut add = |more: Option<&Guardrails>| {
        for rule in more.into_iter().flat_map(|more| more.iter()) {
            if !rules.iter().any(|it| Arc::ptr_eq(it, rule)) {
                rules.push(Arc::clone(rule));
            }
        }
    };
    add(of_key);
    add(of_team);
    let mut seen: Vec<PoolId> = Vec::new();
    let mut open = pools.to_vec();
    // Any of these may serve the request, and its texts are inspected before the first provider is
    // asked.
    while let Some(id) = open.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let pool = table.pool(id);
        add(pool.guardrails.as_ref());
        if pool.fallback.enabled {
            let taking = pool.coming(path).iter().copied();
            let led = taking.clone().filter_map(|next| {
                access::resolve(table, next, &table.pool(next).alias, path, caller).ok()
            });
            open.extend(taking.chain(led));
        }
    }
    (!rules.is_empty()).then(|| rules.into())
}

/// Inspects a request and redacts it.
///
/// # Errors
/// A rule refuses it, or would have to inspect what cannot be read.
pub(crate) async fn input(
    all: Guardrails,
    asking: Asking<'_>,
    inbound: &mut Inbound,
    record: &mut Record,
) -> Result<(), Refusal> {
    let rules: Guardrails = all.iter().filter(|rule| rule.on.has_input()).cloned().collect();
    let answers: Guardrails = all.iter().filter(|rule| rule.on.has_output()).cloned().collect();
    if counted::is_realtime(inbound) {
        judged::unreadable(&all, REQUEST, record)?;
    }
    if !answers.is_empty() {
        output::can_hold(&answers, inbound, record)?;
        inbound.guardrails = Some(answers);
    }
    if rules.is_empty() {
        return Ok(());
    }
    address::look(&rules, asking.table, inbound, record)?;
    if !inbound.body.is_empty() {
        looked_at(&rules, inbound, record).await?;
    }
    if webhooks::any(&rules) && asked(&rules, asking, inbound, record).await? {
        // Text from a webhook is inspected by the other rules too.
        looked_at(&rules, inbound, record).await?;
    }
    Ok(())
}

/// Redacts a body.
async fn looked_at(
    rules: &Guardrails,
    inbound: &mut Inbound,
    record: &mut Record,
) -> Result<(), Refusal> {
    let verdict = match inbound.form {
        true => Verdict { unreadable: true, ..Verdict::default() },
        false => body(rules, inbound).await,
    };
    judge(rules, &verdict, REQUEST, record)?;
    splice(inbound, verdict.edits);
    Ok(())
}

/// Calls the webhooks of the rules. Returns whether the body was changed.
async fn asked(
    rules: &Guardrails,
    asking: Asking<'_>,
    inbound: &mut Inbound,
    record: &mut Record,
) -> Result<bool, Refusal> {
    let (bytes, passed) = (inbound.body.to_bytes(), names(inbound));
    let _share = webhooks::room(inbound.budget, bytes.len())?;
    let texts = match inbound.form {
        true => Texts::default(),
        false if bytes.len() > off_core::LARGE => {
            off_core::run(move || Texts::read(&bytes, &passed)).await.unwrap_or_default()
        }
        false => Texts::read(&bytes, &passed).unwrap_or_default(),
    };
    let of_body = texts.all().len();
    let all: Vec<String> =
        texts.all().iter().cloned().chain(address::texts(asking.table, inbound)).collect();
    let Some(instead) =
        webhooks::ask(asking, rules, &all, (REQUEST, &inbound.alias), record).await?
    else {
        return Ok(false);
    };
    if instead[of_body..] != all[of_body..] {
        // The address is sent unchanged, so nothing can be replaced in it.
        let rule = rules.iter().find(|rule| rule.webhook().is_some());
        return Err(rule.map_or(Refusal::Internal, |rule| denied(rule, REQUEST)));
    }
    let edits = texts.edits(&instead);
    let is_changed = !edits.is_empty();
    splice(inbound, edits);
    Ok(is_changed)
}

fn splice(inbound: &mut Inbound, edits: Vec<(Range<u64>, Vec<u8>)>) {
    let edits = edits.into_iter().map(|(place, with)| (place, Bytes::from(with)));
    edits::splice(inbound, edits.collect());
}

async fn body(rules: &Guardrails, inbound: &Inbound) -> Verdict {
    let (bytes, passed) = (inbound.body.to_bytes(), names(inbound));
    if bytes.len() > off_core::LARGE {
        let rules = Arc::clone(rules);
        return off_core::run(move || look(&bytes, &rules, &passed)).await;
    }
    look(&bytes, rules, &passed)
}

/// The places of the body that name the alias, which is not a text of the conversation.
fn names(inbound: &Inbound) -> Vec<Range<u64>> {
    let model = inbound.model.iter().map(|model| model.span.clone());
    let mut names: Vec<_> = model.chain(inbound.mentions.in_body().iter().cloned()).collect();
    names.sort_unstable_by_key(|span| span.start);
    names
}
