//! What stands in for references where none is looked up.
//!
//! It reads no variable and no file.

/// Whether this stands in for a value that is not known here.
pub(crate) fn is_stand_in(text: &str) -> bool {
    text.contains(STAND_IN)
}

/// A host that stands in for one that a reference names.
pub(super) fn url(text: &str, key: Option<&str>) -> Option<String> {
    let before = &text[..text.find("${")?];
    let names_host = before.split_once("://").is_none_or(|(_, rest)| !rest.contains('/'));
    (key == Some("url") && names_host && !before.starts_with("mock:"))
        .then(|| format!("https://{}.invalid", stand_in(text)))
}

/// Two references to one thing are one text, and what they name can stand in a host.
pub(super) fn stand_in(name: &str) -> String {
    format!("{STAND_IN}{}", &blake3::hash(name.as_bytes()).to_hex()[..12])
}

const STAND_IN: &str = "onwards-offline-";
