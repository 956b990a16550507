//! The cost of reading and writing grows as the bytes do, whatever they are: bodies, answers, streams
//! and schemas of many shapes, each at two sizes, for every protocol that reads them and every
//! protocol that they are written in.
//!
//! Time is the thread's own on the processor where the system tells it, so that neighbours hardly
//! count.

use std::time::{Duration, Instant};

use bytes::Bytes;
use onwards::protocol::Protocol;
use onwards::protocol::codec::Head;
use onwards::protocol::conversation::{Delivery, Event};

use super::corpus::{client, reading, target};

type Make = fn(usize) -> String;

const LESS: usize = 1_500;
/// What is linear takes so many times as long.
const TIMES: usize = 6;
/// How often a comparison is made before it has failed.
const MEASURED: usize = 10;
/// What takes no longer than this is not worth a comparison.
const FLOOR: Duration = Duration::from_millis(25);

#[test]
fn requests_cost_what_their_bytes_do() {
    let shapes: &[(&str, Protocol, Make)] = &[
        ("nested results", Protocol::Anthropic, |n| {
            let open = r#"{"type":"tool_result","tool_use_id":"a","content":["#.repeat(n);
            anthropic(&format!(r#"{open}{{"type":"text","text":"x"}}{}"#, "]}".repeat(n)))
        }),
        ("nested results", Protocol::Bedrock, |n| {
            let open = r#"{"toolResult":{"toolUseId":"a","content":["#.repeat(n);
            let inner = format!(r#"{open}{{"text":"x"}}{}"#, "]}}".repeat(n));
            format!(r#"{{"messages":[{{"role":"user","content":[{inner}]}}]}}"#)
        }),
        ("nested items of a schema", Protocol::Gemini, |n| schema(&nested(r#"{"items":"#, n))),
        ("nested properties", Protocol::Gemini, |n| {
            let (open, close) = (r#"{"properties":{"a":"#.repeat(n), "}}".repeat(n));
            schema(&format!("{open}{{}}{close}"))
        }),
        ("a tower of anyOf", Protocol::Gemini, |n| {
            schema(&format!(
                r#"{}{{"type":"STRING"}}{}"#,
                r#"{"anyOf":["#.repeat(n),
                "]}".repeat(n)
            ))
        }),
        ("nested arguments", Protocol::Anthropic, |n| {
            let input = nested(r#"{"a":"#, n);
            anthropic(&format!(r#"{{"type":"tool_use","id":"a","name":"f","input":{input}}}"#))
        }),
        ("allowed tools", Protocol::Gemini, |n| {
            let tools = list(n, |i| format!(r#"{{"name":"f{i}"}}"#));
            let names = list(n, |i| format!(r#""f{}""#, n - 1 - i));
            format!(
                r#"{{"contents":[{{"parts":[{{"text":"q"}}]}}],"tools":[{{"functionDeclarations":[{tools}]}}],"toolConfig":{{"functionCallingConfig":{{"mode":"ANY","allowedFunctionNames":[{names}]}}}}}}"#
            )
        }),
        ("parts", Protocol::OpenAi, |n| {
            chat(&format!(r#"{{"role":"user","content":[{}]}}"#, list(n, text)))
        }),
        ("messages", Protocol::OpenAi, |n| {
            chat(&list(n, |i| {
                let role = if i % 2 == 0 { "user" } else { "assistant" };
                format!(r#"{{"role":"{role}","content":"m{i}"}}"#)
            }))
        }),
        ("unknown fields of parts", Protocol::OpenAi, |n| {
            let parts = list(n, |i| format!(r#"{{"type":"text","text":"x","y{}":"z"}}"#, i % 900));
            chat(&format!(r#"{{"role":"user","content":[{parts}]}}"#))
        }),
        ("calls of one id", Protocol::OpenAi, |n| {
            let calls = list(n, |_| call("same", "f"));
            let results =
                list(n, |_| r#"{"role":"tool","tool_call_id":"same","content":"r"}"#.to_owned());
            chat(&format!(
                r#"{{"role":"user","content":"q"}},{{"role":"assistant","tool_calls":[{calls}]}},{results}"#
            ))
        }),
        ("results out of order", Protocol::OpenAi, |n| {
            let calls = list(n, |i| call(&format!("c{i}"), "f.g"));
            let results = list(n, |i| {
                format!(r#"{{"role":"tool","tool_call_id":"c{}","content":"r"}}"#, n - 1 - i)
            });
            chat(&format!(
                r#"{{"role":"user","content":"q"}},{{"role":"assistant","tool_calls":[{calls}]}},{results}"#
            ))
        }),
        ("tools of one name", Protocol::Anthropic, |n| {
            let tools = list(n, |_| r#"{"name":"a.b","input_schema":{}}"#.to_owned());
            format!(
                r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"q"}}],"tools":[{tools}]}}"#
            )
        }),
        ("stop sequences", Protocol::Anthropic, |n| {
            let stops = list(n, |i| format!(r#""s{i}""#));
            format!(
                r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"q"}}],"stop_sequences":[{stops}]}}"#
            )
        }),
        ("documents of one name", Protocol::Anthropic, |n| {
            anthropic(&list(n, |_| {
                r#"{"type":"document","title":"a","source":{"type":"text","data":"x"}}"#.to_owned()
            }))
        }),
        ("escapes", Protocol::OpenAiResponses, |n| {
            let input = r"\u00e4\n\\".repeat(40 * n);
            format!(r#"{{"model":"m","input":"{input}"}}"#)
        }),
        ("items", Protocol::OpenAiResponses, |n| {
            let items = list(n, |i| {
                format!(
                    r#"{{"type":"function_call","call_id":"c{i}","name":"f","arguments":"{{}}"}},{{"type":"function_call_output","call_id":"c{i}","output":"r"}}"#
                )
            });
            format!(r#"{{"model":"m","input":[{items}]}}"#)
        }),
        ("messages", Protocol::Cohere, |n| {
            chat(&list(n, |i| format!(r#"{{"role":"user","content":[{}]}}"#, text(i))))
        }),
    ];
    for &(name, from, make) in shapes {
        let read = |body: &str| {
            let head = Head { model: Some("m"), ..Head::default() };
            from.codec().read_request(body.as_bytes(), &head).unwrap().with_distinct_calls()
        };
        let (small, large) = (make(LESS), make(TIMES * LESS));
        grows_as_bytes_do(&format!("{name}, read by {from}"), &small, &large, |body| {
            read(body);
        });
        let (small, large) = (read(&small), read(&large));
        for &to in Protocol::ALL {
            let place = format!("{name} of {from}, written by {to}");
            grows_as_bytes_do(&place, &small, &large, |read| {
                to.codec().write_request(read, &target(to)).unwrap();
            });
        }
    }
}

#[test]
fn answers_cost_what_their_bytes_do() {
    let shapes: &[(&str, Protocol, Make)] = &[
        ("calls", Protocol::Gemini, |n| {
            let calls = list(n, |i| format!(r#"{{"functionCall":{{"name":"f{i}","args":{{}}}}}}"#));
            format!(r#"{{"candidates":[{{"content":{{"parts":[{calls}]}},"index":0}}]}}"#)
        }),
        ("calls", Protocol::OpenAi, |n| {
            let calls = list(n, |i| call(&format!("c{i}"), "f"));
            format!(r#"{{"choices":[{{"index":0,"message":{{"tool_calls":[{calls}]}}}}]}}"#)
        }),
        ("nested thoughts", Protocol::OpenAi, |n| {
            // Readers of JSON stop at a depth of 128; what they copy at each level adds up.
            let (open, close) = (r#"[{"thinking":"#.repeat(50), "}]".repeat(50));
            let text = "x".repeat(100 * n);
            format!(
                r#"{{"choices":[{{"index":0,"message":{{"content":{open}"{text}"{close}}}}}]}}"#
            )
        }),
        ("blocks", Protocol::Anthropic, |n| {
            let blocks = list(n, |i| {
                format!(r#"{{"type":"tool_use","id":"a{i}","name":"f","input":{{"a":[{i}]}}}}"#)
            });
            format!(r#"{{"type":"message","content":[{blocks}]}}"#)
        }),
        ("items", Protocol::OpenAiResponses, |n| {
            let items = list(n, |i| {
                format!(
                    r#"{{"type":"function_call","call_id":"c{i}","name":"f","arguments":"{{}}"}}"#
                )
            });
            format!(r#"{{"status":"completed","output":[{items}]}}"#)
        }),
    ];
    for &(name, from, make) in shapes {
        let read = |body: &str| from.codec().read_response(body.as_bytes(), &reading()).unwrap();
        let (small, large) = (make(LESS), make(TIMES * LESS));
        grows_as_bytes_do(&format!("{name}, read by {from}"), &small, &large, |body| {
            read(body);
        });
        let (small, large) = (read(&small), read(&large));
        for &to in Protocol::ALL {
            let place = format!("{name} of {from}, written by {to}");
            grows_as_bytes_do(&place, &small, &large, |reply| {
                to.codec().write_response(reply, &client(Delivery::Whole));
            });
        }
    }
}

#[test]
fn streams_cost_what_their_bytes_do() {
    let shapes: &[(&str, Protocol, Make)] = &[
        ("fragments of many calls in turn", Protocol::OpenAi, |n| {
            let begin = list_of(n, |i| {
                delta(&format!(r#""index":{i},"id":"c{i}","function":{{"name":"f"}}"#))
            });
            let more = list_of(n, |i| {
                delta(&format!(r#""index":{},"function":{{"arguments":" "}}"#, (7 * i) % n))
            });
            format!("{begin}{more}{FINISH}")
        }),
        ("calls of one index", Protocol::OpenAi, |n| {
            let all = list_of(n, |i| {
                delta(&format!(
                    r#""index":0,"id":"c{i}","function":{{"name":"f","arguments":"{{}}"}}"#
                ))
            });
            format!("{all}{FINISH}")
        }),
        ("calls without an index", Protocol::OpenAi, |n| {
            let begin = list_of(n, |i| delta(&format!(r#""id":"c{i}","function":{{"name":"f"}}"#)));
            let more =
                list_of(n, |i| delta(&format!(r#""id":"c{i}","function":{{"arguments":"{{}}"}}"#)));
            format!("{begin}{more}{FINISH}")
        }),
        ("fragments of a byte", Protocol::OpenAi, |n| {
            let begin =
                delta(r#""index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":\""}"#);
            let more = list_of(4 * n, |_| delta(r#""index":0,"function":{"arguments":"x"}"#));
            let end = delta(r#""index":0,"function":{"arguments":"\"}"}"#);
            format!("{begin}{more}{end}{FINISH}")
        }),
        ("open texts", Protocol::OpenAiResponses, |n| {
            let texts = list_of(n, |i| {
                format!(
                    "data: {{\"type\":\"response.output_text.delta\",\"output_index\":{i},\"delta\":\"x\"}}\n\n"
                )
            });
            format!(
                "{texts}data: {{\"type\":\"response.completed\",\"response\":{{\"status\":\"completed\"}}}}\n\n"
            )
        }),
        ("texts", Protocol::Anthropic, |n| {
            let deltas = list_of(4 * n, |_| {
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n".to_owned()
            });
            format!(
                "data: {{\"type\":\"message_start\",\"message\":{{}}}}\n\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n{deltas}data: {{\"type\":\"content_block_stop\",\"index\":0}}\n\ndata: {{\"type\":\"message_stop\"}}\n\n"
            )
        }),
        ("calls", Protocol::Gemini, |n| {
            let chunks = list(n, |i| {
                format!(
                    r#"{{"candidates":[{{"index":0,"content":{{"parts":[{{"functionCall":{{"name":"f{i}","args":{{}}}}}}]}},"finishReason":"STOP"}}]}}"#
                )
            });
            format!("[{chunks}]")
        }),
        ("one long element", Protocol::Gemini, |n| {
            format!(
                r#"[{{"candidates":[{{"index":0,"content":{{"parts":[{{"text":"{}"}}]}},"finishReason":"STOP"}}]}}]"#,
                "x".repeat(40 * n)
            )
        }),
        ("a line that never ends", Protocol::Cohere, |n| format!("data: {}", "x".repeat(40 * n))),
        ("an event of many lines", Protocol::OpenAi, |n| "data: 1\n".repeat(4 * n)),
    ];
    for &(name, from, make) in shapes {
        let read = |stream: &str, piece: usize| {
            let (mut reader, mut events) = (from.codec().stream_reader(reading()), Vec::new());
            let bytes = Bytes::copy_from_slice(stream.as_bytes());
            let mut at = 0;
            while at < bytes.len() {
                let end = bytes.len().min(at + piece);
                reader.feed(bytes.slice(at..end), &mut events);
                at = end;
            }
            reader.end(&mut events);
            events
        };
        let (small, large) = (make(LESS), make(TIMES * LESS));
        for piece in [1, 100, 1 << 20] {
            // A piece for each byte costs its own time, which many short events need not show.
            if piece == 1 && large.len() > 500_000 {
                continue;
            }
            let place = format!("{name} in pieces of {piece}, read by {from}");
            grows_as_bytes_do(&place, &small, &large, |stream| {
                read(stream, piece);
            });
        }
        let (small, large) = (read(&small, 1 << 20), read(&large, 1 << 20));
        for &to in Protocol::ALL {
            let place = format!("{name} of {from}, written by {to}");
            grows_as_bytes_do(&place, &small, &large, |events: &Vec<Event>| {
                super::corpus::write_stream(to, events);
            });
        }
    }
}

/// More than any vendor takes is refused, by name and with the most.
#[test]
fn more_than_any_vendor_takes_is_refused() {
    let refused = |body: &str| {
        let read = Protocol::OpenAi.codec().read_request(body.as_bytes(), &Head::default());
        let read = read.and_then(onwards::protocol::conversation::Conversation::bounded);
        read.unwrap_err().to_string()
    };
    let parts = chat(&format!(r#"{{"role":"user","content":[{}]}}"#, list(100_001, text)));
    let said = "`messages[0].content` must not have more than 100000 items";
    assert_eq!(refused(&parts), said);
    let message = format!(r#"{{"role":"user","content":[{}]}}"#, list(10_001, text));
    let messages = chat(&list(10, |_| message.clone()));
    assert_eq!(refused(&messages), "`messages` must not have more than 100000 items");
    let with = |more: &str| {
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":"q"}}],{more}}}"#)
    };
    let tools = list(10_001, |i| format!(r#"{{"type":"function","function":{{"name":"f{i}"}}}}"#));
    let tools = with(&format!(r#""tools":[{tools}]"#));
    assert_eq!(refused(&tools), "`tools` must not have more than 10000 items");
    let stops = with(&format!(r#""stop":[{}]"#, list(8_192, |i| format!(r#""{i}""#))));
    assert_eq!(refused(&stops), "`stop` must not have more than 8191 items");
    assert_eq!(refused(&with(r#""n":129"#)), "`n` must not be more than 128");
}

/// So is an answer with more calls than any model makes: it is malformed.
#[test]
fn more_calls_than_any_model_makes_are_malformed() {
    let calls = list(16_385, |i| call(&format!("c{i}"), "f"));
    let body = format!(r#"{{"choices":[{{"index":0,"message":{{"tool_calls":[{calls}]}}}}]}}"#);
    let read = Protocol::OpenAi.codec().read_response(body.as_bytes(), &reading());
    assert!(read.unwrap_err().message.contains("more tool calls"));
    let stream = list_of(16_385, |i| {
        delta(&format!(r#""index":{i},"id":"c{i}","function":{{"name":"f","arguments":"{{}}"}}"#))
    });
    let events = super::corpus::read_stream(Protocol::OpenAi, &[stream.as_bytes()]);
    let Some(Event::Failure(failure)) = events.last() else { panic!("{:?}", events.last()) };
    assert!(failure.message.contains("more tool calls"));
}

/// A neighbour can only make a measurement longer, so the least of several is the truest, and a
/// comparison that fails is made again until it holds or has failed often enough.
fn grows_as_bytes_do<T>(place: &str, small: &T, large: &T, work: impl Fn(&T)) {
    let (mut less, mut more) = (Duration::MAX, Duration::MAX);
    for _ in 0..MEASURED {
        more = more.min(timed(|| work(large)));
        if more <= FLOOR {
            return;
        }
        less = less.min(timed(|| work(small)));
        if more <= less.max(FLOOR / TIMES as u32) * (2 * TIMES) as u32 {
            return;
        }
    }
    panic!("{place}: {less:?}, and {more:?} for {TIMES} times as much");
}

/// The thread's time on the processor, in nanoseconds since it began.
fn on_processor() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok()
}

fn timed(work: impl FnOnce()) -> Duration {
    let (began, clock) = (on_processor(), Instant::now());
    work();
    match (began, on_processor()) {
        (Some(began), Some(ended)) => Duration::from_nanos(ended - began),
        _ => clock.elapsed(),
    }
}

const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"tool_calls\"}]}\n\n";

fn list(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).map(one).collect::<Vec<_>>().join(",")
}

fn list_of(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).map(one).collect()
}

fn text(number: usize) -> String {
    format!(r#"{{"type":"text","text":"t{number}"}}"#)
}

fn call(id: &str, name: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"function","function":{{"name":"{name}","arguments":"{{}}"}}}}"#
    )
}

fn delta(call: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{{call}}}]}}}}]}}\n\n")
}

fn chat(messages: &str) -> String {
    format!(r#"{{"model":"m","messages":[{messages}]}}"#)
}

fn anthropic(block: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":[{block}]}}]}}"#)
}

fn schema(parameters: &str) -> String {
    format!(
        r#"{{"contents":[{{"parts":[{{"text":"q"}}]}}],"tools":[{{"functionDeclarations":[{{"name":"f","parameters":{parameters}}}]}}]}}"#
    )
}

fn nested(open: &str, n: usize) -> String {
    format!("{}{{}}{}", open.repeat(n), "}".repeat(n))
}
