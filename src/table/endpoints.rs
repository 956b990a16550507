//! The endpoints that an alias serves: families, or paths.
//!
//! Administrative endpoints of a vendor's account are excluded unless their path is listed.

use crate::{path, protocol::Family};

/// The allowed endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoints {
    /// All except administration.
    All,
    /// Only these.
    Only {
        /// Families.
        families: Vec<Family>,
        /// Paths without a slash at the end; `*` as the last segment matches everything below.
        paths: Vec<Box<str>>,
    },
}

impl Endpoints {
    /// Whether a request is allowed; `family` is the family of its path, if known.
    pub(crate) fn permit(&self, path_and_query: &str, family: Option<Family>) -> bool {
        let is_administration = family == Some(Family::Administration);
        let Self::Only { families, paths } = self else { return !is_administration };
        if !is_administration && family.is_some_and(|family| families.contains(&family)) {
            return true;
        }
        let bare = path_and_query.split('?').next().unwrap_or_default();
        let is_plain = path::plain(bare) == bare;
        paths.iter().any(|path| match path.strip_suffix('*') {
            Some(above) => is_plain && !is_administration && bare.starts_with(above),
            None => bare == &**path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Family as F;

    #[test]
    fn families_and_paths() {
        let all = Endpoints::All;
        assert!(all.permit("/v1/files", Some(F::Files)) && all.permit("/v1/x", None));
        assert!(!all.permit("/v1/organization/costs", Some(F::Administration)));
        let only = Endpoints::Only {
            families: vec![F::Inference, F::Batches],
            paths: vec!["/v1/files".into(), "/v1/own/*".into(), "/v1/organization/costs".into()],
        };
        for (path, family, wanted) in [
            ("/v1/chat/completions", Some(F::Inference), true),
            ("/v1/batches", Some(F::Batches), true),
            ("/v1/files?limit=1", Some(F::Files), true),
            ("/v1/files/f", Some(F::Files), false),
            ("/v1/own/a/b", None, true),
            ("/v1/own", None, false),
            ("/v1/own/a%2Fb", None, false),
            ("/v1/other", None, false),
            ("/v1/organization/costs?x=1", Some(F::Administration), true),
            ("/v1/organization/costs/x", Some(F::Administration), false),
            ("/v1/organization/users", Some(F::Administration), false),
        ] {
            assert_eq!(only.permit(path, family), wanted, "{path}");
        }
        let wild = Endpoints::Only { families: F::NAMED.to_vec(), paths: vec!["/v1/*".into()] };
        assert!(!wild.permit("/v1/organization/costs", Some(F::Administration)));
    }
}
