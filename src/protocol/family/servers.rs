//! Administrative paths of servers and gateways that speak a vendor's protocol: they unload models,
//! change weights or settings, issue keys, or show other callers. They lie beside the endpoints and
//! accept the operator's credential.
//!
//! Those of the vendors themselves are in the protocols' profiles.

/// Whether these segments of a path, in small letters, begin with an administrative one.
pub(super) fn administer(segments: &[&str]) -> bool {
    let [first, rest @ ..] = segments else { return false };
    SERVERS.iter().any(|(_, words)| words.contains(first))
        || (*first == "api" && rest.first().is_some_and(|below| API.contains(below)))
}

/// Whose paths they are, and the segments, as each project's reference or list of routes has them.
#[rustfmt::skip]
const SERVERS: &[(&str, &[&str])] = &[
    ("LiteLLM's proxy, its OpenAPI description", &[
        "config", "configs", "team", "customer", "end_user", "budget", "spend", "global", "credentials",
        "model_group", "cache", "guardrails", "sso", "scim", "tag", "policy", "policies", "invitation",
        "callbacks", "settings", "router", "access_group", "jwt", "audit", "reload", "schedule", "login",
        "routes", "provider", "add", "health", "mcp-rest", "ui",
    ]),
    ("vLLM, its OpenAI-compatible and development servers", &[
        "sleep", "wake_up", "is_sleeping", "load_lora_adapter", "unload_lora_adapter", "collective_rpc",
        "reset_prefix_cache", "reset_mm_cache", "reset_encoder_cache", "start_profile", "stop_profile",
        "server_info", "scale_elastic_ep", "is_scaling_elastic_ep", "pause", "resume", "is_paused",
        "init_weight_transfer_engine", "start_weight_update", "finish_weight_update", "get_world_size",
        "abort_requests", "load", "metrics", "tokenizer_info",
    ]),
    ("SGLang, its native API and its router", &[
        "flush_cache", "update_weights", "update_weights_from_disk", "update_weights_from_tensor",
        "update_weights_from_distributed", "update_weights_from_ipc", "init_weights_update_group",
        "destroy_weights_update_group", "init_weights_send_group_for_remote_instance",
        "send_weights_to_remote_instance", "get_weights_by_name", "update_weight_version",
        "weights_checker", "release_memory_occupation", "resume_memory_occupation",
        "start_expert_distribution_record", "stop_expert_distribution_record",
        "dump_expert_distribution_record", "set_internal_state", "get_server_info", "configure_logging",
        "abort_request", "open_session", "close_session", "slow_down", "pause_generation",
        "continue_generation", "freeze_gc", "load_lora_adapter_from_tensors",
        "clear_hicache_storage_backend", "hicache", "set_trace_level", "get_load", "get_loads",
        "add_worker", "remove_worker", "list_workers", "workers",
    ]),
    ("llama.cpp's server and llama-swap", &[
        "slots", "props", "lora-adapters", "cors-proxy", "unload", "running", "logs",
    ]),
    ("TensorRT-LLM, Triton and Dynamo", &[
        "perf_metrics", "prometheus", "kv_cache_events", "release_memory", "resume_memory", "cluster_info",
        "repository", "systemsharedmemory", "cudasharedmemory", "trace", "engine", "busy_threshold",
        "loras", "clear_kv_blocks",
    ]),
    ("LMDeploy and Xinference", &[
        "distserve", "nodes", "terminate", "wakeup", "cluster", "supervisor", "model_registrations",
        "virtualenvs",
    ]),
    ("LocalAI, text-generation-webui and TabbyAPI", &[
        "backend", "backends", "stores", "internal", "lora", "template", "sampling", "auth", "download",
        "p2p", "swarm", "system",
    ]),
    ("frameworks and proxies in front of servers", &[
        "actuator", "debug", "shutdown", "quitquitquit", "healthcheck", "stats", "webhooks", "roles",
        "groups",
    ]),
    ("Bedrock's control plane, API reference", &[
        "guardrails", "custom-model-deployments", "model-import-jobs", "model-copy-jobs",
        "evaluation-jobs", "evaluation-job", "prompt-routers", "marketplace-model",
        "automated-reasoning-policies", "enforcedguardrailsconfiguration", "create-foundation-model-agreement",
        "delete-foundation-model-agreement", "list-foundation-model-agreement-offers",
        "foundation-model-availability", "tagresource", "untagresource", "listtagsforresource",
    ]),
    ("Vertex AI, REST reference", &[
        "customjobs", "pipelinejobs", "trainingpipelines", "hyperparametertuningjobs", "nasjobs",
        "deploymentresourcepools", "persistentresources", "indexes", "indexendpoints", "featurestores",
        "featuregroups", "featureonlinestores", "notebookruntimes", "notebookruntimetemplates",
        "notebookexecutionjobs", "tensorboards", "metadatastores", "studies", "schedules",
        "specialistpools", "modeldeploymentmonitoringjobs", "modelmonitors", "datalabelingjobs",
        "migratableresources", "ragengineconfig",
    ]),
    ("Hosts of models: Anthropic, DeepInfra, Hugging Face, OpenAI, Replicate, Together", &[
        "compliance", "deploy", "me", "payment", "endpoint", "account", "subscription", "credit_grants",
        "clusters", "hardware",
    ]),
];

/// Below `/api`: Ollama's models and blobs, and how New API, Open WebUI, Bifrost, llama-swap, Ray Serve and
/// Hugging Face's hub are administered.
const API: [&str; 30] = [
    "delete",
    "pull",
    "push",
    "create",
    "copy",
    "blobs",
    "ps",
    "signout",
    "experimental",
    "token",
    "channel",
    "option",
    "log",
    "redemption",
    "group",
    "providers",
    "plugins",
    "governance",
    "events",
    "captures",
    "serve",
    "jobs",
    "cluster_status",
    "repos",
    "whoami-v2",
    "setup",
    "status",
    "data",
    "performance",
    "ratio_sync",
];
