//! `onwards check FILE`: every problem (exit 1), or a summary of the aliases (exit 0).

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use super::terminal;
use crate::{
    config::path::shown,
    live::Meters,
    protocol::family::is_vendors_host,
    reload::Loader,
    table::{Access, Endpoints, Place, Pool, Provider, Table},
};

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
            terminal::complain(&format!("onwards: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match Loader::new(&arguments.file, meters).load() {
        Ok(table) => {
            terminal::say(&summary(&table));
            for warning in warnings(&table) {
                terminal::complain(&warning);
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            terminal::complain(&problems.rendered());
            ExitCode::FAILURE
        }
    }
}

/// What is allowed and perhaps not meant.
fn warnings(table: &Table) -> Vec<String> {
    let is_vendors = |provider: &Provider| match &provider.place {
        Place::Wire { origin, .. } => origin.host.to_str().is_ok_and(is_vendors_host),
        Place::Mock(_) => false,
    };
    let is_wide = |pool: &&Arc<Pool>| {
        matches!(pool.access, Access::Closed(_))
            && pool.endpoints == Endpoints::All
            && pool.providers.iter().any(is_vendors)
    };
    let warning = |pool: &Arc<Pool>| {
        format!(
            "warning: targets.{}: a holder of one of its keys reaches the files, batches and stored \
            responses of the vendor's account; narrow it with `\"endpoints\": [\"inference\"]`, or name \
            in `endpoints` what is meant",
            shown(&pool.alias)
        )
    };
    table.pools().iter().filter(is_wide).map(warning).collect()
}

fn summary(table: &Table) -> String {
    let line = |pool: &Arc<Pool>| {
        let names: Vec<String> =
            pool.providers.iter().map(|provider| shown(&provider.name)).collect();
        let names = if names.is_empty() { "no provider".to_owned() } else { names.join(", ") };
        format!("  {} → {names}\n", shown(&pool.alias))
    };
    let lines: String = table.pools().iter().map(line).collect();
    format!("{} aliases, no problems\n{}", table.pools().len(), lines.trim_end())
}
