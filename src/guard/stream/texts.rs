//! Where the events of a stream contain texts: data that each protocol declares.

/// Where texts stand in the events of a stream that go on from one event to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts {
    /// The keys that lead to each, without lists.
    pub(crate) places: &'static [&'static [&'static str]],
    /// The keys of numbers and truths that tell texts of the same place apart.
    pub(crate) ids: &'static [&'static str],
    /// How the types of events end that end the texts of their ids.
    pub(crate) ends: &'static [&'static str],
    /// The keys that say so in an object of an event, where they hold a text.
    pub(crate) finishes: &'static [&'static str],
}

/// Those of all protocols together: what comes may be of another protocol than what was asked for.
#[derive(Debug, Default)]
pub(crate) struct AllTexts {
    pub(super) places: Vec<&'static [&'static str]>,
    pub(super) ids: Vec<&'static str>,
    pub(super) ends: Vec<&'static str>,
    pub(super) finishes: Vec<&'static str>,
}

impl Texts {
    /// None: a stream of which nothing is known.
    pub(crate) const NONE: Self = Self { places: &[], ids: &[], ends: &[], finishes: &[] };
}

impl<'a> FromIterator<&'a Texts> for AllTexts {
    fn from_iter<I: IntoIterator<Item = &'a Texts>>(rows: I) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.places.extend(row.places);
            all.ids.extend(row.ids);
            all.ends.extend(row.ends);
            all.finishes.extend(row.finishes);
        }
        all
    }
}
