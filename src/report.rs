//! What reads the record of every request that has ended.

pub(crate) mod access_log;
pub(crate) mod alerts;
pub(crate) mod feed;
pub(crate) mod metrics;
#[cfg(feature = "otlp")]
pub(crate) mod spans;

use std::sync::Arc;

pub(crate) use access_log::AccessLog;
pub(crate) use feed::Feed;
pub(crate) use metrics::Metrics;

use crate::record::{Finished, Report};

/// Several reports as one, told in order.
pub(crate) struct All(Vec<Arc<dyn Report>>);

impl All {
    /// One report that tells all of these; a single one is told directly.
    pub(crate) fn of(mut reports: Vec<Arc<dyn Report>>) -> Arc<dyn Report> {
        match (reports.len(), reports.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                reports.extend(last);
                Arc::new(Self(reports))
            }
        }
    }
}

impl Report for All {
    fn finished(&self, request: &Finished<'_>) {
        for report in &self.0 {
            report.finished(request);
        }
    }

    fn shows_target(&self) -> bool {
        self.0.iter().any(|report| report.shows_target())
    }
}
