//! Compiles `endpoints`: families and paths, which begin with a slash.

use super::Compiler;
use crate::{
    config::{Path, nearest::nearest},
    protocol::Family,
    table::Endpoints,
};

impl Compiler<'_> {
    /// The endpoints of an alias; `own` tells that the alias sets them itself.
    pub(super) fn endpoints(
        &mut self,
        raw: Option<&[String]>,
        own: bool,
        path: &Path,
    ) -> Endpoints {
        let Some(raw) = raw else { return Endpoints::All };
        let place = if own { path.clone() } else { Path::root().key("defaults") }.key("endpoints");
        let (mut families, mut paths) = (Vec::new(), Vec::new());
        for (at, entry) in raw.iter().enumerate() {
            if entry.starts_with('/') {
                let trimmed = entry.trim_end_matches('/');
                let is_odd = trimmed.contains('?')
                    || trimmed.strip_suffix("/*").unwrap_or(trimmed).contains('*')
                    || crate::path::plain(trimmed) != trimmed;
                if is_odd {
                    let message = "expected a path without a query, `*` only as its last segment";
                    self.endpoints_problem(own, &place.index(at), message.into(), None);
                }
                paths.push(trimmed.into());
            } else if let Some(family) = Family::from_name(entry) {
                families.push(family);
            } else {
                let known = Family::NAMED.map(Family::name);
                let hint = nearest(entry, known).map(|near| format!("did you mean `{near}`?"));
                let all = known.map(|name| format!("`{name}`")).join(", ");
                let message = format!("expected a path or one of {all}");
                self.endpoints_problem(own, &place.index(at), message, hint);
            }
        }
        Endpoints::Only { families, paths }
    }

    /// Problems in `defaults` are reported only for the first alias.
    fn endpoints_problem(
        &mut self,
        own: bool,
        place: &Path,
        message: String,
        hint: Option<String>,
    ) {
        let is_known = self.problems.iter().any(|problem| problem.path == *place);
        if own || !is_known {
            self.problem(place, message, hint);
        }
    }
}
