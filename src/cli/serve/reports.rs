//! Starts the reports that flags and environment ask for.

use std::sync::Arc;

use super::{access_log, arguments::Arguments, spans};
use crate::{
    live::Meters,
    record::Report,
    report::{All, Feed, Metrics},
};

/// The reports that receive every request, and the tasks behind them.
pub(super) struct Reports {
    pub(super) all: Arc<dyn Report>,
    pub(super) feed: Arc<Feed>,
    pub(super) access_log: Option<access_log::Running>,
    pub(super) spans: spans::Running,
}

impl Reports {
    /// Starts the reports.
    pub(super) fn start(arguments: &Arguments, meters: &Arc<Meters>) -> Result<Self, String> {
        let dropped = meters.process.log_lines_dropped.clone();
        let access_log = access_log::start(arguments, dropped)?;
        let mut reports: Vec<Arc<dyn Report>> = vec![Metrics::new(Arc::clone(meters))];
        reports.extend(access_log.iter().map(|it| Arc::clone(&it.report)));
        // The feed is read only through the operations port, so it is kept only if that port is
        // open.
        let feed = Arc::<Feed>::default();
        if arguments.metrics {
            reports.push(Arc::clone(&feed) as Arc<dyn Report>);
        }
        let spans = spans::start(meters);
        reports.extend(spans.report());
        Ok(Self { all: All::of(reports), feed, access_log, spans })
    }
}
