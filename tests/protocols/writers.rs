//! Every protocol's writer over the fixed conversations and answers: the neutral form in, bytes out,
//! as reviewed snapshots.

use std::fmt::Write;

use onwards::protocol::Protocol;
use onwards::protocol::codec::Model;
use onwards::protocol::conversation::{Delivery, Lossy};

use super::corpus::{client, target, write_stream};
use super::embeddings::{self, PROVIDERS, codec, speakers};
use super::snapshots::{Sections, compare, pretty};
use super::{answers, conversations, shown, vectors};

#[test]
fn requests_written_as_reviewed() {
    let conversations = conversations::all();
    for_each_protocol("write_request", &conversations, |to, conversation| {
        let written = to.codec().write_request(conversation, &target(to)).unwrap();
        let mut shown = format!("POST {}\n", written.path_and_query);
        for (name, value) in &written.headers {
            if *name != "content-type" || value != "application/json" {
                writeln!(shown, "{name}: {value}").unwrap();
            }
        }
        if !written.dropped.is_empty() {
            writeln!(shown, "dropped: {}", written.dropped.join(", ")).unwrap();
        }
        for (sent, name) in &written.reading.renamed {
            writeln!(shown, "renamed: {name} as {sent}").unwrap();
        }
        if let Some(tool) = written.reading.answer_tool {
            writeln!(shown, "answered through: {tool}").unwrap();
        }
        shown + &pretty(&written.body)
    });
}

#[test]
fn responses_written_as_reviewed() {
    for_each_protocol("write_response", &answers::replies(), |to, reply| {
        pretty(&to.codec().write_response(reply, &client(Delivery::Whole)))
    });
}

#[test]
fn streams_written_as_reviewed() {
    for_each_protocol("write_stream", &answers::streams(), |to, events| {
        let out = write_stream(to, events);
        String::from_utf8(out).unwrap_or_else(|error| printable(error.as_bytes()))
    });
}

#[test]
fn errors_written_as_reviewed() {
    for_each_protocol("write_error", &answers::failures(), |to, failure| {
        let written = to.codec().write_error(failure, "req_1");
        let headers: String =
            written.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{}\n{headers}{}", written.status, pretty(&written.body))
    });
}

#[test]
fn lists_of_models_written_as_reviewed() {
    let line = |id, created| Model { id, created, owned_by: "onwards" };
    let models = [line("a", 0), line("b/c", 1_700_000_000)];
    for &protocol in Protocol::ALL {
        let mut sections = Sections::default();
        sections.add("list", &pretty(&protocol.codec().write_models(&models)));
        sections.add("one", &pretty(&protocol.codec().write_model(&models[1])));
        compare("write_models", protocol, &sections);
    }
}

#[test]
fn embedding_requests_written_as_reviewed() {
    for (name, to, model) in PROVIDERS {
        let mut sections = Sections::default();
        for (case, asked) in vectors::requests() {
            let shown = match codec(to)
                .write_request(&asked, &embeddings::target(model, Lossy::Warn))
            {
                Err(refused) => format!("refused: {}", refused.field),
                Ok(calls) => {
                    let dropped = calls.dropped.iter().map(|name| format!("dropped: {name}\n"));
                    let written = calls.calls.iter().map(|call| {
                        format!("POST {} ({})\n{}\n", calls.path, call.inputs, pretty(&call.body))
                    });
                    dropped.chain(written).collect()
                }
            };
            sections.add(case, &shown);
        }
        compare("write_embed_request", name, &sections);
    }
}

#[test]
fn embedding_answers_written_as_reviewed() {
    for to in speakers() {
        let mut sections = Sections::default();
        for (case, asked, answer) in vectors::answers() {
            let written = codec(to).write_response(&answer, &asked, &client(Delivery::Whole));
            let shown = match written {
                Err(failure) => shown::failure(&failure),
                Ok(answered) => {
                    let headers = answered.headers.iter();
                    let headers: String =
                        headers.map(|(name, value)| format!("{name}: {value}\n")).collect();
                    headers + &pretty(&answered.body)
                }
            };
            sections.add(case, &shown);
        }
        compare("write_embed_response", to, &sections);
    }
}

fn for_each_protocol<T>(
    kind: &str,
    cases: &[(impl AsRef<str>, T)],
    write: impl Fn(Protocol, &T) -> String,
) {
    for &to in Protocol::ALL {
        let mut sections = Sections::default();
        for (name, case) in cases {
            sections.add(name.as_ref(), &write(to, case));
        }
        compare(kind, to, &sections);
    }
}

/// Frames that are not text, a line for each: what cannot be printed as `<hex>`. A frame begins with
/// its length.
fn printable(mut bytes: &[u8]) -> String {
    let mut lines = String::new();
    while let Some((length, _)) = bytes.split_first_chunk::<4>() {
        let (frame, rest) = bytes.split_at(u32::from_be_bytes(*length) as usize);
        let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
        let runs = frame.chunk_by(|a, b| is_text(a) == is_text(b));
        let runs = runs.map(|run| match is_text(&run[0]) {
            true => String::from_utf8_lossy(run).into_owned(),
            false => {
                format!("<{}>", run.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
        });
        writeln!(lines, "{}", runs.collect::<String>()).unwrap();
        bytes = rest;
    }
    lines
}
