//! Placeholders for references that are not resolved.

/// Whether the text is a placeholder.
pub(crate) fn is_stand_in(text: &str) -> bool {
    text.contains(STAND_IN)
}

/// A URL whose host is a placeholder.
pub(super) fn url(text: &str, key: Option<&str>) -> Option<String> {
    let before = &text[..text.find("${")?];
    let names_host = before.split_once("://").is_none_or(|(_, rest)| !rest.contains('/'));
    (key == Some("url") && names_host && !before.starts_with("mock:"))
        .then(|| format!("https://{}.invalid", stand_in(text)))
}

/// The placeholder of a reference. The same reference gives the same text, which is valid in a host
/// name.
pub(super) fn stand_in(name: &str) -> String {
    format!("{STAND_IN}{}", &blake3::hash(name.as_bytes()).to_hex()[..12])
}

const STAND_IN: &str = "onwards-offline-";
