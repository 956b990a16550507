//! Every pair of protocols over the corpus, as reviewed snapshots: one file for each pair and kind.

use std::fmt::Write;

use http::HeaderMap;
use onwards::protocol::Protocol;
use onwards::protocol::conversation::{Delivery, Event, Lossy};
use onwards::protocol::replay;
use onwards::protocol::wire::{Model, Target};

use super::corpus::{Case, cases, client, read_stream, reading, target, write_stream};
use super::order;

#[test]
fn requests() {
    for_each_pair("request", |case, to| {
        let written = to.wire().write_request(&case.conversation()?, &target(to)).unwrap();
        let mut shown = format!("POST {}\n", written.path_and_query);
        for (name, value) in &written.headers {
            writeln!(shown, "{name}: {value}").unwrap();
        }
        if !written.dropped.is_empty() {
            writeln!(shown, "dropped: {}", written.dropped.join(", ")).unwrap();
        }
        for (sent, name) in &written.reading.renamed {
            writeln!(shown, "renamed: {name} as {sent}").unwrap();
        }
        Some(shown + &pretty(&written.body))
    });
}

#[test]
fn responses() {
    for_each_pair("response", |case, to| {
        let body = case.file("response.json")?;
        let reply = case.protocol.wire().read_response(&body, &reading()).unwrap();
        Some(pretty(&to.wire().write_response(&reply, &client(Delivery::Whole))))
    });
}

#[test]
fn streams() {
    for_each_pair("stream", |case, to| {
        let out = write_stream(to, &case.events()?);
        Some(String::from_utf8(out).unwrap_or_else(|error| hex(error.as_bytes())))
    });
}

#[test]
fn errors() {
    for_each_pair("error", |case, to| {
        let error: serde_json::Value = serde_json::from_slice(&case.file("error.json")?).unwrap();
        let status = error["status"].as_u64().unwrap() as u16;
        let body = match &error["body"] {
            serde_json::Value::String(text) => text.clone().into_bytes(),
            body => serde_json::to_vec(body).unwrap(),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in error["headers"].as_object().into_iter().flatten() {
            let name: http::HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        let failure = case.protocol.wire().read_error(status, &headers, &body);
        let written = to.wire().write_error(&failure, "req_1");
        Some(format!(
            "{:?} {status} -> {} {:?}\n{}",
            failure.kind,
            written.status,
            written.headers,
            pretty(&written.body)
        ))
    });
}

#[test]
fn lists_of_models() {
    let models = [("a", 0), ("b/c", 1_700_000_000)].map(|(id, created)| Model {
        id,
        created,
        owned_by: "onwards",
    });
    for &protocol in Protocol::ALL {
        let shown = pretty(&protocol.wire().write_models(&models));
        snapshot(format!("models_{protocol}"), &shown);
        let shown = pretty(&protocol.wire().write_model(&models[1]));
        snapshot(format!("model_{protocol}"), &shown);
    }
}

/// Under `refuse`, what `warn` drops is refused, by the name that `warn` gives first.
#[test]
fn losses_are_refused() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(conversation) = case.conversation() else { continue };
            for &to in Protocol::ALL {
                let warned = to.wire().write_request(&conversation, &target(to)).unwrap();
                let strict = Target { lossy: Lossy::Refuse, ..target(to) };
                let refused = to.wire().write_request(&conversation, &strict).err();
                let refused = refused.map(|refused| refused.field);
                assert_eq!(refused.as_ref(), warned.dropped.first(), "{from}/{} {to}", case.name);
            }
        }
    }
}

#[test]
fn every_split_gives_the_same_stream() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(stream) = case.stream() else { continue };
            let whole = case.events().unwrap();
            for at in 0..=stream.len() {
                let (before, after) = stream.split_at(at);
                assert_eq!(read_stream(from, &[before, after]), whole, "{} at {at}", case.name);
            }
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(read_stream(from, &bytes), whole, "{} byte by byte", case.name);
        }
    }
}

/// What is written for a client is read the same, wherever it is cut: every pair, every offset.
#[test]
fn every_split_of_what_is_written_gives_the_same_stream() {
    let mut splits = 0;
    for &from in Protocol::ALL {
        for case in cases(from).into_iter().filter(|case| case.name == "tools") {
            let Some(events) = case.events() else { continue };
            for &to in Protocol::ALL {
                let stream = write_stream(to, &events);
                let whole = read_stream(to, &[&stream]);
                for at in 0..=stream.len() {
                    let (before, after) = stream.split_at(at);
                    let place = format!("{from}/{} as {to} at {at}", case.name);
                    assert_eq!(read_stream(to, &[before, after]), whole, "{place}");
                    splits += 1;
                }
            }
        }
    }
    assert!(splits > 36 * 1_000, "only {splits} splits");
}

/// A stream cut at any byte is a failure, or the whole answer: never less than it that looks whole.
#[test]
fn no_cut_looks_complete() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(stream) = case.stream() else { continue };
            let said = |events: &[Event]| -> String {
                let parts = events.iter().filter(|event| !matches!(event, Event::Usage(_)));
                parts.map(|event| format!("{event:?}")).collect()
            };
            let whole = said(&case.events().unwrap());
            for at in 0..stream.len() {
                let events = read_stream(from, &[&stream[..at]]);
                match events.last() {
                    Some(Event::Failure(_)) => {}
                    _ => assert_eq!(said(&events), whole, "{from}/{} cut at {at}", case.name),
                }
            }
        }
    }
}

/// A whole answer that is given out as a stream says the same to every client.
#[test]
fn replayed_answers_are_streams() {
    for &from in Protocol::ALL {
        for case in cases(from) {
            let Some(body) = case.file("response.json") else { continue };
            let reply = from.wire().read_response(&body, &reading()).unwrap();
            let (text, finish) = (reply.text(), reply.finish);
            let events = replay::events(reply);
            order::check(&events, &case.name);
            let reason =
                |event: &Event| matches!(event, Event::Finish { reason, .. } if *reason == finish);
            assert!(events.iter().any(reason), "{from}/{}", case.name);
            for &to in Protocol::ALL {
                let again = read_stream(to, &[&write_stream(to, &events)]);
                let texts = again.iter().filter_map(|event| match event {
                    Event::Text(text) => Some(&**text),
                    _ => None,
                });
                let said: String = texts.collect();
                assert!(said.contains(&text), "{from}/{} as {to}: {said}", case.name);
            }
        }
    }
}

fn for_each_pair(kind: &str, show: impl Fn(&Case, Protocol) -> Option<String>) {
    for &from in Protocol::ALL {
        for &to in Protocol::ALL {
            let mut all = String::new();
            for case in cases(from) {
                if let Some(shown) = show(&case, to) {
                    writeln!(all, "===== {}\n{}", case.name, shown.trim_end()).unwrap();
                }
            }
            assert!(!all.is_empty(), "{from} has no case with a {kind}");
            snapshot(format!("{kind}_{from}_to_{to}"), &all);
        }
    }
}

pub(crate) fn snapshot(name: String, shown: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, shown);
    });
}

pub(crate) fn pretty(body: &[u8]) -> String {
    let value: Box<serde_json::value::RawValue> = serde_json::from_slice(body).unwrap();
    indent(value.get())
}

/// Indents JSON without a tree, so that the order of keys is seen as it is written.
fn indent(json: &str) -> String {
    let (mut out, mut depth, mut in_text, mut escaped) = (String::new(), 0, false, false);
    let mut last = ' ';
    for c in json.chars() {
        if !in_text && matches!(c, '}' | ']') {
            depth -= 1;
            if !matches!(last, '{' | '[') {
                out.push('\n');
                out.push_str(&"  ".repeat(depth));
            }
        }
        if !in_text && matches!(last, '{' | '[' | ',') && !matches!(c, '}' | ']' | ' ' | '\n') {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
        if in_text || !c.is_whitespace() {
            out.push(c);
            last = if in_text { 'x' } else { c };
        }
        if !in_text && matches!(c, '{' | '[') {
            depth += 1;
        }
        if c == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && c == '\\' && !escaped;
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(32).map(|line| {
        let text: String = line
            .iter()
            .map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' })
            .collect();
        let hex: String = line.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex:64}  {text}\n")
    });
    lines.collect()
}
