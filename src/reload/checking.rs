//! The checks of `onwards check`, for a file and for a text that may replace it. Their tables never
//! serve.

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
    /// Compiles the file, resolving references with `lookup`, and adds the warnings.
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
            loaded => self.compile(Survey { loaded, problems }),
        }
    }
}

/// The warnings for a text that is to replace the file at `path`.
///
/// # Errors
/// Every problem of the text.
pub(crate) fn checked(path: &Path, text: String) -> Result<Problems, Problems> {
    let name = path.display().to_string();
    let meters = Meters::new("onwards").map_err(|_| {
        Problems::from(Problem::without_place(&name, "it cannot be checked".to_owned()))
    })?;
    let survey = config::survey(&name, text, &System)?;
    Loader::new(path, meters).check_survey(survey).map(|(_, warnings)| warnings)
}
