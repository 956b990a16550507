//! Usage as each protocol tells it, whole and streamed.

use super::*;

const TOLD: Usage = Usage { input: 9, output: 4, cache_read: 0, cache_write: 0, reasoning: 0 };

fn whole(protocol: Protocol, body: &str) -> Option<Usage> {
    let mut told = Vec::new();
    for size in [body.len(), 7, 1] {
        let mut tail = Tail::default();
        for piece in body.as_bytes().chunks(size) {
            tail.observe(piece);
        }
        told.push(tail.usage(protocol));
    }
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
    told[0]
}

#[test]
fn usage_of_a_whole_answer_is_read_in_every_protocol() {
    for (protocol, body) in [
        (
            Protocol::OpenAi,
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4},"x":{}}"#,
        ),
        (Protocol::OpenAi, r#"{"data":[],"usage" : {"input_tokens":9,"output_tokens":4}}"#),
        (
            Protocol::OpenAiResponses,
            r#"{"usage":{"input_tokens":9,"output_tokens":4},"user":null}"#,
        ),
        (Protocol::Anthropic, r#"{"content":[],"usage":{"input_tokens":9,"output_tokens":4}}"#),
        (
            Protocol::Gemini,
            r#"{"candidates":[],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4}}"#,
        ),
        (
            Protocol::Bedrock,
            r#"{"output":{},"usage":{"inputTokens":9,"outputTokens":4,"totalTokens":13}}"#,
        ),
        (
            Protocol::Cohere,
            r#"{"message":{},"usage":{"tokens":{"input_tokens":9,"output_tokens":4}}}"#,
        ),
        (
            Protocol::Cohere,
            r#"{"embeddings":{},"meta":{"billed_units":{"input_tokens":9,"output_tokens":4}}}"#,
        ),
    ] {
        assert_eq!(whole(protocol, body), Some(TOLD), "{body}");
    }
}

#[test]
fn usage_inside_what_a_model_says_is_not_read() {
    for body in [
        r#"{"content":[{"input":{"usage":{"input_tokens":1}}}]}"#,
        r#"{"content":[{"text":"\"usage\":{\"input_tokens\":1}"}]}"#,
        r#"{"usage":null}"#,
        r#"{"usage":{"text":1}}"#,
        r#"{"content":"usage"}"#,
    ] {
        assert_eq!(whole(Protocol::Anthropic, body), None, "{body}");
    }
    let body = r#"{"usage":{"input_tokens":9,"output_tokens":4},"content":[{"input":{"usage":{"input_tokens":1}},"text":"}]}\\"}]}"#;
    assert_eq!(whole(Protocol::Anthropic, body), Some(TOLD));
}

#[test]
fn answer_that_is_longer_than_what_is_kept_is_read_at_its_end() {
    let body = format!(
        r#"{{"data":["{}"],"usage":{{"prompt_tokens":9,"completion_tokens":4}}}}"#,
        "x".repeat(100_000)
    );
    let mut tail = Tail::default();
    for piece in body.as_bytes().chunks(3_000) {
        tail.observe(piece);
    }
    assert_eq!(tail.usage(Protocol::OpenAi), Some(TOLD));
    let mut crumbs = Tail::default();
    for piece in body.as_bytes().chunks(1) {
        crumbs.observe(piece);
        assert!(crumbs.0.len() <= 2 * KEPT);
    }
    assert_eq!(crumbs.usage(Protocol::OpenAi), Some(TOLD));
}

#[test]
fn event_that_only_tells_usage_is_left_out_and_no_other() {
    let word = "data: {\"choices\":[{\"delta\":{\"content\":\"usage\"}}],\"usage\":null}\n\n";
    let last = "data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":9}}\r\n\r\n";
    let told = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9}}\n\n";
    let filter = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
    let done = "data: [DONE]\n\n";
    let all = [word, filter, last, told, done].concat();
    assert_eq!(without(Bytes::from(all)), [word, filter, last, done].concat().as_bytes());
    assert_eq!(without(Bytes::from(told)), Bytes::new());
    assert_eq!(without(Bytes::from(word)), word.as_bytes());
}

#[test]
fn usage_that_is_cut_between_two_pieces_is_found() {
    let frame = |json: &str| format!("\0\0\u{1}:event-type metadata{json}\u{2}\u{3}\0\0");
    let said = frame(r#"{"delta":{"text":"\"usage\":{ no"},"p":"ab"}"#);
    let last = frame(
        r#"{"metrics":{"latencyMs":1},"usage":{"inputTokens":9,"outputTokens":4,"totalTokens":13}}"#,
    );
    let stream = [said.as_str(), &said, &last].concat();
    for size in 1..stream.len() {
        let mut watch = Watch::default();
        stream
            .as_bytes()
            .chunks(size)
            .for_each(|piece| watch.observe_cut(&Bytes::copy_from_slice(piece)));
        assert_eq!(watch.usage(Protocol::Bedrock, true), Some(TOLD), "by {size}");
        assert!(watch.begun.len() < KEPT);
    }
}

#[test]
fn tokens_of_a_conversation_that_was_made_shorter_are_counted_beside_the_answers() {
    let usage = r#"{"input_tokens":45,"output_tokens":34,"iterations":[{"type":"compaction","input_tokens":100,"output_tokens":7,"cache_read_input_tokens":3},{"type":"message","input_tokens":45,"output_tokens":34}]}"#;
    let wanted = Usage { input: 148, output: 41, cache_read: 3, ..Usage::default() };
    let body = format!(r#"{{"content":[],"usage":{usage}}}"#);
    assert_eq!(whole(Protocol::Anthropic, &body), Some(wanted));
    let mut watch = Watch::default();
    let event =
        format!("data: {{\"type\":\"message_delta\",\"delta\":{{}},\"usage\":{usage}}}\n\n");
    watch.observe(&Bytes::from(event));
    assert_eq!(watch.usage(Protocol::Anthropic, false), Some(wanted));
}

#[test]
fn total_alone_is_input() {
    let body = r#"{"object":"list","data":[],"model":"m","usage":{"total_tokens":26}}"#;
    let wanted = Usage { input: 26, ..Usage::default() };
    assert_eq!(whole(Protocol::OpenAi, body), Some(wanted));
}

#[test]
fn tokens_that_are_told_inside_of_a_choice_are_found() {
    let mut watch = Watch::default();
    let event = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}]}\n\n";
    watch.observe(&Bytes::from(event));
    assert_eq!(watch.usage(Protocol::OpenAi, false), Some(TOLD));
}

#[test]
fn last_count_of_a_stream_counts_and_what_only_the_first_said_stays() {
    let told = |protocol, events: &[&str]| {
        let mut watch = Watch::default();
        events.iter().for_each(|event| watch.observe(&Bytes::from((*event).to_owned())));
        watch.usage(protocol, false)
    };
    let anthropic = [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
        "data: {\"delta\":{\"text\":\"hi\"}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":4}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    assert_eq!(told(Protocol::Anthropic, &anthropic), Some(TOLD));
    assert_eq!(told(Protocol::Anthropic, &[&anthropic.concat()]), Some(TOLD));
    let openai = [
        "data: {\"choices\":[{}],\"usage\":null}\n\n",
        "data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
    ];
    assert_eq!(told(Protocol::OpenAi, &openai), Some(TOLD));
    assert_eq!(told(Protocol::OpenAi, &openai[..1]), None);
}
