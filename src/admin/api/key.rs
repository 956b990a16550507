//! The admin key: its source, and the check of a request's key.
//!
//! It is kept as a digest and compared in constant time.

use std::{env, path::Path};

use axum::http::{HeaderMap, Request, header};

use super::{denied::Denied, routes};
use crate::secret::Secret;

/// The admin key.
#[derive(Debug)]
pub(crate) struct AdminKey(blake3::Hash);

impl AdminKey {
    /// The key in the file, or else in `ONWARDS_ADMIN_KEY`; `None` where there is neither.
    ///
    /// # Errors
    /// What is wrong with the file or the variable.
    pub(crate) fn configured(file: Option<&Path>) -> Result<Option<Self>, String> {
        let text = match file {
            Some(file) => {
                let text = std::fs::read_to_string(file);
                let wrong = |error| format!("--admin-key-file: {}: {error}", file.display());
                Secret::new(text.map_err(wrong)?)
            }
            None => match env::var(VARIABLE) {
                Ok(text) if !text.is_empty() => Secret::new(text),
                Ok(_) | Err(env::VarError::NotPresent) => return Ok(None),
                Err(_) => return Err(format!("{VARIABLE}: this is not UTF-8 text")),
            },
        };
        let place = if file.is_some() { "--admin-key-file" } else { VARIABLE };
        match text.expose().trim() {
            "" => Err(format!("{place}: the key is empty")),
            key if key.chars().any(|c| c.is_whitespace() || c.is_control()) => {
                Err(format!("{place}: the key holds white space, which no header can hold"))
            }
            key if key.len() < SHORTEST => Err(format!(
                "{place}: the key is shorter than {SHORTEST} characters and could be guessed; make \
                 one with `openssl rand -hex 32`"
            )),
            key => Ok(Some(Self::of(key))),
        }
    }

    fn of(key: &str) -> Self {
        Self(blake3::hash(key.as_bytes()))
    }

    /// Checks the key of a request.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), Denied> {
        let takes_header = routes::takes_api_key(request.uri().path());
        let offered = offered(request.headers(), takes_header).ok_or(Denied::MissingKey)?;
        // `blake3::Hash` compares in constant time.
        match self.0 == blake3::hash(offered) {
            true => Ok(()),
            false => Err(Denied::WrongKey),
        }
    }
}

/// The key in a request.
fn offered(headers: &HeaderMap, takes_header: bool) -> Option<&[u8]> {
    if takes_header && let Some(key) = headers.get(API_KEY) {
        return Some(key.as_bytes());
    }
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, key) = value.split_at_checked(BEARER.len())?;
    scheme.eq_ignore_ascii_case(BEARER).then(|| key.trim_ascii())
}

/// Whoever has it sends the credentials of all providers where they like: it is not to be guessed.
const SHORTEST: usize = 16;
const VARIABLE: &str = "ONWARDS_ADMIN_KEY";
const BEARER: &[u8] = b"bearer ";
/// The header of Apache APISIX's admin API.
const API_KEY: &str = "x-api-key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_key_in_its_header_opens() {
        let key = AdminKey::of("right");
        let check = |path: &str, name: &str, value: &str| {
            let request = Request::builder().uri(path).header(name, value).body(()).unwrap();
            key.check(&request).is_ok()
        };
        assert!(check("/admin/config", "authorization", "Bearer right"));
        assert!(check("/admin/config", "authorization", "bearer  right "));
        for wrong in ["Bearer", "Bearer ", "Bearer righ", "Bearer rightt", "Basic right", "right"] {
            assert!(!check("/admin/config", "authorization", wrong), "{wrong}");
        }
        assert!(!check("/admin/config", "x-api-key", "right"));
        assert!(check("/apisix/admin/routes", "x-api-key", "right"));
        assert!(!format!("{key:?}").contains("right"));
    }

    #[test]
    fn key_that_could_be_guessed_or_never_sent_is_refused_with_what_to_do() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (key, said) in [
            ("a", "shorter than 16"),
            ("fifteen-letters", "openssl rand -hex 32"),
            ("two words of a long key", "white space"),
            ("one-of-two-lines\nthe-other-of-two", "white space"),
        ] {
            std::fs::write(file.path(), key).unwrap();
            let refused = AdminKey::configured(Some(file.path())).unwrap_err();
            assert!(refused.contains(said), "{refused}");
            assert!(key.len() == 1 || !refused.contains(key), "{refused}");
        }
    }

    #[test]
    fn an_empty_file_is_no_key() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(AdminKey::configured(Some(file.path())).is_err());
        std::fs::write(file.path(), "key-from-the-file\n").unwrap();
        let key = AdminKey::configured(Some(file.path())).unwrap().unwrap();
        assert_eq!(key.0, AdminKey::of("key-from-the-file").0);
        assert!(AdminKey::configured(Some(Path::new("/no/such/file"))).is_err());
    }
}
