//! `onwards check FILE`: every problem (exit 1), or a summary of the aliases (exit 0).

use std::{path::PathBuf, process::ExitCode};

use crate::{config::path::shown, live::Meters, reload::Loader, table::Table};

#[derive(Debug, clap::Args)]
#[group(id = "check")]
pub(super) struct Arguments {
    /// The file to check.
    #[arg(env = "ONWARDS_TARGETS")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let meters = match Meters::new("onwards") {
        Ok(meters) => meters,
        Err(error) => {
            super::complain(&format!("onwards: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match Loader::new(&arguments.file, meters).load() {
        Ok(table) => {
            super::say(&summary(&table));
            ExitCode::SUCCESS
        }
        Err(problems) => {
            super::complain(&problems.rendered());
            ExitCode::FAILURE
        }
    }
}

fn summary(table: &Table) -> String {
    let line = |pool: &std::sync::Arc<crate::table::Pool>| {
        let names: Vec<String> =
            pool.providers.iter().map(|provider| shown(&provider.name)).collect();
        let names = if names.is_empty() { "no provider".to_owned() } else { names.join(", ") };
        format!("  {} → {names}\n", shown(&pool.alias))
    };
    let lines: String = table.pools().iter().map(line).collect();
    format!("{} aliases, no problems\n{}", table.pools().len(), lines.trim_end())
}
