//! The name that was probably meant.
//!
//! It never guesses wildly: a name that is not close is no suggestion.

/// The candidate nearest to `word`, if one is near. Case, `-` and `_` make no distance.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = plain(word);
    let most = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The distance takes time and memory in both lengths; nobody mistypes a name this long.
const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["weight", "priority", "requests_per_second", "url", "keys"];
        for (word, expected) in [
            ("wieght", Some("weight")),
            ("requestsPerSecond", Some("requests_per_second")),
            ("Priority", Some("priority")),
            ("key", Some("keys")),
            ("urll", Some("url")),
            ("zz", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(nearest(&"w".repeat(1_000_000), known), None);
    }
}
