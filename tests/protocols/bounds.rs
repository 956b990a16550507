//! More of anything than any vendor takes or gives is refused, and malformed where a provider gives it.

use onwards::protocol::Protocol;
use onwards::protocol::codec::Head;
use onwards::protocol::conversation::Event;

use super::corpus::reading;

#[test]
fn more_vectors_than_any_vendor_gives_are_refused() {
    let head = Head { model: Some("m"), ..Head::default() };
    let inputs = |one: &str| vec![one; 16_385].join(",");
    let words = [r#""float""#; 17].join(",");
    for (from, body, said) in [
        (Protocol::OpenAi, format!(r#"{{"model":"m","input":[{}]}}"#, inputs("\"a\"")), "inputs"),
        (Protocol::OpenAi, format!(r#"{{"model":"m","input":[{}]}}"#, inputs("[1]")), "inputs"),
        (
            Protocol::Cohere,
            format!(
                r#"{{"model":"m","input_type":"classification","texts":[{}]}}"#,
                inputs("\"a\"")
            ),
            "inputs",
        ),
        (
            Protocol::Gemini,
            format!(
                r#"{{"requests":[{}]}}"#,
                inputs(r#"{"model":"models/m","content":{"parts":[{"text":"a"}]}}"#)
            ),
            "inputs",
        ),
        (
            Protocol::Cohere,
            format!(
                r#"{{"model":"m","input_type":"classification","texts":["a"],"embedding_types":[{words}]}}"#
            ),
            "forms",
        ),
    ] {
        let codec = from.codec().embeddings().unwrap();
        let read = codec.read_request(body.as_bytes(), &head);
        let read = read.and_then(onwards::protocol::embedding::Embedding::bounded);
        let error = read.unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("must not have more"), "{from}: {error}");
    }
}

/// No model answers a question so often.
#[test]
fn more_choices_than_any_vendor_gives_are_malformed() {
    let choice = r#"{"index":1,"message":{"content":"x"},"delta":{"content":"x"}}"#;
    let candidate = r#"{"index":1,"content":{"parts":[{"text":"x"}]}}"#;
    for (from, body) in [
        (Protocol::OpenAi, format!(r#"{{"choices":[{}]}}"#, vec![choice; 129].join(","))),
        (Protocol::Gemini, format!(r#"{{"candidates":[{}]}}"#, vec![candidate; 129].join(","))),
    ] {
        assert!(from.codec().read_response(body.as_bytes(), &reading()).is_err(), "{from}");
        let events = super::corpus::read_stream(from, &[format!("data: {body}\n\n").as_bytes()]);
        assert!(matches!(events.last(), Some(Event::Failure(_))), "{from}: {events:?}");
    }
}
