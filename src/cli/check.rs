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
    let mut warnings: Vec<String> = table.pools().iter().filter(is_wide).map(warning).collect();
    warnings.extend(table.pools().iter().filter_map(|pool| out_of_reach(table, pool)));
    warnings
}

/// The pools behind `to` that no request comes to, where the pools before them may use up all of its
/// attempts.
fn out_of_reach(table: &Table, pool: &Pool) -> Option<String> {
    let total = pool.fallback.most_in_all.filter(|_| pool.fallback.enabled)?;
    let mut before = pool.fallback.max_attempts;
    for next in pool.fallback.to.iter().map(|id| table.pool(*id)) {
        if before >= total {
            return Some(format!(
                "warning: targets.{}.fallback.max_attempts_total: the pools before `{}` may make all {total} \
                attempts, so that it is not reached",
                shown(&pool.alias),
                shown(&next.alias)
            ));
        }
        before = before.saturating_add(next.fallback.max_attempts);
    }
    None
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
