//! The families of real paths, in every spelling.

use super::*;

fn family(method: &str, path: &str) -> &'static str {
    let surface = Surface::of(path, method == "POST", !matches!(method, "POST" | "GET"));
    surface.family.map_or("", Family::name)
}

#[test]
fn paths_are_of_families() {
    for (method, path, wanted) in [
        ("POST", "/v1/audio/transcriptions", "inference"),
        ("POST", "/openai/deployments/files/chat/completions?api-version=1", "inference"),
        ("POST", "/v1/engines/davinci/completions", "inference"),
        ("GET", "/v1/chat/completions", "stored"),
        ("POST", "/v1/chat/completions/chatcmpl-1", "stored"),
        ("POST", "/v1/chat/completions ", ""),
        ("POST", "/v1/chat/completions%20", ""),
        ("POST", "/wenxinworkshop/chat/completions_pro", ""),
        ("GET", "/v1/chat/deferred-completion/x", "stored"),
        ("POST", "/v1/responses/x", ""),
        ("GET", "/v1/responses/x", "stored"),
        ("POST", "/v1beta/interactions/x/cancel", "stored"),
        ("POST", "/v1/responses", "inference"),
        ("POST", "/v1/responses/resp_1/cancel", "stored"),
        ("GET", "/v1/files", "files"),
        ("POST", "/upload/v1beta/files", "files"),
        ("GET", "/v1/files/organization", "files"),
        ("POST", "/v1/messages/batches", "batches"),
        ("POST", "/v1/batches", "batches"),
        ("POST", "/v1/fine_tuning/jobs", "fine_tuning"),
        ("POST", "/v1/realtime/sessions", "realtime"),
        ("POST", "/v1/threads/t/runs", "assistants"),
        ("POST", "/v1/vector_stores/v/files", "vector_stores"),
        ("POST", "/v1beta/models/m:predict", "inference"),
        ("POST", "/v1beta/models/m:batchGenerateContent", "batches"),
        ("POST", "/v1beta/cachedContents", "caches"),
        ("POST", "/v1beta/models/m:generateContent;x", "inference"),
        ("POST", "/v1beta/models/m:somethingNew", ""),
        ("POST", "/v1beta/Models/m:somethingNew", ""),
        ("POST", "/v1/models/m/predictions", "inference"),
        ("POST", "/v1/models/m/something", ""),
        ("GET", "/v1beta/models/m", "models"),
        ("POST", "/v1/projects/p/locations/l/endpoints/1:predict", "inference"),
        ("POST", "/v1/projects/p/locations/l/endpoints/1:somethingNew", ""),
        ("POST", "/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "inference"),
        ("POST", "/endpoints/m/invocations", "inference"),
        ("POST", "/serving-endpoints/chat/completions", "inference"),
        ("POST", "/guardrail/g/version/1/apply", "inference"),
        ("POST", "/model/m/something", ""),
        ("POST", "/api/chat", "inference"),
        ("POST", "/api/generate", "inference"),
        ("POST", "/async-invoke", "batches"),
        ("POST", "/model/m/async-invoke", "batches"),
        ("POST", "/model/m/invoke-with-response-stream", "inference"),
        ("POST", "/v1/foo", ""),
        ("GET", "/v1/projects/p/locations/l/publishers/google/x", ""),
    ] {
        assert_eq!(family(method, path), wanted, "{method} {path}");
    }
}

#[test]
fn administration_is_seen_in_every_spelling() {
    for path in [
        "/v1/organization/projects",
        "/organization/costs?limit=1",
        "/v1/organizations/api_keys",
        "/v1//organization/admin_api_keys",
        "/v1/Organization/users",
        "/v1/organiz%61tion/users",
        "/v1/organiz%2561tion/users",
        "/v1%2Forganization/users",
        "/v1/organization;x/users",
        "/v1/organization/files",
        "/openai/v1/organization/usage/completions",
        "/v1/usage",
        "/dashboard/billing/usage",
        "/v1/models/m:setIamPolicy",
        "/openai/deployments",
        "/api/v1/keys",
        "/v1/credits",
    ] {
        assert_eq!(family("GET", path), "administration", "{path}");
    }
    for path in [
        "/model/new",
        "/model/m/update",
        "/config/update",
        "/litellm/Key/generate",
        "/key/generate",
        "/user/new",
        "/team/new",
        "/sleep",
        "/wake_up",
        "/v1/load_lora_adapter",
        "/v1//load_lora_adapter",
        "/v1/load%5flora_adapter",
        "/collective_rpc",
        "/reset_prefix_cache",
        "/update_weights_from_disk",
        "/slots/0?action=erase",
        "/lora-adapters",
        "/api/delete",
        "/api/pull",
        "/API/push",
        "/api/create",
        "/api/copy",
        "/api/blobs/sha256:1",
        "/models/load",
        "/models/unload;x",
        "/api/v1/models/load",
        "/v2/repository/models/m/unload",
        "/v1/models",
        "/v1/projects/p/locations/l/models:upload",
        "/v1/projects/p/locations/l/endpoints",
        "/v1/projects/p/locations/l/endpoints/1:deployModel",
        "/v1/projects/p/locations/l/endpoints/1:undeployModel",
        "/v1beta/tunedModels/m/permissions",
        "/v1beta/corpora/c/permissions",
        "/v1/fine_tuning/checkpoints/c/permissions",
        "/guardrails",
        "/provisioned-model-throughput",
        "/custom-model-deployments/model-deployment",
        "/v1/internal/model/load",
        "/v1/model/unload",
    ] {
        assert_eq!(family("POST", path), "administration", "{path}");
    }
    for path in
        ["/model/info", "/metrics", "/slots", "/props", "/endpoints/m", "/serving-endpoints"]
    {
        assert_eq!(family("GET", path), "administration", "{path}");
    }
    assert_eq!(family("PATCH", "/v1beta/tunedModels/m"), "administration");
    assert_eq!(family("DELETE", "/v1/models/ft:m"), "administration");
    assert_eq!(family("PUT", "/openai/deployments/m"), "administration");
}

#[test]
fn words_are_no_names() {
    for word in [
        "v1",
        "v1beta",
        "chat",
        "Completions",
        "speech",
        "generations",
        "files",
        "invoke",
        "models",
    ] {
        assert!(is_word(word), "{word}");
    }
    for name in ["file-1", "osprey", "ann@example.com", "4111111111111111", "v1.5-mini", ""] {
        assert!(!is_word(name), "{name}");
    }
    assert!(counts_tokens("/v1alpha/models/m:countTokens?x=1") && counts_tokens("/tokenize/"));
    assert!(!counts_tokens("/v1/tokenizers") && !counts_tokens("/v1/chat/completions"));
}

#[test]
fn names_lead_back() {
    for family in Family::NAMED {
        assert_eq!(Family::from_name(family.name()), Some(family));
    }
    assert_eq!(Family::from_name("administration"), None);
}
