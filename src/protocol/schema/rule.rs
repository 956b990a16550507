//! What a vendor supports of JSON Schema, as data.

/// What a vendor supports of JSON Schema.
#[derive(Debug)]
pub(in crate::protocol) struct Rule {
    /// Keywords that are removed, and named as lost.
    pub(in crate::protocol) removed: &'static [&'static str],
    /// Keywords that stand under another name.
    pub(in crate::protocol) renamed: &'static [(&'static str, &'static str)],
    /// The most that `minItems` may ask for.
    pub(in crate::protocol) most_min_items: Option<u64>,
    /// The values of `format` that are known; without a list, every value.
    pub(in crate::protocol) formats: Option<&'static [&'static str]>,
    /// Whether a `pattern` may look around, go back or know the edges of words.
    pub(in crate::protocol) rich_patterns: bool,
    /// Whether values of `enum` may be objects and lists.
    pub(in crate::protocol) rich_enums: bool,
    /// Whether every object must have `additionalProperties: false`. An object that allows others
    /// loses that.
    pub(in crate::protocol) closes_objects: bool,
    /// Whether the root must be an object with `properties` and without alternatives, and every
    /// list must have `items`.
    pub(in crate::protocol) completes: bool,
}

impl Rule {
    /// Everything is supported.
    pub(in crate::protocol) const ANY: Self = Self {
        removed: &[],
        renamed: &[],
        most_min_items: None,
        formats: None,
        rich_patterns: true,
        rich_enums: true,
        closes_objects: false,
        completes: false,
    };
}

/// Alternatives among schemas, which the schema of a tool itself must not be.
pub(super) const CHOICES: [&str; 5] = ["anyOf", "oneOf", "allOf", "not", "enum"];
