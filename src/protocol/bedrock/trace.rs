//! The fields of a trace: guardrail findings, and the model that a prompt router chose.
//!
//! It is data.

use crate::protocol::strict::shape::{
    Field,
    Shape::{self, Flag, List, Map, Model, Number, Object, OneOf, Text},
    may,
};

pub(super) static TRACE: Shape = Object(&[
    may(
        "guardrail",
        Object(&[
            may("modelOutput", List(&Text)),
            may("inputAssessment", Map(&ASSESSMENT)),
            may("outputAssessments", Map(&List(&ASSESSMENT))),
            may("actionReason", Text),
        ]),
    ),
    may("promptRouter", Object(&[may("invokedModelId", Model)])),
]);

static ASSESSMENT: Shape = Object(&[
    may("topicPolicy", Object(&[may("topics", List(&FOUND))])),
    may("contentPolicy", Object(&[may("filters", List(&FOUND))])),
    may(
        "wordPolicy",
        Object(&[may("customWords", List(&FOUND)), may("managedWordLists", List(&FOUND))]),
    ),
    may(
        "sensitiveInformationPolicy",
        Object(&[may("piiEntities", List(&FOUND)), may("regexes", List(&FOUND))]),
    ),
    may("contextualGroundingPolicy", Object(&[may("filters", List(&FOUND))])),
    may(
        "invocationMetrics",
        Object(&[
            may("guardrailProcessingLatency", Number),
            may("usage", Map(&Number)),
            may(
                "guardrailCoverage",
                Object(&[may("textCharacters", Object(COVERED)), may("images", Object(COVERED))]),
            ),
        ]),
    ),
]);

/// What a policy found. Names, expressions and matches are those of the caller's guardrail.
static FOUND: Shape = Object(&[
    may("name", Text),
    may("match", Text),
    may("regex", Text),
    may("type", OneOf(TYPES)),
    may("action", OneOf(&["NONE", "BLOCKED", "ANONYMIZED"])),
    may("confidence", OneOf(STRENGTHS)),
    may("filterStrength", OneOf(STRENGTHS)),
    may("detected", Flag),
    may("threshold", Number),
    may("score", Number),
]);
const COVERED: &[Field] = &[may("guarded", Number), may("total", Number)];
const STRENGTHS: &[&str] = &["NONE", "LOW", "MEDIUM", "HIGH"];
#[rustfmt::skip]
const TYPES: &[&str] = &[
    "DENY", "PROFANITY", "GROUNDING", "RELEVANCE",
    "INSULTS", "HATE", "SEXUAL", "VIOLENCE", "MISCONDUCT", "PROMPT_ATTACK",
    "ADDRESS", "AGE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "CA_HEALTH_NUMBER",
    "CA_SOCIAL_INSURANCE_NUMBER", "CREDIT_DEBIT_CARD_CVV", "CREDIT_DEBIT_CARD_EXPIRY",
    "CREDIT_DEBIT_CARD_NUMBER", "DRIVER_ID", "EMAIL", "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
    "IP_ADDRESS", "LICENSE_PLATE", "MAC_ADDRESS", "NAME", "PASSWORD", "PHONE", "PIN", "SWIFT_CODE",
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "UK_NATIONAL_INSURANCE_NUMBER",
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "URL", "USERNAME", "US_BANK_ACCOUNT_NUMBER",
    "US_BANK_ROUTING_NUMBER", "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_PASSPORT_NUMBER",
    "US_SOCIAL_SECURITY_NUMBER", "VEHICLE_IDENTIFICATION_NUMBER",
];
