//! `onwards check FILE`: prints every problem (exit 1), or a summary of the aliases with warnings
//! (exit 0; with `--strict` 1).

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use serde_json::{Value, json};

use super::terminal;
use crate::{
    config::{
        Problem, Problems,
        path::shown,
        references::{Lookup, Offline, System},
    },
    live::Meters,
    reload::Loader,
    table::{Pool, Table},
};

#[derive(Debug, clap::Args)]
#[group(id = "check")]
pub(super) struct Arguments {
    /// The file to check.
    #[arg(env = "ONWARDS_TARGETS")]
    file: PathBuf,
    /// Exit with 1 if there are warnings.
    #[arg(long)]
    strict: bool,
    /// Print all problems and warnings as one JSON object.
    #[arg(long)]
    json: bool,
    /// Do not resolve references: variables and files need not exist.
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let meters = match Meters::new("onwards") {
        Ok(meters) => meters,
        Err(error) => {
            terminal::complain(&format!("onwards: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let lookup: &dyn Lookup = if arguments.offline { &Offline } else { &System };
    let checked = Loader::new(&arguments.file, meters).check(lookup);
    let is_good = match &checked {
        Ok((_, warnings)) => !arguments.strict || warnings.0.is_empty(),
        Err(_) => false,
    };
    if arguments.json {
        terminal::say(&format!("{:#}", report(&checked, is_good)));
    } else {
        tell(checked);
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(checked: Result<(Table, Problems), Problems>) {
    match checked {
        Ok((table, warnings)) => {
            terminal::say(&summary(&table));
            for warning in &warnings.0 {
                terminal::complain(&format!("warning: {warning}"));
            }
        }
        Err(problems) => terminal::complain(&problems.rendered()),
    }
}

/// The report as JSON. Except for names, it holds no value from the file.
fn report(checked: &Result<(Table, Problems), Problems>, is_good: bool) -> Value {
    let list = |problems: &Problems| problems.0.iter().map(Problem::told).collect::<Vec<_>>();
    match checked {
        Err(problems) => {
            json!({"ok": is_good, "problems": list(problems), "warnings": [], "aliases": {}})
        }
        Ok((table, warnings)) => {
            // An alias with several pools lists the providers of each.
            let completions = |pool: &Arc<Pool>| pool.completions.map(|id| names(table.pool(id)));
            let all_names =
                |pool| json!([names(pool), completions(pool).unwrap_or_default()].concat());
            let aliases: serde_json::Map<String, Value> =
                table.aliases().iter().map(|pool| (shown(&pool.alias), all_names(pool))).collect();
            json!({"ok": is_good, "problems": [], "warnings": list(warnings), "aliases": aliases})
        }
    }
}

fn names(pool: &Arc<Pool>) -> Vec<String> {
    pool.providers.iter().map(|provider| shown(&provider.name)).collect()
}

fn summary(table: &Table) -> String {
    let line = |pool: &Arc<Pool>| {
        let names = names(pool);
        let names = if names.is_empty() { "no provider".to_owned() } else { names.join(", ") };
        format!("  {} → {names}\n", shown(&pool.alias))
    };
    let lines: String = table.pools().iter().map(line).collect();
    format!("{}, no problems\n{}", terminal::aliases(table.aliases().len()), lines.trim_end())
}
