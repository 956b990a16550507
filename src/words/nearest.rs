//! The name that was probably meant, if it is close.

/// The candidate nearest to `word`, if one is near. Case, `-` and `_` make no distance.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = plain(word);
    let length = word.chars().count();
    let most = (length / 3).clamp(1, 3);
    let distance = |candidate: &str| {
        let candidate = plain(candidate);
        // Cheap, and true of nearly all candidates of a large file.
        let may_be_near = candidate.chars().count().abs_diff(length) <= most;
        may_be_near.then(|| strsim::damerau_levenshtein(&word, &candidate))
    };
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(candidate)?, candidate)))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names that `word` was probably meant to be, the likeliest first: those near to it, and
/// those that are it with something more or less. `candidates` are looked at up to a bound.
pub(crate) fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if word.len() > LONGEST {
        return Vec::new();
    }
    let asked = plain(word);
    let most = (asked.chars().count() / 3).clamp(1, 3);
    let distance = |candidate: &str| {
        let candidate = plain(candidate);
        if candidate.len() > LONGEST {
            return None;
        }
        if candidate.len().abs_diff(asked.len()) <= most {
            let distance = strsim::damerau_levenshtein(&asked, &candidate);
            if distance <= most {
                return Some(distance);
            }
        }
        let (short, long) =
            if candidate.len() < asked.len() { (&candidate, &asked) } else { (&asked, &candidate) };
        (short.len() >= SHORTEST_PART && (long.starts_with(&**short) || long.ends_with(&**short)))
            .then(|| most + long.len() - short.len())
    };
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .take(MOST_CANDIDATES)
        .filter_map(|candidate| Some((distance(candidate)?, candidate)))
        .collect();
    near.sort_unstable();
    near.into_iter().take(MOST_MEANT).map(|(_, candidate)| candidate).collect()
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The longest name that is compared, since the distance takes time and memory in both lengths.
const LONGEST: usize = 100;
/// Characters of a name that another may begin or end with.
const SHORTEST_PART: usize = 3;
/// Looking takes about a microsecond for each, while the client waits.
const MOST_CANDIDATES: usize = 4096;
const MOST_MEANT: usize = 3;

#[cfg(test)]
mod tests {
    use super::{meant, nearest};

    #[test]
    fn names_that_may_be_meant_are_told_likeliest_first() {
        let known = ["claude-sonnet-4", "claude-haiku", "gpt-4o", "gpt-4o-mini", "gpt-5", "o3"];
        for (asked, expected) in [
            ("gpt-4", &["gpt-4o", "gpt-5", "gpt-4o-mini"][..]),
            ("gtp-4o", &["gpt-4o"]),
            ("openai/gpt-4o", &["gpt-4o"]),
            ("claude", &["claude-haiku", "claude-sonnet-4"]),
            ("Claude_Haiku", &["claude-haiku"]),
            ("llama", &[]),
            ("", &[]),
        ] {
            assert_eq!(meant(asked, known), expected, "{asked}");
        }
    }

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
