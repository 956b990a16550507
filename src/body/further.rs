//! The field names for models besides `model`: one list for fields of bodies, parts of forms and
//! pairs of queries.

/// Whether this is the name of a field in which some vendors take a model or several, beside `model`.
/// It runs for every top-level key of a body.
pub(super) fn names_further_models(key: &[u8]) -> bool {
    // None is shorter. The first two letters rule almost all of the others out.
    key.len() > 5
        && begins_as_one(key)
        && (ONE.iter().chain(&SEVERAL)).any(|name| is_same(key, name.as_bytes()))
}

/// Whether any of the names begins with the key's first two letters.
fn begins_as_one(key: &[u8]) -> bool {
    let mut letters = key.iter().filter(|byte| !is_between(byte));
    let mut place = || letters.next().map(|it| it.to_ascii_lowercase().wrapping_sub(b'a'));
    let (Some(first), Some(second)) = (place(), place()) else { return false };
    let seconds = BEGINNINGS.get(usize::from(first)).copied().unwrap_or_default();
    second < 26 && (seconds >> second) & 1 == 1
}

/// Whether this is another name for the one model that is asked for.
pub(super) fn names_one_model(key: &[u8]) -> bool {
    ONE.iter().any(|name| is_same(key, name.as_bytes()))
}

/// Whether a pair of a query or of a form names a model, as the most lenient reader takes its name:
/// `model[]` and `model.id` are a part of `model`.
pub(crate) fn may_name_model(name: &[u8]) -> bool {
    let bare = bare(name);
    is_same(bare, b"model") || names_further_models(bare)
}

/// The name without what lenient readers take for a place below it.
pub(super) fn bare(name: &[u8]) -> &[u8] {
    name.split(|byte| matches!(byte, b'[' | b'.')).next().unwrap_or_default().trim_ascii()
}

/// Whether a lenient reader takes the key for this name of small letters: in any case, with `_` and `-`
/// anywhere.
fn is_same(key: &[u8], name: &[u8]) -> bool {
    let mut letters = key.iter().filter(|byte| !is_between(byte));
    name.iter().all(|own| letters.next().is_some_and(|it| it.eq_ignore_ascii_case(own)))
        && letters.next().is_none()
}

fn is_between(byte: &u8) -> bool {
    matches!(byte, b'_' | b'-')
}

/// Other names for the one model.
pub(crate) const ONE: [&str; 8] = [
    "modelid",
    "modelname",
    "modeluid",
    "engine",
    "engineid",
    "deployment",
    "deploymentid",
    "deploymentname",
];
/// Names of fields that hold several models, or an object or a list with models in it.
const SEVERAL: [&str; 12] = [
    "models",
    "fallbacks",
    "fallbackmodels",
    "fallbackmodel",
    "contextwindowfallbacks",
    "contentpolicyfallbacks",
    "plugins",
    "extrabody",
    "provideroptions",
    "modellist",
    "litellmparams",
    "functions",
];

/// For each first letter a bit for each second one.
const BEGINNINGS: [u32; 26] = {
    let mut beginnings = [0; 26];
    let (mut at, all) = (0, ONE.len() + SEVERAL.len());
    while at < all {
        let name = if at < ONE.len() { ONE[at] } else { SEVERAL[at - ONE.len()] }.as_bytes();
        beginnings[(name[0] - b'a') as usize] |= 1 << (name[1] - b'a');
        at += 1;
    }
    beginnings
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_spelling() {
        for name in ONE.iter().chain(&SEVERAL) {
            let capitals = name.to_ascii_uppercase();
            let dashed = format!("_{}-{}", &name[..3], &name[3..]);
            for spelled in [name, &*capitals, &dashed] {
                assert!(names_further_models(spelled.as_bytes()), "{spelled}");
                assert!(may_name_model(format!("{spelled}[0]").as_bytes()), "{spelled}");
            }
        }
        for name in ["model", "Mo-del", "model[]", "model.id", " model "] {
            assert!(may_name_model(name.as_bytes()), "{name}");
        }
        for name in ["messages", "max_tokens", "metadata", "modelled", "models2", "engin", ""] {
            assert!(!may_name_model(name.as_bytes()), "{name}");
        }
        assert!(names_one_model(b"Model-ID") && !names_one_model(b"models"));
    }
}
