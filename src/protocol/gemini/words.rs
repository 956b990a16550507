//! The allowed values of answer fields that are enumerations.
//!
//! It is data.

pub(super) const BLOCKS: &[&str] = &[
    "BLOCK_REASON_UNSPECIFIED",
    "BLOCKED_REASON_UNSPECIFIED",
    "SAFETY",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "IMAGE_SAFETY",
    "MODEL_ARMOR",
    "JAILBREAK",
];
pub(super) const LANGUAGES: &[&str] = &["LANGUAGE_UNSPECIFIED", "PYTHON"];
pub(super) const OUTCOMES: &[&str] =
    &["OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"];
pub(super) const HARMS: &[&str] = &[
    "HARM_CATEGORY_UNSPECIFIED",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
    "HARM_CATEGORY_JAILBREAK",
    "HARM_CATEGORY_IMAGE_HATE",
    "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT",
    "HARM_CATEGORY_IMAGE_HARASSMENT",
    "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DEROGATORY",
    "HARM_CATEGORY_TOXICITY",
    "HARM_CATEGORY_VIOLENCE",
    "HARM_CATEGORY_SEXUAL",
    "HARM_CATEGORY_MEDICAL",
    "HARM_CATEGORY_DANGEROUS",
];
pub(super) const PROBABILITIES: &[&str] =
    &["HARM_PROBABILITY_UNSPECIFIED", "NEGLIGIBLE", "LOW", "MEDIUM", "HIGH"];
pub(super) const SEVERITIES: &[&str] = &[
    "HARM_SEVERITY_UNSPECIFIED",
    "HARM_SEVERITY_NEGLIGIBLE",
    "HARM_SEVERITY_LOW",
    "HARM_SEVERITY_MEDIUM",
    "HARM_SEVERITY_HIGH",
];
pub(super) const RETRIEVALS: &[&str] = &[
    "URL_RETRIEVAL_STATUS_UNSPECIFIED",
    "URL_RETRIEVAL_STATUS_SUCCESS",
    "URL_RETRIEVAL_STATUS_ERROR",
    "URL_RETRIEVAL_STATUS_PAYWALL",
    "URL_RETRIEVAL_STATUS_UNSAFE",
];
pub(super) const TRAFFIC: &[&str] = &[
    "TRAFFIC_TYPE_UNSPECIFIED",
    "ON_DEMAND",
    "ON_DEMAND_PRIORITY",
    "ON_DEMAND_FLEX",
    "ON_DEMAND_OFFPEAK",
    "PROVISIONED_THROUGHPUT",
];
pub(super) const MODALITIES: &[&str] =
    &["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"];
pub(super) const TIERS: &[&str] = &["unspecified", "flex", "standard", "priority"];
pub(super) const STAGES: &[&str] = &[
    "MODEL_STAGE_UNSPECIFIED",
    "UNSTABLE_EXPERIMENTAL",
    "EXPERIMENTAL",
    "PREVIEW",
    "STABLE",
    "LEGACY",
    "DEPRECATED",
    "RETIRED",
];
#[rustfmt::skip]
pub(super) const MEDIA: &[&str] = &[
    "image/png", "image/jpeg", "image/webp", "image/gif", "image/heic", "image/heif", "image/bmp",
    "image/svg+xml", "audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a",
    "audio/ogg", "audio/opus", "audio/aac", "audio/flac", "audio/aiff", "audio/webm", "audio/pcm",
    "audio/L16", "audio/L16;rate=16000", "audio/L16;rate=24000", "audio/L16;codec=pcm;rate=16000",
    "audio/L16;codec=pcm;rate=24000", "audio/L16;codec=pcm;rate=48000", "audio/pcm;rate=16000",
    "audio/pcm;rate=24000", "audio/pcm;rate=48000", "video/mp4", "video/mpeg", "video/quicktime",
    "video/webm", "video/x-flv", "video/wmv", "video/3gpp", "application/pdf", "application/json",
    "application/octet-stream", "text/plain", "text/csv", "text/html", "text/css", "text/xml",
    "text/markdown", "text/javascript", "text/x-python",
];
#[rustfmt::skip]
pub(super) const TOOLS: &[&str] = &[
    "TOOL_TYPE_UNSPECIFIED", "GOOGLE_SEARCH_WEB", "GOOGLE_SEARCH_IMAGE", "URL_CONTEXT", "GOOGLE_MAPS",
    "FILE_SEARCH", "MEDIA_PROCESSING",
];
#[rustfmt::skip]
pub(super) const THRESHOLDS: &[&str] = &[
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED", "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF",
];
