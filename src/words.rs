//! Words that mean the same in the file and in everything compiled from it: names of protocols and
//! strategies, and similar. Each is defined once.

pub(crate) mod nearest;

use schemars::JsonSchema;
use serde::Deserialize;

/// Declares a set of words: an enum, the word of each variant, and the list of variants.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
        $vis enum $name {
            $( $(#[$doc])* #[serde(rename = $word)] $variant, )+
        }

        #[cfg_attr(not(test), allow(dead_code, reason = "not every set is read by its words"))]
        impl $name {
            /// Every one there is.
            $vis const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// Its word in files, in headers, in metrics and in logs.
            $vis const fn name(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }

            /// The one of that word.
            $vis fn from_name(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// The wire protocols.
    // The default for paths that belong to no protocol.
    #[derive(Default)]
    pub Protocol {
        /// OpenAI Chat Completions.
        #[default]
        OpenAi = "openai",
        /// OpenAI Responses.
        OpenAiResponses = "openai_responses",
        /// Anthropic Messages.
        Anthropic = "anthropic",
        /// Gemini generateContent.
        Gemini = "gemini",
        /// Bedrock Converse.
        Bedrock = "bedrock",
        /// Cohere v2 chat.
        Cohere = "cohere",
    }
}

words! {
    /// What an alert is about.
    pub(crate) AlertKind {
        /// A provider rests, is on trial, or fails its probes.
        ProviderResting = "provider_resting",
        /// A lower tier or another alias has served all requests to an alias for a while.
        PoolDegraded = "pool_degraded",
        /// A provider has refused its credential.
        CredentialRefused = "credential_refused",
        /// A provider does not know its model.
        ModelMissing = "model_missing",
        /// Many requests to an alias fail.
        ErrorRate = "error_rate",
        /// Many requests to an alias need another provider.
        FallbackRate = "fallback_rate",
        /// Most of a budget is used, or all of it.
        Budget = "budget",
        /// An edit of the configuration was refused.
        ReloadFailed = "reload_failed",
        /// An answer has tokens and its model no price, in a file that has prices.
        UnpricedModel = "unpriced_model",
    }
}

words! {
    /// How the next provider is chosen inside a tier.
    #[derive(Default)]
    pub(crate) Strategy {
        /// Drawn by weight, without replacement inside a pass.
        #[default]
        WeightedRandom = "weighted_random",
        /// Definition order.
        Priority = "priority",
        /// Smooth weighted round robin.
        RoundRobin = "round_robin",
        /// Fewest in flight for its weight.
        LeastBusy = "least_busy",
        /// Peak EWMA of the time to first byte, two random candidates compared.
        LowestLatency = "lowest_latency",
        /// Cheapest by configured price.
        LowestCost = "lowest_cost",
        /// Rendezvous hash of a header or of the prompt's prefix.
        Sticky = "sticky",
    }
}

words! {
    /// A capability that a request may need and a model may not have.
    pub(crate) Capability {
        /// Images and video are read.
        Vision = "vision",
        /// Sound is read or written.
        Audio = "audio",
        /// Files such as PDF are read.
        Documents = "documents",
        /// Tools are called.
        Tools = "tools",
        /// Answers keep to a JSON Schema.
        JsonSchema = "json_schema",
        /// The model reasons before it answers.
        Reasoning = "reasoning",
        /// Vectors are made of texts.
        Embeddings = "embeddings",
    }
}

words! {
    /// Where the ends of prompt caches are marked.
    #[derive(Default)]
    pub Cache {
        /// Where the client marks them.
        #[default]
        Client = "client",
        /// For clients that set none.
        Auto = "auto",
    }
}

words! {
    /// Which headers of a response tell how its request was served.
    #[derive(Default)]
    pub(crate) Headers {
        /// Also times, tokens and cost.
        Full = "full",
        /// Provider, attempts and dropped fields.
        #[default]
        Minimal = "minimal",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// What happens to fields that a provider's protocol cannot express.
    #[derive(Default)]
    pub Lossy {
        /// It is dropped and named in `x-onwards-dropped`.
        #[default]
        Warn = "warn",
        /// The provider is left for the next one where the pool falls back, else 400 names the field.
        Refuse = "refuse",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for &protocol in Protocol::ALL {
            assert_eq!(Protocol::from_name(protocol.name()), Some(protocol));
        }
        for &strategy in Strategy::ALL {
            assert_eq!(Strategy::from_name(strategy.name()), Some(strategy));
        }
        for &headers in Headers::ALL {
            assert_eq!(Headers::from_name(headers.name()), Some(headers));
        }
        assert_eq!(Protocol::from_name("OpenAI"), None);
    }

    #[test]
    fn a_file_reads_each_word_as_its_name_says() {
        for &protocol in Protocol::ALL {
            let read: Protocol = serde_json::from_value(protocol.name().into()).unwrap();
            assert_eq!(read, protocol);
        }
    }
}
