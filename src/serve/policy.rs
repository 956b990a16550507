//! Policy: which providers may receive a request. The requirements of key, team, alias and client,
//! and the needs of the request, are collected once before anything is spent. Every choice of a
//! provider uses them.

use super::{admit::Allowed, counted};
use crate::{
    protocol::{
        Operation,
        needs::{self, Capabilities},
    },
    rare::Name,
    refusal::Refusal,
    table::{Table, access, policy::Required},
    upstream::{
        inbound::{Inbound, NeutralRequest},
        off_core,
    },
    words::Capability,
};

/// Collects the requirements of a request.
///
/// # Errors
/// No provider meets them, or the client's header cannot be read.
pub(crate) fn require(
    table: &Table,
    allowed: &Allowed,
    inbound: &mut Inbound,
) -> Result<(), Refusal> {
    inbound.required = of_file(table, allowed);
    if inbound.rare.has(Name::Require) {
        // The header adds to the file's requirements.
        let required = inbound.required.get_or_insert_default();
        for line in inbound.headers.get_all(Name::Require.text()) {
            let line = line.to_str().map_err(|_| unreadable())?;
            let all: Option<Vec<_>> = line.split(',').map(pair).collect();
            required.add(all.ok_or_else(unreadable)?.into_iter());
        }
    }
    match &inbound.required {
        // The client then talks to the vendor, where no rule holds.
        Some(_) if counted::is_realtime(inbound) => Err(Refusal::Unsupported {
            field: String::new(),
            message: "A rule says which providers may be asked here, and a realtime session goes on without the \
                router: ask the operator for a key and a model without such a rule."
                .into(),
        }),
        Some(required) => possible(table, allowed, required, &inbound.path),
        None => Ok(()),
    }
}

/// The requirements of the caller's key, its team and its alias. Those of the alias remain if a
/// rule redirects the caller.
pub(crate) fn of_file(table: &Table, allowed: &Allowed) -> Option<Box<Required>> {
    let terms = access::terms(table, allowed.caller);
    let of_key = terms.and_then(|terms| terms.required.as_deref());
    let team = terms.and_then(|terms| terms.team.as_ref());
    let of_team = team.and_then(|team| team.required.as_deref());
    let of_alias = table.pool(allowed.asked).required.as_deref();
    let serves = (allowed.pool != allowed.asked).then(|| table.pool(allowed.pool));
    let of_serving = serves.and_then(|pool| pool.required.as_deref());
    of_key.or(of_team).or(of_alias).or(of_serving)?;
    let mut required = Box::<Required>::default();
    let all = [of_key, of_team, of_alias, of_serving].into_iter().flatten();
    all.for_each(|one| required.add(one.each()));
    Some(required)
}

/// Whether any provider of the pool, or of those that take over, meets the requirements for this
/// path.
///
/// # Errors
/// The refusal that names the label.
pub(crate) fn possible(
    table: &Table,
    allowed: &Allowed,
    required: &Required,
    path: &str,
) -> Result<(), Refusal> {
    let pool = table.pool(allowed.pool);
    let coming = pool.coming(path).iter().filter(|_| pool.fallback.enabled);
    let coming = coming.filter_map(|&next| {
        access::resolve(table, next, &table.pool(next).alias, path, allowed.caller).ok()
    });
    let pools = std::iter::once(pool).chain(coming.map(|id| table.pool(id)));
    let providers = pools.flat_map(|pool| &pool.providers);
    match required.excludes_all(providers.map(|provider| &provider.facts)) {
        Some(missed) => Err(missed.refusal()),
        None => Ok(()),
    }
}

/// Adds the capabilities that the request needs to its requirements, if a provider lacks some.
///
/// # Errors
/// No provider has what it needs and meets the requirements.
pub(crate) async fn require_capabilities(
    table: &Table,
    allowed: &Allowed,
    inbound: &mut Inbound,
) -> Result<(), Refusal> {
    let lacked = table.pool(allowed.pool).lacked;
    let needs = needed(inbound, lacked).await.and(lacked);
    if needs.is_empty() {
        return Ok(());
    }
    let required = inbound.required.get_or_insert_default();
    required.needs = needs;
    possible(table, allowed, required, &inbound.path)
}

/// The capabilities that the request needs, among those that some provider lacks.
async fn needed(inbound: &Inbound, lacked: Capabilities) -> Capabilities {
    let of_path = needs::of_path(&inbound.path);
    if inbound.form || inbound.body.is_empty() {
        return of_path;
    }
    let is_large = inbound.body.len() > off_core::LARGE as u64;
    match inbound.endpoint.as_ref().map(|endpoint| endpoint.operation) {
        Some(Operation::Generate | Operation::CountTokens)
            if lacked == Capability::Embeddings.into() =>
        {
            return of_path;
        }
        Some(Operation::Generate | Operation::CountTokens | Operation::Embed) => {
            if is_large {
                inbound.read_off_core().await;
            }
            match inbound.conversation() {
                Ok(NeutralRequest::Conversation(read)) => {
                    let aside = searched(inbound, is_large, needs::of_aside).await;
                    return needs::of_conversation(read).or(aside);
                }
                Ok(NeutralRequest::Embedding(read)) => {
                    let aside = searched(inbound, is_large, needs::of_aside).await;
                    return needs::of_embedding(read).or(aside);
                }
                // A provider of the same protocol may still be able to read it.
                Err(_) => {}
            }
        }
        Some(Operation::Native) | None => {}
    }
    of_path.or(searched(inbound, is_large, needs::of_words).await)
}

/// What a search of the body finds.
async fn searched(
    inbound: &Inbound,
    is_large: bool,
    search: fn(&[u8]) -> Capabilities,
) -> Capabilities {
    let body = inbound.body.to_bytes();
    match is_large {
        true => off_core::run(move || search(&body)).await,
        false => search(&body),
    }
}

/// A label and its value, such as `region=eu`.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    (!name.is_empty() && !value.is_empty()).then_some((name, value))
}

fn unreadable() -> Refusal {
    Refusal::Invalid {
        param: Name::Require.text().into(),
        message:
            "The header `x-onwards-require` is invalid: send labels with their values, such as \
            `region=eu,tier=gold`."
                .into(),
        code: "invalid_header",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_a_name_and_a_value() {
        assert_eq!(pair(" region = eu "), Some(("region", "eu")));
        assert_eq!(pair("a=b=c"), Some(("a", "b=c")));
        for text in ["", "region", "=eu", "region=", " = "] {
            assert_eq!(pair(text), None, "{text}");
        }
    }
}
