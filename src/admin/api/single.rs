//! A provider that is changed where its target is written as one object: there, a key that pools and providers have
//! is the pool's, so it would change the whole alias.

use serde_json::{Map, Value};

use super::{change::edited, denied::Denied};
use crate::config::{
    Path,
    edit::{Change, Document},
    is_pool_key,
    path::Segment,
};

/// The document after a JSON Merge Patch of the provider at `path`. Keys of the provider alone are changed in place;
/// for others the target becomes a pool with `providers`.
pub(super) fn patched(document: &Document, path: &Path, patch: &Value) -> Result<String, Denied> {
    let is_listed = matches!(path.segments().last(), Some(Segment::Index(_)));
    let foreign = |key: &str| is_pool_key(key) || LISTS.contains(&key);
    let Some(members) = patch.as_object().filter(|_| !is_listed) else {
        return edited(document, path, Change::Merge(patch));
    };
    if members.iter().any(|(key, value)| foreign(key) && !value.is_null()) {
        return listed(document, path, patch);
    }
    // What the provider does not have need not be removed.
    let own = members.iter().filter(|(key, _)| !foreign(key));
    let own = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    edited(document, path, Change::Merge(&Value::Object(own)))
}

/// The same after the target has become a pool with one provider.
fn listed(document: &Document, path: &Path, patch: &Value) -> Result<String, Denied> {
    let Some(Value::Object(single)) = document.value(path) else {
        return Err(Denied::invalid(format!("`{path}` is not a provider"), None));
    };
    let (mut pool, provider) = apart(single);
    pool.insert("providers".into(), vec![Value::Object(provider)].into());
    let text = edited(document, path, Change::Set(&pool.into()))?;
    let document = Document::read("", text.as_bytes()).map_err(Denied::Problems)?;
    edited(&document, &path.key("providers").index(0), Change::Merge(patch))
}

/// The keys of a pool and those of its provider, of a target that is written as one object.
pub(super) fn apart(single: Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    single.into_iter().partition(|(key, _)| is_pool_key(key))
}

/// Keys that make a target another spelling.
const LISTS: [&str; 2] = ["providers", "pools"];
