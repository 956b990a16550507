//! Reports failed attempts and broken answers to the provider's health.
//!
//! What a client caused never counts against a provider.

use tokio::time::Instant;

use crate::{
    failure::{Brief, Class},
    live::{Entry, Reason, Why},
    secret::names::label,
    table::Provider,
    upstream::failed::Failed,
};

/// Reports a failed attempt. Returns the reason of a cooldown that this starts.
pub(in crate::serve) fn failed(entry: Entry, failed: &Failed) -> Option<Reason> {
    let (now, after) = (Instant::now(), failed.retry_after);
    match rests_for(failed.failure.class) {
        Some(why) => entry.set_aside(now, why, after),
        None if is_fault(failed.failure.class) => entry.failed(now, failed.failure.what, after),
        None => None,
    }
}

/// Reports an accepted answer that broke off or contained an error. Returns as [`failed`] does.
pub(in crate::serve) fn broke_off(entry: Entry, fault: Brief) -> Option<Reason> {
    let now = Instant::now();
    match rests_for(fault.class) {
        Some(why) => entry.set_aside(now, why, None),
        None if is_fault(fault.class) => entry.broke_off(now, fault.what),
        None => None,
    }
}

/// Logs the start of a cooldown.
pub(in crate::serve) fn rests(alias: &str, provider: &Provider, reason: Reason) {
    let (alias, provider) = (label(alias), label(&provider.name));
    tracing::warn!(%alias, %provider, "{reason}");
}

/// Classes about the credential, not about the provider's health.
fn rests_for(class: Class) -> Option<Why> {
    match class {
        Class::RateLimit => Some(Why::RateLimited),
        Class::Quota => Some(Why::QuotaSpent),
        Class::Credential => Some(Why::CredentialRefused),
        Class::ModelMissing => Some(Why::ModelMissing),
        _ => None,
    }
}

/// Whether a failure says something about the provider or its configuration.
pub(in crate::serve) fn is_the_providers(class: Class) -> bool {
    is_fault(class) || rests_for(class).is_some()
}

fn is_fault(class: Class) -> bool {
    matches!(
        class,
        Class::Overloaded | Class::Server | Class::Timeout | Class::Unreachable | Class::Malformed
    )
}
