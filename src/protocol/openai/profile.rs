//! The profile of OpenAI Chat Completions, and of everything else that only OpenAI has.
//!
//! It is data about everything except bodies.

use super::finish::read_finish;
use crate::guard::stream::Texts;
use crate::models::openai;
use crate::protocol::chat::proof;
use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::family::{Family as F, Word, word};
use crate::protocol::fields::{Field, Means};
use crate::protocol::limits::{Limit, Limits};
use crate::protocol::profile::{AskUsage, EffortField, Newer, OutputCap, Profile, Said, Stream};
use crate::protocol::reasons::{self, Reasons};
use crate::protocol::service::Services;
use crate::protocol::usage::{Count, Form, Place};

/// The profile of this protocol.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    foreign_proofs: &["\"thought_signature\""],
    given_back: Some(proof::GIVEN_BACK),
    services: Services::ByHost,
    proofs_are_of_calls: true,
    declared: super::declared::DECLARED,
    words: WORDS,
    hosts: &[
        "api.openai.com",
        ".openai.azure.com",
        ".services.ai.azure.com",
        "openrouter.ai",
        "api.mistral.ai",
        "api.groq.com",
        "api.together.xyz",
        "api.deepseek.com",
        "api.x.ai",
        "api.fireworks.ai",
    ],
    speaks_at: &[],
    likely_end: Some("/completions"),
    is_openais: true,
    prompt: &["messages", "prompt", "input"],
    tools: &["tools", "functions"],
    output: OutputCap {
        names: &["max_tokens", "max_completion_tokens"],
        newer: Some(Newer { wants: has_newer, name: "max_completion_tokens" }),
        copies: &["n", "best_of"],
        ..OutputCap::USUAL
    },
    effort: Some(EffortField {
        key: "chat_completions",
        at: &["reasoning_effort"],
        limits: &["max_completion_tokens", "max_tokens"],
        native: &[
            &["thinking"],
            &["thinking_token_budget"],
            &["thinking_budget"],
            &["enable_thinking"],
            &["reasoning"],
            &["chat_template_kwargs", "thinking"],
            &["chat_template_kwargs", "enable_thinking"],
        ],
    }),
    // xAI's later answers: https://docs.x.ai/docs/guides/deferred-chat-completions
    delivery: &["stream", "stream_options", "deferred"],
    asks_usage: Some(AskUsage { options: &["stream_options"], field: "include_usage" }),
    // Providers that omit `[DONE]` still send a finish reason.
    spoken: [SPOKEN, SPOKEN],
    stream: Stream {
        ends: &["data: [DONE]", "data:[DONE]", "\"finish_reason\":\"", "\"finish_reason\": \""],
        places: &[&["choices", "*", "finish_reason"]],
        last: &["data: [DONE]", "data:[DONE]"],
        closes: Some("[DONE]"),
        said: SAID,
        ..Stream::USUAL
    },
    usage: &USAGE,
    reasons: &REASONS,
    streamed: &STREAMED,
    ..Profile::USUAL
};

/// Why a model stopped.
static REASONS: Reasons = Reasons {
    read: |reason| (reason != "error").then(|| read_finish(reason)),
    events: &[&["choices", "*", "finish_reason"]],
    whole: &[reasons::Place { key: "\"finish_reason\"", deep: [3, 3], is_early: false }],
    ..Reasons::NONE
};

/// Images and transcriptions have the second names.
pub(super) static USAGE: Form = Form {
    fields: &["\"usage\""],
    places: &[
        Place(Count::Input, "", "prompt_tokens"),
        Place(Count::Input, "", "input_tokens"),
        Place(Count::Output, "", "completion_tokens"),
        Place(Count::Output, "", "output_tokens"),
        Place(Count::CacheRead, "prompt_tokens_details", "cached_tokens"),
        Place(Count::CacheWrite, "prompt_tokens_details", "cache_write_tokens"),
        Place(Count::Reasoning, "completion_tokens_details", "reasoning_tokens"),
        Place(Count::Total, "", "total_tokens"),
        // DeepSeek's and Moonshot's names.
        Place(Count::CacheRead, "", "prompt_cache_hit_tokens"),
        Place(Count::CacheRead, "", "cached_tokens"),
    ],
    deepest: 1,
    // Moonshot tells it inside of the choice.
    deepest_in_event: 3,
    cache_is_beside: false,
    ..Form::USUAL
};

/// OpenAI's headers about limits, which many others write, too.
pub(in crate::protocol) const LIMITS: Limits = Limits {
    start: "x-ratelimit-",
    limits: &[
        Limit {
            remaining: "x-ratelimit-remaining-requests",
            limit: "x-ratelimit-limit-requests",
            reset: "x-ratelimit-reset-requests",
        },
        Limit {
            remaining: "x-ratelimit-remaining-tokens",
            limit: "x-ratelimit-limit-tokens",
            reset: "x-ratelimit-reset-tokens",
        },
        Limit {
            remaining: "x-ratelimit-remaining",
            limit: "x-ratelimit-limit",
            reset: "x-ratelimit-reset",
        },
    ],
};

/// The headers of the IETF's draft, which gateways and smaller vendors write.
pub(in crate::protocol) const DRAFT_LIMITS: Limits = Limits {
    start: "ratelimit-",
    limits: &[Limit {
        remaining: "ratelimit-remaining",
        limit: "ratelimit-limit",
        reset: "ratelimit-reset",
    }],
};

/// The flat fields of a request, in the order in which they are written.
pub(super) static FIELDS: [Field; 7] = fields(&["max_completion_tokens", "max_tokens"]);

/// The same for models that know the older name of the limit alone.
pub(super) static OLDER_FIELDS: [Field; 7] = fields(&["max_tokens"]);

const fn fields(limit: &'static [&'static str]) -> [Field; 7] {
    [
        Field::new(limit, Means::MaxTokens),
        Field::new(&["temperature"], Means::Temperature),
        Field::new(&["top_p"], Means::TopP),
        Field::new(&["presence_penalty"], Means::PresencePenalty),
        Field::new(&["frequency_penalty"], Means::FrequencyPenalty),
        Field::new(&["seed"], Means::Seed),
        Field::new(&["stop"], Means::Stop).one_or_many(),
    ]
}

/// Whether a model knows the newer name of the limit alone.
fn has_newer(model: &str) -> bool {
    openai::MAX_COMPLETION_TOKENS.of(openai::model(model))
}

const SAID: &[Said] = &[
    Said::with_key(
        "choices",
        &[
            &["choices", "*", "delta"],
            &["choices", "*", "finish_reason"],
            &["choices", "*", "text"],
            &["choices", "*", "message"],
        ],
    ),
    Said::with_key("prompt_filter_results", &[]),
];

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v1/chat/completions", Operation::Generate, Asked::Body),
    row("/v1/embeddings", Operation::Embed, Asked::Whole),
    row("/v1/completions", Operation::Native, Asked::Body),
    row("/v1/moderations", Operation::Native, Asked::Whole),
    row("/v1/audio/*", Operation::Native, Asked::Body),
    row("/v1/images/*", Operation::Native, Asked::Body),
    row("/v1/files", Operation::Native, Asked::Whole),
    row("/v1/files/*", Operation::Native, Asked::Whole),
    row("/v1/uploads", Operation::Native, Asked::Whole),
    row("/v1/uploads/*", Operation::Native, Asked::Whole),
    row("/v1/batches", Operation::Native, Asked::Whole),
    row("/v1/batches/*", Operation::Native, Asked::Whole),
    row("/openai/deployments/{model}/chat/completions", Operation::Generate, Asked::Body),
    row("/openai/deployments/{model}/embeddings", Operation::Embed, Asked::Whole),
    row("/openai/deployments/{model}/completions", Operation::Native, Asked::Body),
    row("/openai/deployments/{model}/images/generations", Operation::Native, Asked::Body),
    row("/openai/deployments/{model}/images/edits", Operation::Native, Asked::Body),
    row("/openai/deployments/{model}/audio/speech", Operation::Native, Asked::Body),
    row("/openai/deployments/{model}/audio/transcriptions", Operation::Native, Asked::Body),
    row("/openai/deployments/{model}/audio/translations", Operation::Native, Asked::Body),
    row("/openai/v1/chat/completions", Operation::Generate, Asked::Body),
    row("/openai/v1/embeddings", Operation::Embed, Asked::Whole),
];

#[rustfmt::skip]
const WORDS: &[Word] = &[
    // Servers that match by prefix answer a conversation below the endpoint, too.
    word("chat", F::Inference).only(&["", "completions"], F::Stored).asked_by(&["messages"]),
    word("completions", F::Inference),
    word("embeddings", F::Inference),
    word("moderations", F::Inference),
    word("edits", F::Inference),
    // Bedrock's has its model further down.
    word("rerank", F::Inference).naming(&[&[
        "rerankingConfiguration",
        "bedrockRerankingConfiguration",
        "modelConfiguration",
        "modelArn",
    ]]),
    word("invocations", F::Inference),
    word("predictions", F::Inference).naming(&[&["version"]]),
    word("trainings", F::FineTuning).naming(&[&["version"]]),
    word("generation", F::Stored),
    word("audio", F::Inference).with_forms(),
    word("images", F::Inference).with_forms(),
    word("files", F::Files).with_forms(),
    word("uploads", F::Files).with_forms(),
    word("skills", F::Files).with_forms(),
    word("batches", F::Batches),
    word("fine_tuning", F::FineTuning).naming(&[
        &["grader", "model"],
        &["grader", "graders", "*", "model"],
        &["method", "*", "grader", "model"],
        &["method", "*", "grader", "graders", "*", "model"],
    ]),
    word("fine-tunes", F::FineTuning),
    // A form here holds a session as text of its own, in which a model is named.
    word("realtime", F::Realtime).naming(&[
        &["session", "model"],
        &["response", "model"],
        &["input_audio_transcription", "model"],
        &["session", "input_audio_transcription", "model"],
        &["audio", "input", "transcription", "model"],
        &["session", "audio", "input", "transcription", "model"],
    ]),
    word("assistants", F::Assistants),
    word("threads", F::Assistants).naming(&[&["run", "model"], &["assistant", "model"]]),
    word("chatkit", F::Assistants),
    // Mistral's ask an agent: https://docs.mistral.ai/api/#tag/beta.conversations
    word("conversations", F::Stored).asked_by(&["inputs"]),
    word("vector_stores", F::VectorStores),
    word("videos", F::Videos).with_forms(),
    word("containers", F::Containers).with_forms(),
    word("evals", F::Evals).naming(&[
        &["data_source", "model"],
        &["data_source", "*", "model"],
        &["testing_criteria", "*", "model"],
        &["testing_criteria", "*", "graders", "*", "model"],
    ]),
    word("organization", F::Administration),
    word("organizations", F::Administration),
    word("admin", F::Administration),
    word("dashboard", F::Administration),
    word("billing", F::Administration),
    word("usage", F::Administration),
    word("usages", F::Administration),
    word("costs", F::Administration),
    word("credits", F::Administration),
    word("balance", F::Administration),
    word("activity", F::Administration),
    word("key", F::Administration),
    word("keys", F::Administration),
    word("api_keys", F::Administration),
    word("api-keys", F::Administration),
    word("apikeys", F::Administration),
    word("api-key", F::Administration),
    word("admin_api_keys", F::Administration),
    word("service_accounts", F::Administration),
    word("invites", F::Administration),
    word("users", F::Administration),
    word("user", F::Administration),
    word("teams", F::Administration),
    word("workspaces", F::Administration),
    word("audit_logs", F::Administration),
    word("certificates", F::Administration),
    word("accounts", F::Administration),
    word("subscriptions", F::Administration),
];

/// Behind which a model speaks.
const SPOKEN: &[&str] = &[
    "\"content\"",
    "\"reasoning_content\"",
    "\"reasoning\"",
    "\"refusal\"",
    "\"arguments\"",
    "\"text\"",
    "\"name\"",
];

/// Where events carry pieces of texts.
static STREAMED: Texts = Texts {
    places: &[
        &["choices", "delta", "content"],
        &["choices", "delta", "reasoning_content"],
        &["choices", "delta", "reasoning"],
        &["choices", "delta", "refusal"],
        &["choices", "delta", "tool_calls", "function", "arguments"],
        &["choices", "delta", "tool_calls", "custom", "input"],
        &["choices", "delta", "function_call", "arguments"],
        &["choices", "delta", "audio", "transcript"],
        &["choices", "delta", "content", "text"],
        &["choices", "delta", "content", "thinking", "text"],
        &["choices", "delta", "reasoning_details", "text"],
        &["choices", "delta", "reasoning_details", "summary"],
        &["choices", "text"],
    ],
    ids: &["index"],
    ends: &[],
    finishes: &["finish_reason"],
};
