//! The certificate of the clients' port, its key and the authorities of clients: files, or their text.
//!
//! It does not know what a certificate is: `table::compile` reads what stands here.

use std::path::Path as FilePath;

use super::{
    Path, Problem, Source,
    raw::Tls,
    references::{Lookup, PEM},
};
use crate::secret::Secret;

/// The texts that `tls` names, in PEM form.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// The certificate, and those between it and its authority.
    pub(crate) cert: String,
    /// Its private key.
    pub(crate) key: Secret,
    /// The authorities that sign certificates of clients.
    pub(crate) client_ca: Option<String>,
}

/// What `tls` names. A file that cannot be read is a problem; where nothing is looked up, there is
/// nothing to read.
pub(super) fn read(
    tls: &Tls,
    source: &Source,
    lookup: &dyn Lookup,
    problems: &mut Vec<Problem>,
) -> Option<Certificates> {
    if lookup.stands_in() {
        return None;
    }
    let base = FilePath::new(source.name()).parent().unwrap_or(FilePath::new(""));
    let mut read = |key: &str, named: &str| {
        // A reference brings the text itself.
        if named.contains(PEM) {
            return Some(named.to_owned());
        }
        let text = lookup.file(&base.join(named)).map_err(|error| {
            let path = Path::root().key("tls").key(key);
            let message = format!("this file cannot be read: {error}");
            problems.push(source.problem(&path, message, None));
        });
        text.ok()
    };
    let cert = read("cert", &tls.cert);
    let key = read("key", tls.key.expose());
    let client_ca = tls.client_ca.as_deref().map(|named| read("client_ca", named));
    let client_ca = match client_ca {
        Some(text) => Some(text?),
        None => None,
    };
    Some(Certificates { cert: cert?, key: Secret::new(key?), client_ca })
}
