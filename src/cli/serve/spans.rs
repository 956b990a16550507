//! Starts OTLP spans if the environment asks for them and the build has them.

use std::sync::Arc;

use crate::{live::Meters, record::Report, trace::Sampling};

/// The exporter, if it runs.
pub(super) struct Running {
    #[cfg(feature = "otlp")]
    spans: Option<crate::report::spans::Running>,
    sampling: Option<Sampling>,
}

/// Starts the exporter. A wrong setting is logged; it does not stop the start.
#[cfg(feature = "otlp")]
pub(super) fn start(meters: &Meters) -> Running {
    use crate::report::spans;

    let settings = spans::Settings::of(|name| std::env::var(name).ok());
    let started = settings.and_then(|settings| {
        let Some(settings) = settings else { return Ok(None) };
        let running = spans::Running::start(settings, &meters.process.spans)?;
        Ok(Some((running, settings.sampling)))
    });
    match started {
        Ok(Some((spans, sampling))) => Running { spans: Some(spans), sampling: Some(sampling) },
        Ok(None) => Running { spans: None, sampling: None },
        Err(problem) => {
            tracing::error!("no spans are sent: {problem}");
            Running { spans: None, sampling: None }
        }
    }
}

/// Warns when the environment asks for spans that this build cannot send.
#[cfg(not(feature = "otlp"))]
pub(super) fn start(_: &Meters) -> Running {
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        tracing::warn!("no spans are sent: this build is without the feature `otlp`");
    }
    Running { sampling: None }
}

impl Running {
    /// Which requests are sampled.
    pub(super) fn sampling(&self) -> Option<Sampling> {
        self.sampling
    }

    /// The report that receives requests.
    pub(super) fn report(&self) -> Option<Arc<dyn Report>> {
        #[cfg(feature = "otlp")]
        return self.spans.as_ref().map(|spans| Arc::clone(&spans.report));
        #[cfg(not(feature = "otlp"))]
        None
    }

    /// Sends what is queued and stops.
    pub(super) fn stop(&self) {
        #[cfg(feature = "otlp")]
        if let Some(spans) = &self.spans {
            spans.stop();
        }
    }
}
