//! The names of the wire protocols in a file.
//!
//! It never knows how one is spoken: a table is compiled from the names.

use schemars::JsonSchema;
use serde::Deserialize;

/// Declares the table of names.
macro_rules! protocols {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal; )+) => {
        /// The wire protocols.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
        pub enum Protocol {
            $( $(#[$doc])* #[serde(rename = $name)] $variant, )+
        }

        impl Protocol {
            /// Every name there is.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }
        }
    };
}

protocols! {
    /// OpenAI Chat Completions.
    Openai = "openai";
    /// OpenAI Responses.
    OpenaiResponses = "openai_responses";
    /// Anthropic Messages.
    Anthropic = "anthropic";
    /// Gemini generateContent.
    Gemini = "gemini";
    /// Bedrock Converse.
    Bedrock = "bedrock";
    /// Cohere v2 chat.
    Cohere = "cohere";
}
