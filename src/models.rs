//! What models support, by their names, as data.
//!
//! Each capability is a table, of which the first matching row counts; each row has its source page
//! and date. Rows are only closed lists of old models and rules on generations, so a new model
//! needs no row.
//!
//! It sees no request; `protocol::fit` decides what a request loses.

pub(crate) mod anthropic;
pub(crate) mod bedrock;
pub(crate) mod betas;
pub(crate) mod cohere;
pub(crate) mod effort;
pub(crate) mod gemini;
pub(crate) mod openai;
pub(crate) mod recall;
pub(crate) mod tokens;
pub(crate) mod tools;
pub(crate) mod vendors;

pub use effort::Effort;

/// A model, as far as its name tells. Each vendor's file reads the names of that vendor's models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model<'a> {
    /// The whole name.
    pub name: &'a str,
    /// The name without what gateways put before it (`openai/gpt-5`).
    pub(crate) base: &'a str,
    /// The generation that the name tells.
    pub(crate) generation: Generation,
}

/// A model's generation, `4.5` as `(4, 5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generation(pub u32, pub u32);

/// One thing that models take or do, by model.
#[derive(Debug)]
pub(crate) struct Capability<T: 'static> {
    rows: &'static [Row<T>],
    /// The value for models without a row.
    others: T,
}

/// The value for some models.
#[derive(Debug)]
pub(crate) struct Row<T> {
    which: Which,
    takes: T,
    /// Where it is stated.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers; a test holds it"))]
    pub(crate) stated: Stated,
}

/// Types of media that are taken; `None`: all of them.
pub(crate) type MediaTypes = Option<&'static [&'static str]>;

/// Models, by generation and name. Everything that is given must fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Which {
    first: Generation,
    last: Generation,
    /// Words that the whole name holds, every one.
    holds: &'static [&'static str],
    /// How the base name may begin; any way when empty.
    begins: &'static [&'static str],
    /// How the whole name may end; any way when empty.
    ends: &'static [&'static str],
}

/// Where a row is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stated {
    /// The vendor's page, without its scheme.
    pub(crate) page: &'static str,
    /// The day on which the row was written, `2026-11-21`.
    pub(crate) on: &'static str,
}

impl<T: Copy> Capability<T> {
    /// The value for this model.
    pub(crate) fn of(&self, model: Model<'_>) -> T {
        self.rows.iter().find(|row| row.which.fits(model)).map_or(self.others, |row| row.takes)
    }

    /// Where its rows are stated.
    #[cfg(test)]
    pub(crate) fn stated(&self) -> impl Iterator<Item = Stated> {
        self.rows.iter().map(|row| row.stated)
    }
}

impl<'a> Model<'a> {
    /// A model whose name tells nothing of its generation.
    pub(crate) fn named(name: &'a str) -> Self {
        Self { name, base: base(name), generation: Generation::UNKNOWN }
    }
}

impl Generation {
    /// The name tells no generation, or the model is another vendor's.
    pub(crate) const UNKNOWN: Self = Self(0, 0);
    /// The generation of a vendor's name without a number, since such names move with the models.
    pub(crate) const NEWEST: Self = Self(u32::MAX, 0);
}

impl Which {
    const ANY: Self = Self {
        first: Generation::UNKNOWN,
        last: Generation(u32::MAX, u32::MAX),
        holds: &[],
        begins: &[],
        ends: &[],
    };

    fn fits(&self, model: Model<'_>) -> bool {
        let any = |words: &[&str], is: &dyn Fn(&str) -> bool| {
            words.is_empty() || words.iter().any(|word| is(word))
        };
        (self.first..=self.last).contains(&model.generation)
            && self.holds.iter().all(|word| model.name.contains(word))
            && any(self.begins, &|word| model.base.starts_with(word))
            && any(self.ends, &|word| model.name.ends_with(word))
    }
}

impl Which {
    const fn since(major: u32, minor: u32) -> Self {
        Self { first: Generation(major, minor), ..Self::ANY }
    }

    const fn between(first: Generation, last: Generation) -> Self {
        Self { first, last, ..Self::ANY }
    }

    const fn only(major: u32, minor: u32) -> Self {
        Self::between(Generation(major, minor), Generation(major, minor))
    }

    const fn holding(self, holds: &'static [&'static str]) -> Self {
        Self { holds, ..self }
    }

    const fn beginning(self, begins: &'static [&'static str]) -> Self {
        Self { begins, ..self }
    }

    const fn ending(self, ends: &'static [&'static str]) -> Self {
        Self { ends, ..self }
    }
}

const fn row<T: Copy>(which: Which, takes: T, stated: Stated) -> Row<T> {
    Row { which, takes, stated }
}

const fn table<T: Copy>(rows: &'static [Row<T>], others: T) -> Capability<T> {
    Capability { rows, others }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATED: Stated = Stated { page: "example.com", on: "2026-11-21" };
    static FIRST: Capability<u8> = table(
        &[
            row(Which::only(2, 0).holding(&["-a", "-b"]), 1, STATED),
            row(Which::between(Generation(2, 0), Generation(3, 5)), 2, STATED),
            row(Which::since(4, 0).beginning(&["x", "y"]), 3, STATED),
            row(Which::ANY.ending(&["-z"]), 4, STATED),
        ],
        5,
    );

    #[test]
    fn capability_of_a_model_is_that_of_the_first_row_that_fits() {
        for (name, major, minor, takes) in [
            ("m-b-a", 2, 0, 1),
            ("m-a", 2, 0, 2),
            ("m", 3, 5, 2),
            ("m", 3, 6, 5),
            ("who/y", 4, 0, 3),
            ("who/m", 4, 0, 5),
            ("m-z", 0, 0, 4),
            ("m", 0, 0, 5),
        ] {
            let model = Model { generation: Generation(major, minor), ..Model::named(name) };
            assert_eq!(FIRST.of(model), takes, "{name} {major}.{minor}");
        }
    }

    #[test]
    fn rows_say_where_and_when_they_were_stated() {
        let all = all_stated();
        assert!(all.len() > 60, "only {}", all.len());
        for stated in all {
            let Stated { page, on } = stated;
            assert!(page.contains('.') && page.contains('/') && !page.contains("://"), "{page}");
            assert!(on.len() == 10 && on.starts_with("2026-"), "{page}: {on}");
        }
    }

    /// The page about protocols tells what is known of models, and since when.
    #[test]
    fn pages_of_rows_stand_in_the_documents() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocols.md");
        let page = std::fs::read_to_string(file).unwrap();
        let (_, table) = page.split_once("<!-- models -->").unwrap();
        let told: Vec<(&str, &str)> = table
            .lines()
            .filter_map(|line| {
                let mut cells = line.trim_matches('|').rsplit('|').map(str::trim);
                Some((cells.next()?, cells.next()?))
            })
            .collect();
        for Stated { page, on } in all_stated() {
            assert!(told.contains(&(on, page)), "not told: {page}, {on}");
        }
    }

    fn all_stated() -> Vec<Stated> {
        let mut all = Vec::new();
        macro_rules! add {
            ($($module:ident: $($table:ident)+;)+) => {
                $($( all.extend($module::$table.stated()); )+)+
            };
        }
        add! {
            anthropic: IMAGES OUTPUT_FORMAT THINKING PREFILL CALL_IDS ADAPTIVE THINKS_UNASKED QUIET
                HIDES_THOUGHTS XHIGH SAMPLING TEMPERATURE_OR_TOP_P DEFAULT_MAX_TOKENS MOST_TOKENS;
            bedrock: FAMILY CACHE_MARKS CACHE_MARKS_IN_TOOLS SCHEMAS PREFILL STREAMS_TOOLS
                TOOL_CHOICES CALL_IDS VECTORS;
            cohere: IMAGES THINKING STOPS TOOL_NAMES CALL_IDS DIMENSIONS;
            gemini: IMAGES SIGNATURES VALIDATED_CALLS FORMATS_BESIDE_TOOLS PREFILL MEDIA_IN_RESULTS CALL_IDS
                STOPS TOOL_NAMES THINKING;
            openai: IMAGES MAX_COMPLETION_TOKENS REASONS REASONS_WHEN_TOLD RESTS_UNTOLD STOPS EFFORTS
                EFFORT_BESIDE_TOOLS STRICT_WANTS_ALL LEAST_TOKENS CALL_IDS RESPONSES_CALL_IDS
                FREE_ORDER TOOL_NAMES;
            recall: RECALL;
        }
        all.extend(tokens::families_stated());
        all.extend(betas::stated());
        all
    }
}
