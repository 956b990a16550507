//! The house rules that can be read off the text: levels, circles, sizes, names, and what stands
//! nowhere but in its own place.
//!
//! Never: a rule is bent for one file without a line here that says why.
#![expect(clippy::unwrap_used, reason = "in a test a panic is how it fails")]

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/vendors.rs"]
mod vendors;
#[path = "tidy/visible.rs"]
mod visible;

use std::path::{Path, PathBuf};

/// A module may import what is on a lower level; on its own level, only itself.
const LEVELS: [&[&str]; 7] = [
    &[
        "failure", "refusal", "secret", "body", "sse", "path", "models", "sigv4", "within",
        "quiet", "moment", "words", "rare", "trace", "guard",
    ],
    &["config", "protocol", "choose", "live"],
    &["table", "store"],
    &["upstream", "gateway", "record"],
    &["serve", "reload", "report"],
    &["admin"],
    &["cli", "lib", "main"],
];

/// Imports that the levels allow and the house does not, but for the files named.
const NARROWER: [(&str, &str, &[&str]); 2] = [
    // Meaning begins in `compile`; nothing else that runs knows what was written.
    ("table", "config", &["table/compile.rs", "table/compile/"]),
    ("serve", "config", &[]),
];

/// Words that stand nowhere in code but in these files: (words, where they are looked for, why,
/// where they may stand).
const ONLY_IN: [(&[&str], &str, &str, &[&str]); 7] = [
    (
        &ERROR_WORDS,
        "",
        "a protocol reads its errors; everything else reads the failure",
        &["refusal/spent.rs", "protocol/"],
    ),
    (&["ArcSwap"], "", "the live table has one owner", &["gateway.rs"]),
    (
        &["json!({\"error\"", "{\\\"error\\\":"],
        "",
        "one file builds error responses; protocols write their own; a mock provider is a provider",
        &["serve/answer.rs", "protocol/", "upstream/mock.rs"],
    ),
    (&IO, "choose", "choosing does no I/O", &[]),
    (&IO, "protocol", "protocols do no I/O", &[]),
    (&CLOCKS, "choose", "time and chance are arguments", &[]),
    (&CLOCKS, "protocol", "time and chance are arguments", &[]),
];

/// Words of vendors' errors, one of each vendor.
const ERROR_WORDS: [&str; 6] = [
    "insufficient_quota",
    "ResponsibleAIPolicyViolation",
    "overloaded_error",
    "RESOURCE_EXHAUSTED",
    "ThrottlingException",
    "x-amzn-errortype",
];
const IO: [&str; 7] =
    ["std::fs", "std::net", "std::io", "std::env", "tokio::", "hyper::", "reqwest::"];
const CLOCKS: [&str; 4] = ["Instant", "SystemTime", "rand::rng(", "rand::random"];

const UNSAID: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "FIXME"];
const UNNAMED: [&str; 9] =
    ["utils", "util", "helpers", "helper", "common", "types", "manager", "misc", "mod"];

/// Who may name a protocol outside of its folder, and why.
const NAMERS: [(&str, &str); 4] = [
    (
        "protocol/chat/proof.rs",
        "Google's proofs of calls stand in the form that OpenAI and Cohere share",
    ),
    ("protocol/fit/claude.rs", "the thoughts of Anthropic's models are signed by Anthropic alone"),
    ("upstream/translate.rs", "the original's `open_responses` is about these two"),
    ("table/compile/gcp.rs", "Vertex AI's publishers speak the protocols of their own APIs"),
];

/// About 400 lines is two rooms.
const LONGEST_FILE: usize = 430;
/// About a screen; what is longest is the list of all metrics.
const LONGEST_FUNCTION: usize = 66;

/// A file of the tree.
struct File {
    /// Under its folder, with `/` between.
    name: String,
    text: String,
}

fn files(folder: &str) -> Vec<File> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![base.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(File { name: under(&path, &base), text: read(&path) });
            }
        }
    }
    files
}

fn sources() -> Vec<File> {
    let files = files("src");
    assert!(files.len() > 50, "only {} files were found", files.len());
    files
}

fn under(path: &Path, base: &Path) -> String {
    let parts = path.strip_prefix(base).unwrap().components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn read(path: &PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

impl File {
    /// The module at the top of the crate that it belongs to.
    fn module(&self) -> &str {
        self.name.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.name.ends_with("tests.rs") || self.name.contains("/tests/")
    }

    /// The text without comments and without the tests at its end.
    fn code(&self) -> String {
        let text = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.map(|line| line.split(" // ").next().unwrap()).collect::<Vec<_>>().join("\n")
    }

    fn is_one_of(&self, places: &[&str]) -> bool {
        places.iter().any(|place| match place.strip_suffix('/') {
            Some(folder) => self.module_path_begins(folder),
            None => self.name == *place,
        })
    }

    /// Whether it is this module's own file or in its folder.
    fn module_path_begins(&self, module: &str) -> bool {
        self.name.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// The modules at the top of the crate that its code names.
    fn imports(&self) -> Vec<String> {
        let code = self.code();
        let mut imports = Vec::new();
        for (at, _) in code.match_indices("crate::") {
            imports.extend(first_names(&code[at + "crate::".len()..]));
        }
        let depth = self.name.split('/').count();
        let root = "super::".repeat(depth);
        for (at, _) in code.match_indices(&root) {
            imports.extend(first_names(&code[at + root.len()..]));
        }
        imports.retain(|name| level(name).is_some());
        imports.sort();
        imports.dedup();
        imports
    }
}

/// The name that follows `crate::`, or the first ones inside its braces.
fn first_names(rest: &str) -> Vec<String> {
    let Some(inside) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let (mut depth, mut names, mut fresh) = (1, Vec::new(), true);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if fresh && depth == 1 && !c.is_whitespace() => {
                names.push(word(&inside[at..]));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|modules| modules.contains(&module))
}

#[test]
fn imports_are_read_as_they_are_written() {
    let text = "use crate::{\n    live::{Meters, Times},\n    table::{self, Table}, choose,\n};\n\
                use crate::path;\n// crate::serve\nfn f() { crate::body::x() }\n\
                #[cfg(test)]\nmod tests {\n use crate::cli;\n}";
    let file = File { name: "serve/a.rs".into(), text: text.into() };
    assert_eq!(file.imports(), ["body", "choose", "live", "path", "table"]);
    let file = File { name: "serve.rs".into(), text: "use super::table::Table;".into() };
    assert_eq!(file.imports(), ["table"]);
}

#[test]
fn every_module_has_its_level() {
    for file in sources() {
        assert!(level(file.module()).is_some(), "{} is on no level", file.name);
    }
}

#[test]
fn imports_point_one_way() {
    let mut seen = 0;
    for file in sources().iter().filter(|file| !file.is_test()) {
        let from = file.module();
        for import in file.imports().iter().filter(|import| *import != from) {
            seen += 1;
            assert!(level(import) < level(from), "{} imports `{import}`", file.name);
            for (module, banned, but) in NARROWER {
                let narrower = from == module && import == banned && !file.is_one_of(but);
                assert!(!narrower, "{} imports `{import}`", file.name);
            }
        }
    }
    assert!(seen > 50, "only {seen} imports were seen");
}

#[test]
fn some_things_stand_in_one_place_only() {
    for (words, module, why, places) in ONLY_IN {
        for file in sources().iter().filter(|file| !file.is_test() && !file.is_one_of(places)) {
            if !module.is_empty() && file.module() != module {
                continue;
            }
            let code = file.code();
            for word in words {
                assert!(!code.contains(word), "{}: `{word}`: {why}", file.name);
            }
        }
    }
    let owner = sources().into_iter().find(|file| file.name == "gateway.rs").unwrap();
    assert!(owner.code().contains("ArcSwap"), "the owner of the table has moved");
}

/// A new protocol is its folder and a line in each of two tables: that of protocols and that of their names.
#[test]
fn a_protocol_is_named_in_its_own_folder_only() {
    let sources = sources();
    let table = sources.iter().find(|file| file.name == "words.rs").unwrap();
    let (_, names) = table.text.split_once("    pub Protocol {\n").unwrap();
    let (names, _) = names.split_once("\n    }\n").unwrap();
    let rows = names.lines().filter_map(|line| line.trim().split_once(" = \""));
    let folders: Vec<(String, String)> = rows
        .map(|(variant, rest)| {
            let folder = rest.split(['"', ' ']).next().unwrap();
            (format!("Protocol::{variant}"), format!("protocol/{folder}/"))
        })
        .collect();
    assert!(folders.len() > 5, "the table of protocols reads otherwise: {folders:?}");
    let mut namers: Vec<&str> = Vec::new();
    for file in sources.iter().filter(|file| !file.is_test()) {
        let in_a_folder = folders.iter().any(|(_, folder)| file.is_one_of(&[folder]));
        let code = file.code();
        let named = folders.iter().find(|(name, _)| words(&code).any(|word| word == *name));
        let Some((name, _)) = named.filter(|_| !in_a_folder) else { continue };
        let may = NAMERS.iter().any(|(namer, _)| *namer == file.name);
        assert!(may, "{}: `{name}`: what one protocol does stands in its `profile`", file.name);
        namers.push(&file.name);
    }
    for (namer, _) in NAMERS {
        assert!(namers.contains(&namer), "{namer} names no protocol any more");
    }
}

/// Spokes never meet: what two of them share stands beside them, in `protocol` or in `models`.
#[test]
fn no_protocol_imports_another() {
    let sources = sources();
    let mut spokes: Vec<&str> = sources
        .iter()
        .filter_map(|file| file.name.strip_prefix("protocol/")?.strip_suffix("/profile.rs"))
        .collect();
    spokes.sort_unstable();
    assert!(spokes.len() > 5, "the folders of protocols are named otherwise: {spokes:?}");
    for file in sources.iter().filter(|file| !file.is_test()) {
        let own = spokes.iter().find(|spoke| file.is_one_of(&[&format!("protocol/{spoke}/")]));
        let Some(own) = own else { continue };
        let code = file.code();
        let named: Vec<String> = ["protocol::", "super::"]
            .iter()
            .flat_map(|parent| code.match_indices(parent).map(|(at, _)| at + parent.len()))
            .flat_map(|after| first_names(&code[after..]))
            .collect();
        for other in spokes.iter().filter(|spoke| *spoke != own) {
            let is_named = named.iter().any(|name| name == other);
            assert!(!is_named, "{}: `{other}` is another protocol", file.name);
        }
    }
}

/// Paths and names, one after the other.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
}

#[test]
fn every_file_opens_with_what_it_is() {
    for folder in ["src", "tests", "benches"] {
        for file in files(folder) {
            assert!(file.text.starts_with("//!"), "{folder}/{}", file.name);
        }
    }
}

#[test]
fn no_file_is_two_rooms() {
    for folder in ["src", "tests", "benches", "fuzz"] {
        for file in files(folder).iter().filter(|file| !file.name.starts_with("target/")) {
            let lines = file.text.lines().count();
            assert!(lines <= LONGEST_FILE, "{folder}/{}: {lines} lines", file.name);
        }
    }
}

/// Counted as rustfmt writes them: a function ends with a brace under its beginning.
#[test]
fn no_function_is_longer_than_a_screen() {
    let mut counted = 0;
    for file in sources().iter().filter(|file| !file.is_test()) {
        let code = file.code();
        let lines: Vec<_> = code.lines().collect();
        for (begin, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            let mut signature = lines[begin..].iter().take_while(|line| !line.contains('{'));
            let has_no_body = signature.any(|line| line.trim_end().ends_with(';'));
            if has_no_body || line.trim_end().ends_with('}') {
                continue;
            }
            let length = lines[begin..].iter().take_while(|line| **line != end).count() + 1;
            let name = line.trim();
            assert!(length <= LONGEST_FUNCTION, "{}: {length} lines: {name}", file.name);
            counted += 1;
        }
    }
    assert!(counted > 300, "only {counted} functions were seen");
}

fn begins_function(line: &str) -> bool {
    let line = line.trim_start();
    let word = line.split("fn ").next().unwrap_or_default();
    line.contains("fn ")
        && word.split_whitespace().all(|word| {
            word.starts_with("pub")
                || word == "in"
                || word.ends_with(')')
                || word == "const"
                || word == "async"
        })
}

#[test]
fn nothing_is_left_undone_or_unnamed() {
    for file in sources() {
        for unsaid in UNSAID {
            assert!(!file.text.contains(unsaid), "{}: {unsaid}", file.name);
        }
    }
    for folder in ["src", "tests", "benches"] {
        for file in files(folder) {
            for part in file.name.trim_end_matches(".rs").split('/') {
                assert!(!UNNAMED.contains(&part), "{folder}/{}: say what it is", file.name);
            }
        }
    }
}
