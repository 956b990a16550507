//! Forms of texts that the schema shows to editors.

/// The name of a header, or a reference to it.
pub(super) const HEADER_NAME: &str = r"^(\$\{.*|[!#$%&'*+.^_`|~0-9A-Za-z-]+)$";
/// A path from the root, or a reference to it.
pub(super) const AT_ROOT: &str = r"^(/|\$\{)";
