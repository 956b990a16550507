//! A seventh protocol, added as CONTRIBUTING says: one folder, and one row in each of two tables. It is
//! made of a copy of the sources, built and tried; that nothing else had to change is what this shows.
#![expect(clippy::unwrap_used, reason = "in a test a panic is how it fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The protocol whose folder the seventh one's is made of, with other names.
const MODEL: &str = "cohere";

/// (in the model's files, in the seventh's)
const RENAMED: [(&str, &str); 6] = [
    ("CohereEmbeddings", "SeventhEmbeddings"),
    ("Cohere", "Seventh"),
    ("/v2/chat", "/seventh/chat"),
    ("/v2/embed", "/seventh/embed"),
    ("\"api.cohere.com\", \"api.cohere.ai\"", "\"api.seventh.example\""),
    ("protocol::cohere", "protocol::seventh"),
];

/// What a client of each side sees, through the public functions alone.
const TRIED: &str = r##"
use onwards::protocol::{Endpoint, Protocol};
use onwards::protocol::codec::{Head, Target};
use onwards::protocol::conversation::Lossy;

#[test]
fn request_of_another_protocol_is_written_and_read_again() {
    let seventh = Protocol::from_name("seventh").unwrap();
    assert_eq!(Protocol::ALL.len(), 7);
    assert_eq!(Endpoint::find("/seventh/chat", None).unwrap().protocol, seventh);
    let body = br#"{"model":"m","messages":[{"role":"user","content":"Good morning"}]}"#;
    let asked = Protocol::OpenAi.codec().read_request(body, &Head::default()).unwrap();
    let target = Target { model: "theirs", lossy: Lossy::Warn, seed: "1", ..Target::default() };
    let written = seventh.codec().write_request(&asked, &target).unwrap();
    assert_eq!(written.path_and_query, "/seventh/chat");
    let read = seventh.codec().read_request(&written.body, &Head::default()).unwrap();
    assert_eq!(read.turns.len(), 1);
}
"##;

#[test]
#[ignore = "builds the crate a second time; .ci/run asks for it"]
fn seventh_protocol_is_one_folder_and_two_rows() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seventh");
    let _ = std::fs::remove_dir_all(&copy);
    for part in ["src", "heap"] {
        copy_all(&house.join(part), &copy.join(part));
    }
    std::fs::copy(house.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
    // A document that the binary holds.
    write(&copy.join("docs/openapi.json"), &read(&house.join("docs/openapi.json")));
    let manifest = read(&house.join("Cargo.toml"));
    let (before, benches) = manifest.split_once("[[bench]]").unwrap();
    let (_, after) = benches.split_once("[dependencies]").unwrap();
    write(&copy.join("Cargo.toml"), &format!("{before}[dependencies]{after}"));

    let protocols = copy.join("src/protocol");
    for file in files(&protocols.join(MODEL)).into_iter().chain([protocols.join("cohere.rs")]) {
        let renamed = file.to_str().unwrap().replace("protocol/cohere", "protocol/seventh");
        let renames = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
        write(Path::new(&renamed), &RENAMED.iter().fold(read(&file), renames));
    }
    row(&copy.join("src/words.rs"), "        Cohere = \"cohere\",\n", "        /// The seventh.\n");
    row(&copy.join("src/protocol.rs"), "    Cohere: cohere;\n", "");
    row(&copy.join("src/protocol.rs"), "pub(crate) mod cohere;\n", "");
    write(&copy.join("tests/tried.rs"), TRIED);
    write(
        &copy.join("targets.json"),
        r#"{"targets":{"a":{"url":"https://api.example.com","protocol":"seventh"}}}"#,
    );

    cargo(&copy, &["test", "--test", "tried"]);
    cargo(&copy, &["run", "--bin", "onwards", "--", "check", "targets.json"]);
}

/// Adds the seventh's row after the model's.
fn row(file: &Path, model: &str, before: &str) {
    let text = read(file);
    assert_eq!(text.matches(model).count(), 1, "{}: {model}", file.display());
    let seventh = model.replace("Cohere", "Seventh").replace("cohere", "seventh");
    write(file, &text.replace(model, &format!("{model}{before}{seventh}")));
}

fn cargo(copy: &Path, arguments: &[&str]) {
    // A directory of its own: cargo would take the copy's library for that of these sources, and the
    // tests that follow would be built with seven protocols.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("seventh");
    let mut cargo = Command::new(env!("CARGO"));
    let options = ["--offline", "--locked", "--quiet", "--target-dir"];
    let (command, rest) = arguments.split_first().unwrap();
    // What this test was told of its own package would have dependencies built anew.
    for (name, _) in std::env::vars().filter(|(name, _)| is_of_this_package(name)) {
        cargo.env_remove(name);
    }
    let output = cargo.current_dir(copy).arg(command).args(options).arg(target).args(rest).output();
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {told}{said}");
}

fn is_of_this_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|it| name.starts_with(it))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn copy_all(from: &Path, to: &Path) {
    for file in files(from) {
        write_bytes(&to.join(file.strip_prefix(from).unwrap()), &std::fs::read(&file).unwrap());
    }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

fn write(file: &Path, text: &str) {
    write_bytes(file, text.as_bytes());
}

fn write_bytes(file: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}
