//! Spans as the environment asks for them, in a build that has them.

use std::sync::Arc;

use crate::{live::Meters, record::Report, trace::Sampling};

/// What runs for spans, if anything does.
pub(super) struct Running {
    #[cfg(feature = "otlp")]
    spans: Option<crate::report::spans::Running>,
    sampling: Option<Sampling>,
}

/// Starts what the environment asks for. What is wrong there is logged and is no reason not to serve.
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

/// Says where this build cannot do what the environment asks for.
#[cfg(not(feature = "otlp"))]
pub(super) fn start(_: &Meters) -> Running {
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        tracing::warn!("no spans are sent: this build is without the feature `otlp`");
    }
    Running { sampling: None }
}

impl Running {
    /// Which requests have spans.
    pub(super) fn sampling(&self) -> Option<Sampling> {
        self.sampling
    }

    /// What requests are told to.
    pub(super) fn report(&self) -> Option<Arc<dyn Report>> {
        #[cfg(feature = "otlp")]
        return self.spans.as_ref().map(|spans| Arc::clone(&spans.report));
        #[cfg(not(feature = "otlp"))]
        None
    }

    /// Sends what is waiting.
    pub(super) fn stop(&self) {
        #[cfg(feature = "otlp")]
        if let Some(spans) = &self.spans {
            spans.stop();
        }
    }
}
