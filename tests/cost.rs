//! What a translation takes for every byte of what it reads is bounded, and the estimate by which
//! requests and answers are let in is never below what they take.

#[path = "cost/measure.rs"]
mod measure;
#[path = "cost/shapes.rs"]
mod shapes;
#[path = "cost/real.rs"]
mod real;

use onwards::body::Weight;
use onwards::protocol::Protocol;
use onwards_heap::counting::Counting;

#[global_allocator]
static HEAP: Counting = Counting;

/// Small enough to be let in whatever its shape is. Lists grow by doubling: what is estimated must hold
/// where they are full and where they have just grown.
const LENGTHS: [usize; 4] = [48 * 1024, 56 * 1024, 64 * 1024, 72 * 1024];

#[test]
fn a_request_takes_no_more_than_is_estimated() {
    let mut faults = Vec::new();
    for &from in Protocol::ALL {
        for (what, body) in LENGTHS.iter().flat_map(|it| shapes::requests(from.name(), *it)) {
            let cost = measure::request(from, &what, body.as_bytes());
            faults.extend(cost.and_then(|cost| cost.fault()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_answer_takes_no_more_than_is_estimated() {
    let mut faults = Vec::new();
    for &from in Protocol::ALL {
        for (what, body) in LENGTHS.iter().flat_map(|it| shapes::answers(from.name(), *it)) {
            let cost = measure::answer(from, &what, body.as_bytes());
            faults.extend(cost.and_then(|cost| cost.fault()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The smallest pieces of each kind, each in every place of its protocol, so often that a list has just grown.
#[test]
fn no_number_of_tiny_pieces_takes_more_than_is_estimated() {
    let mut faults = Vec::new();
    for &from in Protocol::ALL {
        let [requests, answers] = shapes::tiny(from.name(), |unit| vec![unit; 1_025].join(","));
        let requests = requests
            .iter()
            .filter_map(|(what, body)| measure::request(from, what, body.as_bytes()));
        let answers =
            answers.iter().filter_map(|(what, body)| measure::answer(from, what, body.as_bytes()));
        faults.extend(requests.chain(answers).filter_map(|cost| cost.fault()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whatever is let in takes at most four times its length, or what any request may take.
#[test]
fn the_estimate_is_at_most_four_times_the_length() {
    const ALWAYS: u64 = 64 << 20;
    for &from in Protocol::ALL {
        for (what, body) in shapes::requests(from.name(), 256 << 10) {
            let length = body.len() as u64;
            let estimate = Weight::of([body.as_bytes()]).unwrap_or_default();
            assert!(estimate <= (4 * length).max(ALWAYS), "{from} {what}");
        }
    }
}

/// What applications send is let in, however much of it they send.
#[test]
fn real_bodies_of_any_length_are_let_in() {
    let picture = format!(
        r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}}"#,
        "iVBORw0KGgo".repeat(50_000)
    );
    let said = r#"{"role":"user","content":[{"type":"text","text":"LINE"}]}"#
        .replace("LINE", &"fn main() { println!(\\\"{}, [1, 2]\\\"); }\\n".repeat(40));
    let tool = format!(
        r#"{{"type":"function","function":{{"name":"f","description":"{}","parameters":{{"type":"object","properties":{{{}}}}}}}}}"#,
        "what it does ".repeat(30),
        [r#""path":{"type":"string","description":"The path of the file to read."}"#; 8].join(",")
    );
    for (what, messages, tools) in [
        ("pictures", vec![picture.as_str(); 55], vec![]),
        ("turns", vec![said.as_str(); 3_000], vec![]),
        ("an agent", vec![said.as_str(); 1_000], vec![tool.as_str(); 128]),
        ("tools", vec![said.as_str()], vec![tool.as_str(); 400]),
    ] {
        let (messages, tools) = (messages.join(","), tools.join(","));
        let body = format!(r#"{{"model":"m","messages":[{messages}],"tools":[{tools}]}}"#);
        assert!(Weight::of([body.as_bytes()]).is_ok(), "{what}: {}", body.len());
        serde_json::from_str::<serde::de::IgnoredAny>(&body).unwrap();
    }
}

/// Long chats, tables and catalogues of tools take no more than four times their length, or than any
/// request may take, by the estimate and in truth.
#[test]
fn real_bodies_of_many_parts_are_let_in() {
    const ALWAYS: u64 = 64 << 20;
    for &from in Protocol::ALL {
        for (what, body) in real::requests(from.name(), 5_000_000) {
            let length = body.len() as u64;
            let estimate = Weight::of([body.as_bytes()]);
            let estimate = estimate.unwrap_or_else(|_| panic!("{from} {what} is refused"));
            assert!(estimate <= (4 * length).max(ALWAYS), "{from} {what}: {estimate}");
            if what.starts_with("rows") {
                assert!(estimate < 3 * length + 10_000, "{from} {what}: {estimate}");
            }
        }
        for (what, body) in real::requests(from.name(), 500_000) {
            let cost = measure::request(from, what, body.as_bytes());
            let cost = cost.unwrap_or_else(|| panic!("{from} {what} is refused"));
            assert_eq!(cost.fault(), None);
        }
    }
}

/// Longer than any vendor's answer, in the smallest events.
#[test]
fn a_stream_takes_in_proportion_to_its_length() {
    for (what, unit) in [
        ("texts", r#"{"choices":[{"delta":{"content":"a"}}]}"#),
        ("pings", r#"{"choices":[]}"#),
        ("usage", r#"{"choices":[],"usage":{"prompt_tokens":1}}"#),
        (
            "arguments",
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"a"}}]}}]}"#,
        ),
        (
            "nameless",
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"a"}}]}}]}"#,
        ),
    ] {
        let bytes = format!("data: {unit}\n\n").repeat(2_000);
        for &to in Protocol::ALL {
            let cost = measure::stream(Protocol::OpenAi, to, what, bytes.as_bytes(), 4096);
            assert_eq!(cost.fault(), None);
            assert!(cost.memory < 16 * bytes.len(), "{cost:?}");
        }
    }
}
