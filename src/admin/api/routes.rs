//! The routes of the admin API, as one table. A name in braces may contain slashes, since aliases
//! may.

use percent_encoding::percent_decode_str;

use super::denied::Denied;

/// The actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    ReadConfig,
    ReadOpenapi,
    ReadRecords,
    Reload,
    ReadTargets,
    ReadTarget,
    PutTarget,
    PatchTarget,
    DeleteTarget,
    ReadKeys,
    ReadKey,
    PutKey,
    PatchKey,
    DeleteKey,
    RotateKey,
    BlockKey,
    UnblockKey,
    PatchProvider,
    Rest,
    Wake,
    Drain,
    NewModel,
    UpdateModel,
    DeleteModel,
    ReadModels,
    GenerateKey,
    UpdateKey,
    DeleteKeys,
    BlockByKey,
    UnblockByKey,
    ReadByKey,
    PutRoute,
    DeleteRoute,
}

/// A route: its method, its path, what it does.
type Route = (&'static str, &'static str, Act);

/// The action of a request, and the names in its path.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) act: Act,
    /// In each way to read them; the first name is the longest in the first.
    pub(super) names: Vec<Vec<String>>,
}

/// Whether a path belongs to the admin API.
pub(super) fn is_administration(path: &str) -> bool {
    PLACES.iter().any(|place| {
        path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Whether the key may be in its own header.
pub(super) fn takes_api_key(path: &str) -> bool {
    path.starts_with("/apisix/")
}

/// The route of a request.
pub(super) fn find(method: &str, path: &str) -> Result<Found, Denied> {
    let mut others = Vec::new();
    for (wanted, pattern, act) in ROUTES {
        let names = names(pattern, path);
        if names.is_empty() {
            continue;
        }
        if *wanted == method {
            return Ok(Found { act: *act, names });
        }
        others.push(*wanted);
    }
    Err(if others.is_empty() { Denied::NoRoute } else { Denied::NoMethod(others.join(", ")) })
}

/// The names in a path that matches this pattern. A name may contain slashes, so two names may be
/// read in several ways.
fn names(pattern: &str, path: &str) -> Vec<Vec<String>> {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    let Some(surplus) = path.len().checked_sub(pattern.len()) else { return Vec::new() };
    let is_name = |part: &&&str| part.starts_with('{');
    let ways = if pattern.iter().filter(is_name).count() > 1 { surplus + 1 } else { 1 };
    (0..ways).filter_map(|less| names_of(&pattern, &path, [surplus - less, less])).collect()
}

/// The names, of which each takes so many segments more than one.
fn names_of(pattern: &[&str], path: &[&str], surplus: [usize; 2]) -> Option<Vec<String>> {
    let (mut names, mut at, mut surplus) = (Vec::new(), 0, surplus.into_iter());
    for wanted in pattern {
        if wanted.starts_with('{') {
            let end = at + 1 + surplus.next().unwrap_or_default();
            let name = path.get(at..end)?.join("/");
            let name = percent_decode_str(&name).decode_utf8().ok()?;
            if name.is_empty() {
                return None;
            }
            names.push(name.into_owned());
            at = end;
        } else {
            if path.get(at) != Some(wanted) {
                return None;
            }
            at += 1;
        }
    }
    (at == path.len()).then_some(names)
}

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    ("GET", "/admin/config", Act::ReadConfig),
    ("GET", "/admin/openapi.json", Act::ReadOpenapi),
    ("GET", "/admin/records", Act::ReadRecords),
    ("POST", "/admin/reload", Act::Reload),
    ("GET", "/admin/targets", Act::ReadTargets),
    ("GET", "/admin/targets/{alias}", Act::ReadTarget),
    ("PUT", "/admin/targets/{alias}", Act::PutTarget),
    ("PATCH", "/admin/targets/{alias}", Act::PatchTarget),
    ("DELETE", "/admin/targets/{alias}", Act::DeleteTarget),
    ("GET", "/admin/keys", Act::ReadKeys),
    ("GET", "/admin/keys/{name}", Act::ReadKey),
    ("PUT", "/admin/keys/{name}", Act::PutKey),
    ("PATCH", "/admin/keys/{name}", Act::PatchKey),
    ("DELETE", "/admin/keys/{name}", Act::DeleteKey),
    ("POST", "/admin/keys/{name}/rotate", Act::RotateKey),
    ("POST", "/admin/keys/{name}/block", Act::BlockKey),
    ("POST", "/admin/keys/{name}/unblock", Act::UnblockKey),
    ("PATCH", "/admin/providers/{alias}/{provider}", Act::PatchProvider),
    ("POST", "/admin/providers/{alias}/{provider}/rest", Act::Rest),
    ("POST", "/admin/providers/{alias}/{provider}/wake", Act::Wake),
    ("POST", "/admin/providers/{alias}/{provider}/drain", Act::Drain),
    // Those of LiteLLM and Routero.
    ("POST", "/model/new", Act::NewModel),
    ("POST", "/model/update", Act::UpdateModel),
    ("POST", "/model/delete", Act::DeleteModel),
    ("GET", "/model/info", Act::ReadModels),
    ("GET", "/v1/model/info", Act::ReadModels),
    ("POST", "/key/generate", Act::GenerateKey),
    ("POST", "/key/update", Act::UpdateKey),
    ("POST", "/key/delete", Act::DeleteKeys),
    ("POST", "/key/block", Act::BlockByKey),
    ("POST", "/key/unblock", Act::UnblockByKey),
    ("GET", "/key/info", Act::ReadByKey),
    // Those of Apache APISIX and API7.
    ("PUT", "/apisix/admin/routes", Act::PutRoute),
    ("PUT", "/apisix/admin/routes/{id}", Act::PutRoute),
    ("DELETE", "/apisix/admin/routes/{id}", Act::DeleteRoute),
];

/// The prefixes of all paths of the admin API.
const PLACES: [&str; 5] = ["/admin", "/model", "/v1/model", "/key", "/apisix/admin"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_slashes_and_escapes() {
        let found = |path: &str| find("GET", path).map(|found| (found.act, found.names));
        for path in ["/admin/targets/smart/balanced", "/admin/targets/smart%2Fbalanced"] {
            let (act, names) = found(path).unwrap();
            assert_eq!((act, names), (Act::ReadTarget, vec![vec!["smart/balanced".to_owned()]]));
        }
        assert_eq!(found("/admin/targets").unwrap().0, Act::ReadTargets);
        for path in ["/admin/targets/", "/admin/targets/%ff", "/admin", "/admin/config/x"] {
            assert!(matches!(found(path), Err(Denied::NoRoute)), "{path}");
        }
        let denied = find("POST", "/admin/targets/a").unwrap_err();
        assert!(matches!(denied, Denied::NoMethod(allow) if allow == "GET, PUT, PATCH, DELETE"));
    }

    #[test]
    fn every_route_is_below_a_place() {
        assert!(ROUTES.iter().all(|(_, path, _)| is_administration(path)));
        assert!(is_administration("/admin") && !is_administration("/administer"));
    }
}
