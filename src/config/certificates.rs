//! The certificate of the clients' port, its key and the client CAs, read from files or given as
//! text.
//!
//! The texts are not parsed here; `table::compile` does that.

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
    /// The certificate chain.
    pub(crate) cert: String,
    /// Its private key.
    pub(crate) key: Secret,
    /// The CAs that sign client certificates.
    pub(crate) client_ca: Option<String>,
}

/// Reads what `tls` names. A file that cannot be read is a problem. With references unresolved,
/// nothing is read.
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
        // A reference gives the text itself, not a path.
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
