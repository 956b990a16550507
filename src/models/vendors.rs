//! Vendors by the names in other gateways: their address and protocol.
//!
//! The names are those of LiteLLM's `VENDOR/MODEL` (docs.litellm.ai/docs/providers) and of Apache
//! APISIX's `ai-proxy` plugins (apisix.apache.org/docs/apisix/plugins/ai-proxy-multi), as of
//! November 2026.

/// A vendor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vendor {
    /// Its names, the usual one first.
    pub(crate) names: &'static [&'static str],
    /// What it speaks, as a file calls it.
    pub(crate) protocol: &'static str,
    /// Where it is.
    pub(crate) place: Place,
}

/// Where a vendor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At a URL of its own, with what stands for the version of a client's path, where the URL does not tell.
    At(&'static str, Option<&'static str>),
    /// Where the operator says: a server of their own.
    Told,
    /// At the deployments of a resource.
    Deployments,
    /// In a region.
    Region,
}

/// The vendor of this name.
pub(crate) fn named(name: &str) -> Option<&'static Vendor> {
    ALL.iter().find(|vendor| vendor.names.contains(&name))
}

/// The vendor whose models have such names, where nothing else says whose a model is.
pub(crate) fn of_model(model: &str) -> Option<&'static Vendor> {
    let row = MODELS.iter().find(|(prefix, _)| model.starts_with(prefix));
    row.and_then(|(_, name)| named(name))
}

/// The vendor at a URL.
pub(crate) fn at(url: &str) -> Option<&'static Vendor> {
    ALL.iter().find(|vendor| matches!(vendor.place, Place::At(own, _) if own == url))
}

/// Where a deployment of a resource is.
pub(crate) fn deployment(resource: &str, name: &str, version: Option<&str>) -> String {
    let version = version.unwrap_or(API_VERSION);
    format!("{}/openai/deployments/{name}?api-version={version}", resource.trim_end_matches('/'))
}

/// The header of a deployment's credential.
pub(crate) const DEPLOYMENT_KEY: &str = "api-key";

/// Where a region is.
pub(crate) fn region(region: &str) -> String {
    format!("https://bedrock-runtime.{region}.amazonaws.com")
}

/// What most vendors speak.
pub(crate) const OPENAI: &str = "openai";
/// What a deployment is asked for by where nothing else is said.
const API_VERSION: &str = "2024-10-21";

/// What models are called whose vendor need not be named.
const MODELS: &[(&str, &str)] = &[
    ("gpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("chatgpt-", "openai"),
    ("text-embedding-", "openai"),
    ("claude-", "anthropic"),
    ("command-", "cohere"),
];

const ALL: &[Vendor] = &[
    at_url(&["openai"], "https://api.openai.com"),
    Vendor {
        names: &["anthropic"],
        protocol: "anthropic",
        place: Place::At("https://api.anthropic.com", None),
    },
    Vendor {
        names: &["gemini"],
        protocol: "gemini",
        place: Place::At("https://generativelanguage.googleapis.com", None),
    },
    Vendor { names: &["bedrock"], protocol: "bedrock", place: Place::Region },
    Vendor { names: &["azure", "azure-openai"], protocol: OPENAI, place: Place::Deployments },
    Vendor {
        names: &["cohere", "cohere_chat"],
        protocol: "cohere",
        place: Place::At("https://api.cohere.com", None),
    },
    at_url(&["deepseek"], "https://api.deepseek.com/v1"),
    at_url(&["mistral"], "https://api.mistral.ai/v1"),
    at_url(&["groq"], "https://api.groq.com/openai/v1"),
    at_url(&["openrouter"], "https://openrouter.ai/api/v1"),
    at_url(&["together_ai"], "https://api.together.xyz/v1"),
    at_url(&["fireworks_ai"], "https://api.fireworks.ai/inference/v1"),
    at_url(&["xai"], "https://api.x.ai/v1"),
    at_url(&["cerebras"], "https://api.cerebras.ai/v1"),
    at_url(&["deepinfra"], "https://api.deepinfra.com/v1/openai"),
    at_url(&["nvidia_nim"], "https://integrate.api.nvidia.com/v1"),
    at_url(&["moonshot"], "https://api.moonshot.ai/v1"),
    at_url(&["novita"], "https://api.novita.ai/v3/openai"),
    at_url(&["dashscope"], "https://dashscope.aliyuncs.com/compatible-mode/v1"),
    at_url(&["aimlapi"], "https://api.aimlapi.com/v1"),
    at_url(&["ollama", "ollama_chat"], "http://127.0.0.1:11434/v1"),
    Vendor {
        names: &["perplexity"],
        protocol: OPENAI,
        place: Place::At("https://api.perplexity.ai", Some("")),
    },
    Vendor {
        names: &["hosted_vllm", "vllm", "lm_studio", "custom_openai", "openai_like"],
        protocol: OPENAI,
        place: Place::Told,
    },
    Vendor {
        names: &["openai-compatible", "llamafile", "xinference", "litellm_proxy"],
        protocol: OPENAI,
        place: Place::Told,
    },
];

const fn at_url(names: &'static [&'static str], url: &'static str) -> Vendor {
    Vendor { names, protocol: OPENAI, place: Place::At(url, None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_one_vendor() {
        let names: Vec<&str> = ALL.iter().flat_map(|vendor| vendor.names).copied().collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert!(MODELS.iter().all(|(_, vendor)| named(vendor).is_some()));
        assert_eq!(of_model("claude-sonnet-4-5").map(|it| it.protocol), Some("anthropic"));
        assert!(named("nobody").is_none() && of_model("llama").is_none());
    }
}
