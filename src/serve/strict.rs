//! The strict-mode check of a request, after its alias is known and before anything is spent.
//!
//! It never changes the request.

use crate::{
    protocol::strict::{self, check},
    refusal::Refusal,
    table::strict::Checks,
    upstream::inbound::Inbound,
};

/// Checks whether the request is valid for its endpoint.
///
/// # Errors
/// The refusal that names the invalid field.
pub(super) fn check(inbound: &Inbound, checks: Checks) -> Result<(), Refusal> {
    let declared = inbound.endpoint.as_ref().and_then(|it| strict::declared(it, &inbound.path));
    let Some(declared) = declared.filter(|_| inbound.method == http::Method::POST) else {
        return Err(Refusal::UnknownEndpoint);
    };
    let body = inbound.body.to_bytes();
    let wrong = check::check(&body, declared.request, checks.refuses_unknown);
    wrong.map_err(|wrong| Refusal::Invalid {
        param: wrong.param,
        message: wrong.message,
        code: wrong.code,
    })
}
