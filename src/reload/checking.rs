//! What `onwards check` says, of a file and of a text that may become one. No table of it ever serves.

use std::path::Path;

use super::{Loader, keeping};
use crate::{
    config::{
        self, Problem, Problems, Survey,
        references::{Lookup, System},
    },
    live::Meters,
    table::{self, Table},
};

impl Loader {
    /// Compiles the file as it is now with what `lookup` finds for references, and tells what is
    /// probably not meant.
    ///
    /// # Errors
    /// Every problem of the file.
    pub(crate) fn check(&self, lookup: &dyn Lookup) -> Result<(Table, Problems), Problems> {
        self.check_survey(config::survey_file(&self.path, lookup)?)
    }

    fn check_survey(&self, survey: Survey) -> Result<(Table, Problems), Problems> {
        let Survey { loaded, problems } = survey;
        match loaded {
            Some(loaded) if problems.is_empty() => {
                keeping::shared(&loaded)?;
                let table = table::compile(&loaded, &self.registry, &self.hash_key, self.born)?;
                let warnings = table::warnings(&loaded, &table);
                Ok((table, warnings))
            }
            loaded => {
                self.compile(Survey { loaded, problems }).map(|table| (table, Problems(Vec::new())))
            }
        }
    }
}

/// What is probably not meant in a text that is to be the content of the file at `path`.
///
/// # Errors
/// Every problem of it.
pub(crate) fn checked(path: &Path, text: String) -> Result<Problems, Problems> {
    let name = path.display().to_string();
    let meters = Meters::new("onwards").map_err(|_| {
        Problems::from(Problem::without_place(&name, "it cannot be checked".to_owned()))
    })?;
    let survey = config::survey(&name, text, &System)?;
    Loader::new(path, meters).check_survey(survey).map(|(_, warnings)| warnings)
}
