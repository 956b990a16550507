//! What strict mode promises, held to the corpus of every protocol and to what small changes make of it.
//!
//! Never: chance. Each change follows from its number, so that what fails here fails again.

use std::path::{Path, PathBuf};

use onwards::protocol::strict::trial::Trial;

use crate::strict;

/// The files of the corpus that hold requests, answers and streams.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let protocols = ["anthropic", "bedrock", "cohere", "gemini", "openai", "openai_responses"];
    let cases = protocols.iter().flat_map(|it| std::fs::read_dir(golden.join(it)).unwrap());
    let cases = cases.map(|case| case.unwrap().path()).filter(|case| case.is_dir());
    let files = cases.flat_map(|case| std::fs::read_dir(case).unwrap());
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
}

/// The next of a row of numbers (xorshift).
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 8) as usize
}

/// Some bytes changed: cut, repeated, replaced, or with a piece of JSON among them.
fn changed(bytes: &[u8], number: u64) -> Vec<u8> {
    const PIECES: [&str; 12] = [
        "null",
        "{}",
        "[]",
        "\"\"",
        "1e999",
        "-0.0",
        "\"x\":{\"y\":[1]},",
        "\\u0061",
        "\"type\":\"x\",",
        ",",
        "\r\n\r\n",
        "data: [DONE]\n\n",
    ];
    let (mut bytes, mut state) = (bytes.to_vec(), number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..=next(&mut state) % 3 {
        let at = next(&mut state) % (bytes.len() + 1);
        let end = (at + next(&mut state) % 24).min(bytes.len());
        match next(&mut state) % 4 {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(end..end, again);
            }
            2 if at < bytes.len() => bytes[at] = next(&mut state) as u8,
            _ => {
                let piece = PIECES[next(&mut state) % PIECES.len()];
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
    bytes
}

#[test]
fn validation_and_cleaning_keep_their_promises_over_the_corpus_and_what_changes_make_of_it() {
    let corpus = corpus();
    assert!(corpus.len() > 150, "{} files", corpus.len());
    let mut broken = Vec::new();
    for (nth, (file, bytes)) in corpus.iter().enumerate() {
        if bytes.len() > LONGEST {
            continue;
        }
        strict::validate(bytes);
        strict::clean(bytes);
        for change in 0..CHANGES {
            let changed = changed(bytes, (nth as u64 + 1) * 1_000 + change);
            let held = std::panic::catch_unwind(|| {
                strict::validate(&changed);
                strict::clean(&changed);
            });
            if held.is_err() {
                broken.push(format!("{}, change {change}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What the vendors' own examples and SDKs send is taken.
#[test]
fn validation_takes_the_requests_of_the_corpus() {
    let mut taken = 0;
    for (file, bytes) in corpus() {
        if !file.ends_with("request.json") {
            continue;
        }
        let folder = file.parent().and_then(Path::parent).unwrap();
        let path = [file.with_file_name("path"), folder.join("path")];
        let path = path.iter().find_map(|path| std::fs::read_to_string(path).ok()).unwrap();
        let Some(trial) = Trial::at(path.trim().split('?').next().unwrap()) else { continue };
        assert_eq!(trial.validate(&bytes, false), Ok(()), "{}", file.display());
        taken += 1;
    }
    assert!(taken > 40, "{taken}");
}

const CHANGES: u64 = 4;
const LONGEST: usize = 16 * 1024;
