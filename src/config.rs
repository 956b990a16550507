//! Reads the file strictly: every problem at once, with its place.
//!
//! The meaning of keys is defined in `table::compile`. Only `sound` knows a few keys that belong
//! together, so that one mistake is not reported twice.

use std::{collections::BTreeMap, path::Path as FilePath};

use serde::Deserialize;

#[cfg(test)]
use references::System;
use references::{Lookup, Texts};
use targets::Targets;

pub(crate) mod raw;
pub(crate) mod path;
pub(crate) mod problem;
pub(crate) mod source;
pub(crate) mod edit;
pub(crate) mod mask;
pub(crate) mod replace;
mod excerpt;
mod file;
mod json;
mod look_alike;
mod piece;
mod prices;
pub mod references;
mod schema;
mod shape;
mod certificates;
mod check;
mod settled;
mod sound;
mod targets;
pub(crate) use crate::words::nearest;
pub(crate) use certificates::Certificates;
pub(crate) use path::Path;
pub(crate) use problem::Problem;
pub use problem::Problems;
pub use schema::{published, schema};
pub(crate) use shape::is_pool_key;
pub(crate) use source::Source;

/// A file that was read and has the right shape.
#[derive(Debug)]
pub struct Loaded {
    /// Everything except its targets.
    pub(crate) file: raw::File,
    /// Its text, for problems that only `table::compile` can find.
    pub(crate) source: Source,
    /// The prices of its price files, in order.
    pub(crate) public_prices: Vec<BTreeMap<String, raw::Price>>,
    /// The certificates that `tls` names.
    pub(crate) certificates: Option<Certificates>,
    targets: Targets,
}

/// The valid part of a file, and its problems.
#[derive(Debug)]
pub struct Survey {
    /// The valid part, in which further problems may be found.
    pub loaded: Option<Loaded>,
    /// The problems; without any, the valid part is the whole file.
    pub problems: Vec<Problem>,
}

/// Reads and checks a configuration file, resolving references in this process's environment.
///
/// # Errors
/// Every problem of the file, in the order of their places.
#[cfg(test)]
pub(crate) fn load(path: &FilePath) -> Result<Loaded, Problems> {
    survey_file(path, &System)?.whole()
}

/// Reads as much of a configuration file as possible, resolving references with `lookup`.
///
/// # Errors
/// The file cannot be read at all.
pub(crate) fn survey_file(path: &FilePath, lookup: &dyn Lookup) -> Result<Survey, Problems> {
    let name = path.display().to_string();
    let bytes = read(path)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let good = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
        let hint = look_alike::bytes(error.as_bytes());
        let flaw = Source::without_tree(&name, good).flaw_at_end("this is not UTF-8 text");
        Problems::from(Problem { hint: hint.map(str::to_owned), ..flaw })
    })?;
    survey(&name, text, lookup)
}

/// The bytes of a configuration file.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read(path: &FilePath) -> Result<Vec<u8>, Problems> {
    file::read(path, LARGEST_FILE, "256 MiB").map_err(|error| {
        let why = format!("the file cannot be read: {error}");
        Problem::without_place(&path.display().to_string(), why).into()
    })
}

/// Checks a configuration text. `name` is its name in problems, and relative `${file:…}` paths
/// start in its directory.
///
/// # Errors
/// Every problem of the text, in the order of their places.
pub fn parse(name: &str, text: String, lookup: &dyn Lookup) -> Result<Loaded, Problems> {
    survey(name, text, lookup)?.whole()
}

/// Checks a configuration text, and keeps its valid part.
///
/// # Errors
/// The text is not JSON.
pub fn survey(name: &str, text: String, lookup: &dyn Lookup) -> Result<Survey, Problems> {
    let source = Source::read(name, text)?;
    let mut problems = source.duplicates();
    let twice = problems.len();
    let texts = Texts::resolve(&source, lookup, &mut problems);
    check::check(&source, &texts, &mut problems);
    let read = if problems.is_empty() {
        let file = raw::File::deserialize(piece::Piece::whole(&source, &texts));
        file.map(|file| (file, Targets::written(&source, texts)))
    } else {
        let mut value = texts.value(&source, source.root());
        let (twice, others) = problems.split_at(twice);
        sound::prune(&mut value, twice, others);
        raw::File::deserialize(value).map(|mut file| {
            let targets = std::mem::take(&mut file.targets);
            (file, Targets::Read(targets))
        })
    };
    let loaded = match read {
        Ok((file, targets)) => {
            let public_prices = file
                .prices
                .as_ref()
                .map(|prices| prices::read(prices, &source, lookup, &mut problems));
            let public_prices = public_prices.unwrap_or_default();
            let tls = file.tls.as_ref();
            let certificates =
                tls.and_then(|tls| certificates::read(tls, &source, lookup, &mut problems));
            Some(Loaded { file, source, public_prices, certificates, targets })
        }
        // The shape comes from `raw` itself, so a file without problems cannot fail. If it did,
        // serde's error would not be shown, since it quotes values.
        Err(_) if problems.is_empty() => {
            let message = "the file does not match its own schema";
            problems.push(source.problem(&Path::root(), message, None));
            None
        }
        Err(_) => None,
    };
    Ok(Survey { loaded, problems })
}

impl Loaded {
    /// The aliases, in order.
    pub(crate) fn aliases(&self) -> impl ExactSizeIterator<Item = &str> {
        self.targets.aliases()
    }

    /// Calls `used` with the target of an alias, which is read for it alone; `None` if it does not
    /// exist or does not match its schema.
    pub(crate) fn with_target<R>(
        &self,
        alias: &str,
        used: impl FnOnce(&raw::Target) -> R,
    ) -> Option<R> {
        self.targets.with(&self.source, alias, used)
    }
}

impl Survey {
    /// The file, if it has no problems.
    fn whole(self) -> Result<Loaded, Problems> {
        match self.loaded {
            Some(loaded) if self.problems.is_empty() => Ok(loaded),
            _ => Err(self.problems.into()),
        }
    }
}

const LARGEST_FILE: u64 = 256 << 20;

#[cfg(test)]
mod tests;
