//! Every protocol's reader over its corpus: bytes in, the neutral form out, as reviewed snapshots.

use onwards::protocol::Protocol;

use super::corpus::{Case, cases, reading};
use super::embeddings::{asked, embedded, speakers};
use super::shown;
use super::snapshots::{Sections, compare};

#[test]
fn requests_read_as_reviewed() {
    for_each_protocol("read_request", |case| Some(shown::conversation(&case.conversation()?)));
}

#[test]
fn responses_read_as_reviewed() {
    for_each_protocol("read_response", |case| {
        let read = case.protocol.codec().read_response(&case.file("response.json")?, &reading());
        Some(match read {
            Ok(reply) => shown::reply(&reply),
            Err(failure) => shown::failure(&failure),
        })
    });
}

#[test]
fn streams_read_as_reviewed() {
    for_each_protocol("read_stream", |case| Some(shown::events(&case.events()?)));
}

#[test]
fn errors_read_as_reviewed() {
    for_each_protocol("read_error", |case| Some(shown::failure(&case.failure()?)));
}

#[test]
fn embeddings_read_as_reviewed() {
    for from in speakers() {
        let (mut requests, mut answers) = (Sections::default(), Sections::default());
        for case in cases(from) {
            if let Some(asked) = asked(&case) {
                requests.add(&case.name, &shown::embedding(&asked));
            }
            match embedded(&case) {
                None => {}
                Some(Ok(answer)) => answers.add(&case.name, &shown::embedded(&answer)),
                Some(Err(failure)) => answers.add(&case.name, &shown::failure(&failure)),
            }
        }
        compare("read_embed_request", from, &requests);
        compare("read_embed_response", from, &answers);
    }
}

fn for_each_protocol(kind: &str, show: impl Fn(&Case) -> Option<String>) {
    for &protocol in Protocol::ALL {
        let mut sections = Sections::default();
        for case in cases(protocol) {
            if let Some(shown) = show(&case) {
                sections.add(&case.name, &shown);
            }
        }
        compare(kind, protocol, &sections);
    }
}
