//! The declared fields of requests, as data: types, ranges and words of each endpoint.

/// The type of a value. `null` means an absent field.
#[derive(Debug)]
pub(crate) enum Want {
    /// Any JSON.
    Any,
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// A number from the first to the second.
    Number(f64, f64),
    /// The same without a fraction.
    Whole(i64, i64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list.
    List(&'static Want),
    /// A list with at least one item.
    Some(&'static Want),
    /// An object with any keys.
    Map(&'static Want),
    /// An object with these fields.
    Object(&'static [Wanted]),
    /// An object whose fields depend on a word in one of them. Without that field, the first
    /// variant applies.
    Tagged(&'static str, &'static [(&'static str, &'static [Wanted])]),
    /// What is wanted there.
    Within(&'static Want),
    /// One of these, by its type.
    Either(&'static [Want]),
}

/// A field of a request.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    pub(crate) want: Want,
    pub(crate) must: bool,
}

/// An optional field.
pub(crate) const fn can(name: &'static str, want: Want) -> Wanted {
    Wanted { name, want, must: false }
}

/// A field that must be there.
pub(crate) const fn need(name: &'static str, want: Want) -> Wanted {
    Wanted { name, want, must: true }
}

/// A whole number that counts something.
pub(crate) const COUNT: Want = Want::Whole(0, i64::MAX);
/// The same, at least one.
pub(crate) const POSITIVE: Want = Want::Whole(1, i64::MAX);
/// Any number.
pub(crate) const NUMBER: Want = Want::Number(f64::MIN, f64::MAX);
/// Any whole number.
pub(crate) const WHOLE: Want = Want::Whole(i64::MIN, i64::MAX);
/// A share of all.
pub(crate) const SHARE: Want = Want::Number(0.0, 1.0);

impl Want {
    /// What it is called in a sentence.
    pub(super) fn noun(&self) -> String {
        match self {
            Self::Any => "any value".into(),
            Self::Text => "a string".into(),
            Self::Flag => "`true` or `false`".into(),
            Self::Number(f64::MIN, f64::MAX) => "a number".into(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Whole(i64::MIN, i64::MAX) => "a whole number".into(),
            Self::Whole(least, i64::MAX) => format!("a whole number, at least {least}"),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Choice(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::List(_) => "a list".into(),
            Self::Some(_) => "a list with at least one item".into(),
            Self::Map(_) | Self::Object(_) | Self::Tagged(..) => "an object".into(),
            Self::Within(want) => want.noun(),
            Self::Either(wants) => wants.iter().map(Self::noun).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Whether a value with this first byte may match.
    pub(super) fn begins_with(&self, first: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Text | Self::Choice(_) => first == b'"',
            Self::Flag => matches!(first, b't' | b'f'),
            Self::Number(..) | Self::Whole(..) => matches!(first, b'-' | b'0'..=b'9'),
            Self::List(_) | Self::Some(_) => first == b'[',
            Self::Map(_) | Self::Object(_) | Self::Tagged(..) => first == b'{',
            Self::Within(want) => want.begins_with(first),
            Self::Either(wants) => wants.iter().any(|want| want.begins_with(first)),
        }
    }
}
