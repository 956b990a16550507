//! The standard variables of OpenTelemetry (`OTEL_*`), as far as the exporter does not read them
//! itself.

use std::time::Duration;

use crate::trace::Sampling;

/// How spans are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    /// Which requests have spans.
    pub(crate) sampling: Sampling,
    /// Whether they go by gRPC, and not by HTTP with protobuf.
    pub(super) is_grpc: bool,
    /// How long one export may take.
    pub(super) timeout: Duration,
    /// The size of the queue.
    pub(super) room: usize,
    /// Whether the environment names the service.
    pub(super) names_service: bool,
}

impl Settings {
    /// Those of the environment; nothing where no collector is named, or spans are turned off.
    ///
    /// # Errors
    /// Which variable cannot be followed, and what to write.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let variable =
            |name: &str| variable(name).map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
        let of_traces = |name: &str| {
            variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
                .or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        let is_off =
            variable("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if is_off || of_traces("ENDPOINT").is_none() {
            return Ok(None);
        }
        match variable("OTEL_TRACES_EXPORTER").as_deref() {
            None | Some("otlp") => {}
            Some("none") => return Ok(None),
            Some(_) => return Err("OTEL_TRACES_EXPORTER: use `otlp` or `none`".to_owned()),
        }
        let is_grpc = match of_traces("PROTOCOL").as_deref() {
            None | Some("http/protobuf") => false,
            Some("grpc") => true,
            Some(_) => {
                let wanted = "OTEL_EXPORTER_OTLP_PROTOCOL: use `http/protobuf` or `grpc`";
                return Err(wanted.to_owned());
            }
        };
        if of_traces("CERTIFICATE").is_some() {
            let instead = "a certificate of the collector is trusted where the system trusts it";
            return Err(format!("OTEL_EXPORTER_OTLP_CERTIFICATE is not read: {instead}"));
        }
        let timeout = number(of_traces("TIMEOUT"), "OTEL_EXPORTER_OTLP_TIMEOUT", 10_000)?;
        let room = number(variable(QUEUE), QUEUE, 2_048)?;
        let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        Ok(Some(Self {
            sampling: sampling(&variable)?,
            is_grpc,
            timeout: Duration::from_millis(timeout),
            room: usize::try_from(room).unwrap_or(usize::MAX),
            names_service: variable("OTEL_SERVICE_NAME").is_some()
                || attributes.split(',').any(|it| it.trim().starts_with("service.name=")),
        }))
    }
}

fn sampling(variable: &impl Fn(&str) -> Option<String>) -> Result<Sampling, String> {
    let share = || {
        let Some(text) = variable(ARGUMENT) else { return Ok(1.0) };
        let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        share.ok_or_else(|| format!("{ARGUMENT}: write a share between 0 and 1, such as 0.1"))
    };
    let (follows_parent, share) = match variable(SAMPLER).as_deref() {
        None | Some("parentbased_always_on") => (true, 1.0),
        Some("parentbased_always_off") => (true, 0.0),
        Some("parentbased_traceidratio") => (true, share()?),
        Some("always_on") => (false, 1.0),
        Some("always_off") => (false, 0.0),
        Some("traceidratio") => (false, share()?),
        Some(_) => {
            return Err(format!(
                "{SAMPLER}: use `always_on`, `always_off` or `traceidratio`, or one of them behind \
                 `parentbased_`"
            ));
        }
    };
    Ok(Sampling { follows_parent, share })
}

fn number(text: Option<String>, name: &str, usual: u64) -> Result<u64, String> {
    let Some(text) = text else { return Ok(usual) };
    let number = text.parse::<u64>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{name}: write a whole number above 0"))
}

const QUEUE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
