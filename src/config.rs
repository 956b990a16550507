//! What the file says: read strictly, with every problem at once and its place.
//!
//! It never knows what a key is for: meaning begins in `table::compile`.

use std::path::{Path as FilePath, PathBuf};

use serde::Deserialize;

use references::{Lookup, System, Texts};

pub mod raw;
pub mod path;
pub mod problem;
pub mod source;
mod excerpt;
mod json;
pub mod references;
mod schema;
mod shape;
mod check;
mod unsupported;
pub mod nearest;

pub use path::Path;
pub use problem::{Problem, Problems};
pub use schema::schema;
pub use source::Source;

/// A file that was read and has the right shape.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub file: raw::File,
    /// Where it says it, for problems that only `table::compile` can see.
    pub source: Source,
    /// Every file named by a `${file:…}`, so that a reload can watch them too.
    pub files: Vec<PathBuf>,
}

/// Reads and checks a configuration file, resolving references in this process's environment.
///
/// # Errors
/// Every problem of the file, in the order of their places.
pub fn load(path: &FilePath) -> Result<Loaded, Problems> {
    let name = path.display().to_string();
    let unreadable = |why: String| Problems::from(Problem::without_place(&name, why));
    let bytes = std::fs::read(path)
        .map_err(|error| unreadable(format!("the file cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let good = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
        Problems::from(Source::without_tree(&name, good).flaw_at_end("this is not UTF-8 text"))
    })?;
    parse(&name, text, &System)
}

/// Checks a configuration text; `name` stands in problems, and its directory is where relative
/// `${file:…}` paths begin.
///
/// # Errors
/// Every problem of the text, in the order of their places.
pub fn parse(name: &str, text: String, lookup: &dyn Lookup) -> Result<Loaded, Problems> {
    let source = Source::read(name, text)?;
    let mut problems = source.duplicates();
    let texts = Texts::resolve(&source, lookup, &mut problems);
    check::check(&source, &texts, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    // The shape came from `raw` itself, so this cannot fail. Should it ever, serde's own words
    // are kept back, since they quote values.
    let file = raw::File::deserialize(texts.value(&source, source.root())).map_err(|_| {
        Problems::from(source.problem(&Path::root(), "the file does not fit its own schema", None))
    })?;
    Ok(Loaded { file, source, files: texts.into_files() })
}

#[cfg(test)]
mod tests;
