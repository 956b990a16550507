//! Embeddings of every protocol that has them, over the same corpus: `embed.json` is a client's
//! request (sent to `path`), `embedded.json` a provider's answer with its `headers.json`.

use http::{HeaderMap, HeaderName};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use onwards::protocol::codec::{Head, Target};
use onwards::protocol::conversation::{Delivery, Failure, Lossy};
use onwards::protocol::embedding::{Embedded, Embedding, Embeddings, Form, Input, Task, Vector};
use onwards::protocol::{Endpoint, Protocol};

use super::corpus::{Case, cases, client};

/// Providers, each with a model; on Bedrock the model decides the body.
pub(crate) const PROVIDERS: [(&str, Protocol, &str); 5] = [
    ("openai", Protocol::OpenAi, "text-embedding-3-small"),
    ("gemini", Protocol::Gemini, "gemini-embedding-001"),
    ("cohere", Protocol::Cohere, "embed-v4.0"),
    ("titan", Protocol::Bedrock, "amazon.titan-embed-text-v2:0"),
    ("bedrock_cohere", Protocol::Bedrock, "cohere.embed-multilingual-v3"),
];

/// Every pair: what one reads of a client, the others write for their providers or refuse by name, and
/// what one reads of a provider, the others write for their clients.
#[test]
fn every_pair_carries_or_refuses_by_name() {
    let (mut requests, mut answers) = (0, 0);
    for case in speakers().into_iter().flat_map(cases) {
        for (_, to, model) in PROVIDERS {
            let Some(asked) = asked(&case) else { continue };
            match codec(to).write_request(&asked, &target(model, Lossy::Warn)) {
                Err(refused) => assert!(!refused.field.is_empty(), "{} {model}", case.name),
                Ok(calls) => {
                    let inputs: usize = calls.calls.iter().map(|call| call.inputs).sum();
                    assert_eq!(inputs, asked.inputs.len(), "{} {model}", case.name);
                    requests += 1;
                }
            }
        }
        let Some(Ok(answer)) = embedded(&case) else { continue };
        for asking in speakers().into_iter().flat_map(cases) {
            let Some(asked) = asked(&asking) else { continue };
            let Ok(answer) = answer.clone().counted(asked.inputs.len()) else { continue };
            let to = codec(asking.protocol);
            let Ok(written) = to.write_response(&answer, &asked, &client(Delivery::Whole)) else {
                continue;
            };
            let headers: HeaderMap = written
                .headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            let again = to.read_response(&written.body, &headers).unwrap();
            again.counted(asked.inputs.len()).unwrap();
            answers += 1;
        }
    }
    assert!(requests > 40 && answers > 20, "only {requests} requests and {answers} answers");
}

/// Under `refuse`, what `warn` drops is refused, by the name that `warn` gives first.
#[test]
fn embedding_loss_is_refused_where_losing_is() {
    let mut lost = 0;
    for from in speakers() {
        for case in cases(from) {
            let Some(asked) = asked(&case) else { continue };
            for (name, to, model) in PROVIDERS {
                let Ok(warned) = codec(to).write_request(&asked, &target(model, Lossy::Warn))
                else {
                    continue;
                };
                let refused = codec(to).write_request(&asked, &target(model, Lossy::Refuse)).err();
                let refused = refused.map(|refused| refused.field);
                assert_eq!(refused.as_ref(), warned.dropped.first(), "{from}/{} {name}", case.name);
                lost += warned.dropped.len();
            }
        }
    }
    assert!(lost > 10, "only {lost} were lost");
}

#[test]
fn unreadable_requests_name_the_field() {
    for (path, body, said) in [
        ("/v1/embeddings", r#"{"input":"x"}"#, "`model` is missing"),
        ("/v1/embeddings", r#"{"model":"m"}"#, "`input` is missing"),
        ("/v1/embeddings", r#"{"model":"m","input":[]}"#, "`input` must hold at least one text"),
        (
            "/v1/embeddings",
            r#"{"model":"m","input":[{"text":"x"}]}"#,
            "`input` must be a text, a list of texts, or tokens",
        ),
        (
            "/v1/embeddings",
            r#"{"model":"m","input":"x","encoding_format":"hex"}"#,
            "`encoding_format` must be `float` or `base64`",
        ),
        ("/v1/models/m:embedContent", "{}", "`content` is missing"),
        (
            "/v1/models/m:embedContent",
            r#"{"content":{"parts":[{"functionCall":{}}]}}"#,
            "`content.parts[0].text` is missing",
        ),
        (
            "/v1/models/m:batchEmbedContents",
            r#"{"requests":[{"content":{"parts":[{"text":"x"}]},"taskType":"DANCE"}]}"#,
            "`requests[0].taskType` is not known",
        ),
        (
            "/v1/models/m:batchEmbedContents",
            r#"{"requests":[]}"#,
            "`requests` must hold at least one request",
        ),
        (
            "/v1/models/m:batchEmbedContents",
            r#"{"requests":[{"content":{"parts":[{"text":"x"}]}},{"content":{"parts":[{"text":"y"}]},"outputDimensionality":9}]}"#,
            "`requests[1].outputDimensionality` differs from the first one's",
        ),
        ("/v2/embed", r#"{"model":"m"}"#, "`texts` must hold at least one text"),
        (
            "/v2/embed",
            r#"{"model":"m","texts":["x"],"embedding_types":["int9"]}"#,
            "`embedding_types` names a type that is not known",
        ),
        (
            "/model/m/invoke",
            r#"{"messages":[],"anthropic_version":"bedrock-2023-05-31"}"#,
            "the body must hold `inputText` or `texts`: of what can be invoked, only embeddings \
             can be given to a provider of another protocol",
        ),
    ] {
        let endpoint = Endpoint::find(path, None).unwrap();
        let head = Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
        let error = codec(endpoint.protocol).read_request(body.as_bytes(), &head).unwrap_err();
        assert_eq!(error.to_string(), said, "{path} {body}");
    }
}

/// A Gemini body repeats its model: it must say the provider's, and nothing else may change.
#[test]
fn a_repeated_model_is_renamed_in_place() {
    let gemini = codec(Protocol::Gemini);
    let body = r#"{ "model":"models/alias", "requests" : [{"model": "models/alias","x":1e400},
        {"content":{"model":"models/alias"}}, {"model":null}, {"model":"models/b"}]}"#;
    let renamed = gemini.renamed(body.as_bytes(), "text-embedding-004").unwrap();
    let expected = r#"{ "model":"models/text-embedding-004", "requests" : [{"model": "models/text-embedding-004","x":1e400},
        {"content":{"model":"models/alias"}}, {"model":null}, {"model":"models/text-embedding-004"}]}"#;
    assert_eq!(String::from_utf8(renamed).unwrap(), expected);
    for untouched in [r#"{"content":{}}"#, r#"{"model":"models/m"}"#, "no json", "[]"] {
        assert_eq!(gemini.renamed(untouched.as_bytes(), "m"), None, "{untouched}");
    }
}

/// On Bedrock another family's model wants another body; what is no embedding goes as it came.
#[test]
fn a_model_of_another_family_wants_another_body() {
    let bedrock = codec(Protocol::Bedrock);
    let (titan, cohere) = (r#"{"inputText":"x"}"#, r#"{"texts":["x"]}"#);
    for (body, model, wants) in [
        (titan, "amazon.titan-embed-text-v2:0", false),
        (titan, "cohere.embed-english-v3", true),
        (cohere, "us.cohere.embed-v4:0", false),
        (cohere, "amazon.titan-embed-text-v1", true),
        (cohere, "arn:aws:bedrock:eu-west-1:1:application-inference-profile/x", false),
        (r#"{"messages":[]}"#, "cohere.embed-v4:0", false),
        ("no json", "cohere.embed-v4:0", false),
    ] {
        assert_eq!(bedrock.wants_another(body.as_bytes(), model), wants, "{body} {model}");
    }
}

#[test]
fn large_batches_are_cut_as_each_vendor_takes_them() {
    let asked = |inputs| Embedding {
        inputs: (0..inputs).map(|n: usize| Input::of_text(n.to_string())).collect(),
        is_list: true,
        ..Embedding::default()
    };
    for (name, to, model) in PROVIDERS {
        let sizes = |inputs| {
            let calls = codec(to).write_request(&asked(inputs), &target(model, Lossy::Warn));
            calls.map(|calls| calls.calls.iter().map(|call| call.inputs).collect::<Vec<_>>())
        };
        let expected: Vec<usize> = match name {
            "openai" => vec![200],
            "gemini" => vec![100, 100],
            "titan" => vec![1; 200],
            _ => vec![96, 96, 8],
        };
        assert_eq!(sizes(200).unwrap(), expected, "{name}");
        assert_eq!(sizes(257).is_err(), name == "titan", "{name}");
    }
}

#[test]
fn old_models_without_dimensions_are_refused_them() {
    let asked = Embedding {
        inputs: vec![Input::of_text("x")],
        dimensions: Some(256),
        ..Embedding::default()
    };
    for (protocol, model, refused) in [
        (Protocol::Cohere, "embed-english-v3.0", true),
        (Protocol::Cohere, "embed-v4.0", false),
        (Protocol::Bedrock, "cohere.embed-english-v3", true),
        (Protocol::Bedrock, "eu.cohere.embed-v4:0", false),
        (Protocol::Bedrock, "amazon.titan-embed-text-v1", true),
        (Protocol::Bedrock, "amazon.titan-embed-text-v2:0", false),
        (Protocol::Bedrock, "amazon.titan-embed-image-v1", false),
        (Protocol::Gemini, "gemini-embedding-001", false),
    ] {
        // Vectors of another length than asked for are of no use: this is no loss to be warned of.
        let written = codec(protocol).write_request(&asked, &target(model, Lossy::Warn));
        let field = written.err().map(|refused| refused.field);
        assert_eq!(field.as_deref(), refused.then_some("dimensions"), "{model}");
    }
    let unknown =
        target("arn:aws:bedrock:eu-west-1:1:application-inference-profile/x", Lossy::Warn);
    let refused = codec(Protocol::Bedrock).write_request(&asked, &unknown).unwrap_err();
    assert_eq!(refused.field, "model");
}

#[test]
fn only_four_protocols_have_embeddings_of_their_own() {
    let without: Vec<_> =
        Protocol::ALL.iter().filter(|protocol| protocol.codec().embeddings().is_none()).collect();
    assert_eq!(without, [&Protocol::Anthropic]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is written for a provider is read again as a client of it would be.
    #[test]
    fn embedding_request_written_reads_back(
        texts in vec("[ -~äß😀\"\\\\]{1,20}", 1..5),
        dimensions in option::of(1..4_000_u64),
        task in option::of(prop::sample::select(vec![
            Task::Query, Task::Document, Task::Classification, Task::Clustering,
        ])),
    ) {
        let asked = Embedding {
            inputs: texts.iter().map(Input::of_text).collect(),
            is_list: true,
            dimensions,
            task,
            ..Embedding::default()
        };
        for (name, protocol, model) in PROVIDERS {
            let asked = Embedding {
                dimensions: asked.dimensions.filter(|_| name != "bedrock_cohere"),
                ..asked.clone()
            };
            let codec = codec(protocol);
            let calls = codec.write_request(&asked, &target(model, Lossy::Refuse)).unwrap();
            let endpoint = Endpoint::find(&calls.path, None).unwrap();
            prop_assert_eq!(endpoint.protocol, protocol);
            let head = Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
            let mut again = Vec::new();
            for call in &calls.calls {
                let read = codec.read_request(&call.body, &head).unwrap();
                prop_assert_eq!(&read.model, model);
                prop_assert_eq!(read.dimensions, asked.dimensions, "{}", name);
                prop_assert_eq!(read.inputs.len(), call.inputs);
                if matches!(name, "gemini" | "cohere" | "bedrock_cohere") {
                    let default = (name != "gemini").then_some(Task::Document);
                    prop_assert_eq!(read.task, asked.task.or(default), "{}", name);
                }
                again.extend(read.texts().unwrap());
            }
            prop_assert_eq!(&again, &texts, "{}", name);
        }
    }

    /// What is written for a client is read again as a provider's answer would be, to the bit.
    #[test]
    fn embedding_answer_written_reads_back(
        vectors in vec(vec(-1e3_f32..1e3, 1..9), 1..5),
        tokens in 1..9_000_u64,
        encoded in any::<bool>(),
    ) {
        let each: Vec<Vector> = vectors.iter().cloned().map(Vector::Floats).collect();
        for protocol in speakers() {
            let is_titan = protocol == Protocol::Bedrock && each.len() == 1;
            let asked = Embedding {
                inputs: vec![Input::of_text("x"); each.len()],
                is_list: !is_titan,
                forms: if encoded { vec![Form::Base64] } else { Vec::new() },
                ..Embedding::default()
            };
            let answer = Embedded { tokens: Some(tokens), ..Embedded::of(Form::Float, each.clone()) };
            let to = client(Delivery::Whole);
            let written = codec(protocol).write_response(&answer, &asked, &to).unwrap();
            let headers: HeaderMap = written
                .headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            let again = codec(protocol).read_response(&written.body, &headers).unwrap();
            prop_assert_eq!(again.tokens, Some(tokens), "{}", protocol);
            let bits = |answer: &Embedded| -> Vec<String> {
                let vectors = answer.floats().unwrap().iter();
                vectors.map(|vector| vector.to_base64().unwrap()).collect()
            };
            prop_assert_eq!(bits(&again), bits(&answer), "{}", protocol);
        }
    }

    /// Whatever bytes come, readers answer and do not panic.
    #[test]
    fn embedding_bytes_of_any_kind_are_read_without_panic(bytes in vec(any::<u8>(), 0..300), json in "[{}\\[\\]\",:a-z0-9]{0,80}") {
        for protocol in speakers() {
            for body in [bytes.as_slice(), json.as_bytes()] {
                let _ = codec(protocol).read_request(body, &Head::default());
                let _ = codec(protocol).read_response(body, &HeaderMap::new());
                let _ = codec(protocol).renamed(body, "m");
                let _ = codec(protocol).wants_another(body, "cohere.embed-v4:0");
            }
        }
    }
}

/// Protocols with embeddings of their own.
pub(crate) fn speakers() -> [Protocol; 4] {
    [Protocol::OpenAi, Protocol::Gemini, Protocol::Bedrock, Protocol::Cohere]
}

pub(crate) fn codec(protocol: Protocol) -> &'static dyn Embeddings {
    protocol.codec().embeddings().unwrap()
}

pub(crate) fn target(model: &'static str, lossy: Lossy) -> Target<'static> {
    Target { model, lossy, seed: "seed", ..Target::default() }
}

/// The case's request, if it has one.
pub(crate) fn asked(case: &Case) -> Option<Embedding> {
    let body = case.file("embed.json")?;
    let path = String::from_utf8(case.file("path").expect("a path")).unwrap();
    let endpoint = Endpoint::find(path.trim(), None).expect("a known path");
    assert_eq!(endpoint.protocol, case.protocol);
    let head = Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
    let read = codec(case.protocol).read_request(&body, &head);
    let read = read.unwrap_or_else(|error| panic!("{}/{}: {error}", case.protocol, case.name));
    assert_eq!(read.model, "alias", "{}/{}", case.protocol, case.name);
    Some(read)
}

/// The case's answer, if it has one.
pub(crate) fn embedded(case: &Case) -> Option<Result<Embedded, Failure>> {
    let body = case.file("embedded.json")?;
    let mut headers = HeaderMap::new();
    if let Some(text) = case.file("headers.json") {
        let lines: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&text).unwrap();
        for (name, value) in lines {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
    }
    Some(codec(case.protocol).read_response(&body, &headers))
}
