//! The pairs of a query, separated by `&` and `;` as by the most lenient server. Pairs are only
//! removed; the rest stays unchanged.

use super::decode::decoded;

/// The pairs of a query.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split(['&', ';'])
}

/// The query without the pairs that `drops` names. What stays keeps its marks.
pub(crate) fn without(query: &str, drops: &mut dyn FnMut(&str) -> bool) -> String {
    let mut kept = String::with_capacity(query.len());
    let (mut mark, mut is_first) = ("", true);
    for piece in query.split_inclusive(['&', ';']) {
        let pair = piece.strip_suffix(['&', ';']).unwrap_or(piece);
        if !drops(pair) {
            if !std::mem::take(&mut is_first) {
                kept.push_str(mark);
            }
            kept.push_str(pair);
        }
        mark = piece.get(pair.len()..).unwrap_or_default();
    }
    kept
}

/// The pairs of a client's query whose names the base's query has not. Azure takes names in capitals
/// for the same.
pub(super) fn without_named(client: &str, own: &str) -> String {
    let owned: Vec<String> = pairs(own).map(name_of).collect();
    let mut has_version = owned.iter().any(|name| name == API_VERSION);
    without(client, &mut |pair| {
        // In every spelling that a lenient server takes for the same.
        let name = name_of(pair);
        let name = name.split('[').next().unwrap_or_default().trim();
        let repeats = name == API_VERSION && std::mem::replace(&mut has_version, true);
        repeats || owned.iter().any(|own| own == name)
    })
}

/// The name of a pair of a query, as the most lenient server reads it.
fn name_of(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default().replace('+', " ");
    decoded(&name).trim().to_ascii_lowercase()
}

/// The parameter that Azure wants once.
pub(super) const API_VERSION: &str = "api-version";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_divided_by_either_mark() {
        let own = "api-version=1";
        for (client, left) in [
            ("x=1;api-version=2", "x=1"),
            ("x=1;API%2Dversion=2&y=3", "x=1&y=3"),
            ("api-version=2;x=1;y", "x=1;y"),
            ("a=1;b=2&c", "a=1;b=2&c"),
            ("x=1;api%252Dversion[]=2", "x=1"),
        ] {
            assert_eq!(without_named(client, own), left, "{client}");
        }
        assert_eq!(without_named("api-version=1;api-version=2", ""), "api-version=1");
    }
}
