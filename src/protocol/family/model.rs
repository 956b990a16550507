//! The purpose of a path that names a model or an endpoint: the part after the name is the
//! operation.
//!
//! An unknown operation has no family and is not inference: only a pool without `endpoints` allows
//! it.

/// What is done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// It is asked for something.
    Asked,
    /// The result is fetched later.
    Later,
    /// It is described.
    Shown,
    /// It is changed, deployed, or shared.
    Administered,
    /// Something that is not known.
    Unknown,
}

/// The operation on the model after `word`, if that word precedes models.
///
/// Google puts the operation at the end of the model's segment; Bedrock and others in a segment of
/// its own.
pub(super) fn named(
    (word, method): (&str, &str),
    rest: &[&str],
    (asks, changes): (bool, bool),
) -> Option<Work> {
    if !MODELS.contains(&word) {
        return None;
    }
    let last = rest.last().copied().unwrap_or_default();
    let method = last.rsplit_once(':').map_or(method, |(_, method)| method);
    // A method's name is letters: anything else is a part of the model's name.
    let method = if method.bytes().all(|it| it.is_ascii_alphabetic()) { method } else { "" };
    let is_managed = || MANAGED.contains(&last) || (word == "model" && last == "info");
    Some(match method {
        "upload" | "copy" | "export" => Work::Administered,
        _ if is_administrative(method) || changes => Work::Administered,
        _ if rest.contains(&"permissions") => Work::Administered,
        _ if LATER.contains(&method) => Work::Later,
        "" if rest.contains(&"operations") || (asks && last == CALLED_LATER) => Work::Later,
        "" if is_managed() || (asks && rest.is_empty()) => Work::Administered,
        "" if asks && CALLS.contains(&last) => Work::Asked,
        _ if !asks => Work::Shown,
        _ if METHODS.contains(&method) => Work::Asked,
        _ => Work::Unknown,
    })
}

/// The operation on an endpoint, which serves a model; `Err` gives the number of segments to the
/// operation after its name. `is_word` tells whether some protocol has this word.
pub(super) fn endpoint(
    (word, method): (&str, &str),
    rest: &[&str],
    (asks, changes): (bool, bool),
    is_word: impl Fn(&str) -> bool,
) -> Option<Result<Work, usize>> {
    if !ENDPOINTS.contains(&word) {
        return None;
    }
    let named = rest.first().copied().unwrap_or_default();
    let method = named.rsplit_once(':').map_or(method, |(_, method)| method);
    Some(Ok(match method {
        "" if named == "openapi" || is_word(named) => return Some(Err(1)),
        "" if rest.len() > 1 && !changes => return Some(Err(2)),
        "" => Work::Administered,
        _ if is_administrative(method) || changes => Work::Administered,
        _ if LATER.contains(&method) => Work::Later,
        _ if !asks => Work::Shown,
        _ if METHODS.contains(&method) => Work::Asked,
        _ => Work::Unknown,
    }))
}

/// Whether the operation at the end of a segment changes permissions or deployments.
pub(super) fn is_administrative(method: &str) -> bool {
    ADMINISTRATION.contains(&method)
}

/// Whether a segment behind a model's name asks the model for something, or is of its work.
pub(crate) fn is_call(segment: &str) -> bool {
    CALLS.contains(&segment) || BELOW.contains(&segment) || segment == CALLED_LATER
}

/// Whether the model is asked for something by this method.
pub(crate) fn is_method(method: &str) -> bool {
    METHODS.contains(&method) || LATER.contains(&method)
}

const MODELS: [&str; 3] = ["models", "tunedmodels", "model"];
const ENDPOINTS: [&str; 2] = ["endpoints", "serving-endpoints"];
/// Methods of Google's APIs (the references of the Gemini API v1beta and of Vertex AI v1) and of TensorFlow
/// Serving by which a model is asked.
const METHODS: [&str; 27] = [
    "generatecontent",
    "streamgeneratecontent",
    "bidigeneratecontent",
    "counttokens",
    "computetokens",
    "embedcontent",
    "batchembedcontents",
    "generateanswer",
    "generatemessage",
    "countmessagetokens",
    "generatetext",
    "counttexttokens",
    "embedtext",
    "batchembedtext",
    "predict",
    "rawpredict",
    "streamrawpredict",
    "directpredict",
    "directrawpredict",
    "streamdirectpredict",
    "streamdirectrawpredict",
    "serverstreamingpredict",
    "streamingpredict",
    "streamingrawpredict",
    "explain",
    "classify",
    "regress",
];
/// Operations whose result is fetched later.
const LATER: [&str; 5] = [
    "batchgeneratecontent",
    "asyncbatchembedcontent",
    "predictlongrunning",
    "batchpredict",
    "fetchpredictoperation",
];
/// Operations of the same APIs that share, deploy or configure.
const ADMINISTRATION: [&str; 18] = [
    "setiampolicy",
    "getiampolicy",
    "testiampermissions",
    "transferownership",
    "deploy",
    "deploymodel",
    "undeploymodel",
    "mutatedeployedmodel",
    "deployindex",
    "undeployindex",
    "mutatedeployedindex",
    "mergeversionaliases",
    "updateexplanationdataset",
    "exportpublishermodel",
    "setpublishermodelconfig",
    "fetchpublishermodelconfig",
    "acceptpublishermodeleula",
    "reboot",
];
/// What stands behind a model that is asked: Bedrock's runtime, SageMaker, Replicate, KServe and Triton,
/// Hugging Face's servers, and servers that have OpenAI's API below a model.
const CALLS: [&str; 20] = [
    "converse",
    "converse-stream",
    "invoke",
    "invoke-with-response-stream",
    "invoke-with-bidirectional-stream",
    "count-tokens",
    "invocations",
    "predictions",
    "predict",
    "infer",
    "generate",
    "generate_stream",
    "classify",
    "explain",
    "outputs",
    "completions",
    "embeddings",
    "responses",
    "messages",
    "rerank",
];
/// A call whose result is fetched later.
const CALLED_LATER: &str = "async-invoke";
/// What else may stand behind a model's name.
const BELOW: [&str; 5] = ["operations", "versions", "ready", "chat", "trainings"];
/// How LiteLLM, llama.cpp, LM Studio, TabbyAPI, Triton and LocalAI manage their models over HTTP: the last
/// segment behind `model` or `models`.
const MANAGED: [&str; 15] = [
    "new", "update", "delete", "load", "unload", "download", "apply", "import", "edit", "reload",
    "toggle", "install", "launch", "stop", "instance",
];
