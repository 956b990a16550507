//! The standard variables of OpenTelemetry (`OTEL_*`).

use std::{fmt, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::trace::Sampling;

/// How spans are sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// Which requests have spans.
    pub(crate) sampling: Sampling,
    /// Where they are sent.
    pub(super) collector: Collector,
    /// Whether they go by gRPC, and not by HTTP with protobuf.
    pub(super) is_grpc: bool,
    /// Whether they are packed with gzip.
    pub(super) is_packed: bool,
    /// How long one export may take.
    pub(super) timeout: Duration,
    /// The size of the queue.
    pub(super) room: usize,
    /// How many are sent together,
    pub(super) batch: usize,
    /// and how long fewer wait for more.
    pub(super) delay: Duration,
    /// What the spans say of this process.
    pub(super) resource: Vec<(String, String)>,
}

/// The URL of a collector and the headers for it, which may both contain a key.
#[derive(Clone, PartialEq)]
pub(super) struct Collector {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
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
        let own = variable(OWN_ENDPOINT);
        let Some(endpoint) = own.clone().or_else(|| variable(ENDPOINT)).filter(|_| !is_off) else {
            return Ok(None);
        };
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
        let is_packed = match of_traces("COMPRESSION").as_deref() {
            None | Some("none") => false,
            Some("gzip") => true,
            Some(_) => {
                return Err("OTEL_EXPORTER_OTLP_COMPRESSION: use `gzip` or `none`".to_owned());
            }
        };
        let timeout = number(of_traces("TIMEOUT"), "OTEL_EXPORTER_OTLP_TIMEOUT", 10_000)?;
        let size = |name: &str, usual| {
            let size = number(variable(name), name, usual)?;
            Ok::<_, String>(usize::try_from(size).unwrap_or(usize::MAX))
        };
        let room = size(QUEUE, 2_048)?;
        Ok(Some(Self {
            sampling: sampling(&variable)?,
            collector: Collector {
                url: url(&endpoint, own.is_some(), is_grpc)?,
                headers: headers(&of_traces("HEADERS").unwrap_or_default())?,
            },
            is_grpc,
            is_packed,
            timeout: Duration::from_millis(timeout),
            room,
            batch: size(BATCH, 512)?.min(room),
            delay: Duration::from_millis(number(variable(DELAY), DELAY, 5_000)?),
            resource: resource(&variable)?,
        }))
    }
}

/// The URL to which spans are posted. The endpoint of traces is whole, that of all signals is a
/// base; for gRPC, both are.
fn url(endpoint: &str, is_own: bool, is_grpc: bool) -> Result<Url, String> {
    let wanted = || {
        let name = if is_own { OWN_ENDPOINT } else { ENDPOINT };
        format!("{name}: write a URL, such as `http://127.0.0.1:4318`")
    };
    let whole = match is_grpc && !endpoint.contains("://") {
        true => Url::parse(&format!("http://{endpoint}")),
        false => Url::parse(endpoint),
    };
    let mut url = whole.map_err(|_| wanted())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wanted());
    }
    if is_grpc {
        url.set_path(SERVICE);
    } else if !is_own {
        url.set_path(&format!("{}/v1/traces", url.path().trim_end_matches('/')));
    }
    Ok(url)
}

fn headers(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(text, "OTEL_EXPORTER_OTLP_HEADERS")? {
        let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            let wanted = "OTEL_EXPORTER_OTLP_HEADERS: a name or a value is not valid in a header";
            return Err(wanted.to_owned());
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn resource(variable: &impl Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, String> {
    let mut all = pairs(&variable(RESOURCE).unwrap_or_default(), RESOURCE)?;
    let service = |name: &str, value: &str| (format!("service.{name}"), value.to_owned());
    if let Some(name) = variable("OTEL_SERVICE_NAME") {
        all.retain(|(known, _)| known != "service.name");
        all.push(service("name", &name));
    }
    if !all.iter().any(|(known, _)| known == "service.name") {
        all.push(service("name", "onwards"));
        all.push(service("version", env!("CARGO_PKG_VERSION")));
    }
    Ok(all)
}

/// `name=value,name=value`, with escapes of URLs.
fn pairs(text: &str, variable: &str) -> Result<Vec<(String, String)>, String> {
    let whole = |text: &str| percent_decode_str(text.trim()).decode_utf8().ok().map(String::from);
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((whole(name).filter(|name| !name.is_empty())?, whole(value)?))
    };
    let parts = text.split(',').filter(|part| !part.trim().is_empty());
    let pairs: Option<Vec<_>> = parts.map(pair).collect();
    pairs.ok_or_else(|| format!("{variable}: write `name=value,name=value`"))
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

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const OWN_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// Where a collector takes spans over gRPC.
const SERVICE: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
const QUEUE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
const BATCH: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
const DELAY: &str = "OTEL_BSP_SCHEDULE_DELAY";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
