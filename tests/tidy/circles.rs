//! Imports between files: which file's items each file names, and that no way of imports leads back
//! to its beginning.
//!
//! A name is followed through re-exports to the file that defines it, so a module's own file may
//! show what its files hold without depending on them. Calls of methods name no file and are not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, sources};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// What a file names.
struct Reading<'a> {
    file: &'a File,
    /// The segments below the crate's root.
    module: Vec<String>,
    code: String,
    uses: Vec<Use>,
    children: Vec<String>,
}

/// One name that a `use` brings into a file.
struct Use {
    /// Whether it is shown to others.
    is_shown: bool,
    path: Vec<String>,
    name: String,
}

impl<'a> Reading<'a> {
    fn of(file: &'a File) -> Self {
        let path = file.name.trim_end_matches(".rs");
        let module = if matches!(path, "lib" | "main") { "" } else { path };
        let module = module.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        let (code, uses, children) = statements(&file.code());
        Self { file, module, code, uses, children }
    }

    /// A path below the crate's root; none where it leads to another crate or to an item here.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let ups = path.iter().take_while(|segment| *segment == "super").count();
        let (base, rest) = match path.first()?.as_str() {
            "crate" => (&self.module[..0], &path[1..]),
            "self" => (&self.module[..], &path[1..]),
            "super" => (&self.module[..self.module.len().checked_sub(ups)?], &path[ups..]),
            first if self.children.iter().any(|child| child == first) => (&self.module[..], path),
            _ => return None,
        };
        Some([base, rest].concat())
    }

    /// Every path that its code names, absolute.
    fn paths(&self) -> Vec<Vec<String>> {
        let inline = inline_paths(&self.code);
        let names: BTreeSet<&str> =
            self.code.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        // What is only shown to others is not used here.
        let used = self.uses.iter().filter(|it| !it.is_shown || names.contains(&*it.name));
        let all = used.map(|it| it.path.clone()).chain(inline);
        all.filter_map(|path| self.absolute(&path)).collect()
    }
}

/// The code without its `use` and `mod` statements; what is used; the modules that are declared.
fn statements(code: &str) -> (String, Vec<Use>, Vec<String>) {
    let (mut rest, mut uses, mut children) = (String::new(), Vec::new(), Vec::new());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let bare = line.trim_start();
        let shown = bare.starts_with("pub");
        let bare = match bare.strip_prefix("pub") {
            Some(after) if after.starts_with('(') => after.split_once(") ").map_or("", |it| it.1),
            Some(after) => after.trim_start(),
            None => bare,
        };
        if let Some(name) = bare.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            children.push(name.to_owned());
        } else if let Some(first) = bare.strip_prefix("use ") {
            let mut whole = first.to_owned();
            while !whole.contains(';') {
                whole.push_str(lines.next().unwrap().trim());
            }
            let tree = whole.split(';').next().unwrap();
            for (path, name) in leaves(tree, &[]) {
                uses.push(Use { is_shown: shown, path, name });
            }
        } else {
            // How far an item is shown is no use of the module that is named.
            rest.push_str(match line.split_once("pub(in ").and_then(|it| it.1.split_once(')')) {
                Some((_, item)) => item,
                None => line,
            });
            rest.push('\n');
        }
    }
    (rest, uses, children)
}

/// The paths of a `use` tree, each with the name that it brings.
fn leaves(tree: &str, before: &[String]) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    // After a comma at the end there is nothing.
    if tree.is_empty() {
        return Vec::new();
    }
    let (head, inside) = match tree.split_once('{') {
        Some((head, inside)) => (head, inside.strip_suffix('}')),
        None => (tree, None),
    };
    let (head, alias) = match head.split_once(" as ") {
        Some((head, alias)) => (head, Some(alias)),
        None => (head, None),
    };
    let segments = head.split("::").map(str::trim).filter(|it| !it.is_empty());
    let mut path: Vec<String> = before.to_vec();
    path.extend(segments.map(str::to_owned));
    let Some(inside) = inside else {
        path.pop_if(|last| last == "self");
        let name = alias.map_or_else(|| path.last().cloned(), |alias| Some(alias.trim().into()));
        return name.map(|name| (path, name)).into_iter().collect();
    };
    let (mut depth, mut start, mut all) = (0, 0, Vec::new());
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                all.extend(leaves(&inside[start..at], &path));
                start = at + 1;
            }
            _ => {}
        }
    }
    all
}

/// Every `a::b::C` in code.
fn inline_paths(code: &str) -> impl Iterator<Item = Vec<String>> {
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '$'));
    words.filter(|word| word.contains("::")).map(|word| {
        word.split("::").filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    })
}

/// The file that defines what an absolute path names.
fn definer(
    path: &[String],
    all: &BTreeMap<&[String], &Reading<'_>>,
    steps: usize,
) -> Option<String> {
    let length = (1..=path.len()).rev().find(|length| all.contains_key(&path[..*length]))?;
    let reading = all[&path[..length]];
    let shown = path.get(length).and_then(|item| reading.uses.iter().find(|it| it.name == *item));
    let Some(shown) = shown else { return Some(reading.file.name.clone()) };
    assert!(steps < 20, "{}: `{}` is shown in a circle", reading.file.name, shown.name);
    let further = [reading.absolute(&shown.path)?, path[length + 1..].to_vec()].concat();
    definer(&further, all, steps + 1)
}

fn graph(files: &[File]) -> Graph {
    let readings: Vec<Reading<'_>> = files.iter().map(Reading::of).collect();
    let all = readings.iter().map(|reading| (&reading.module[..], reading)).collect();
    let imports = |reading: &Reading<'_>| -> BTreeSet<String> {
        let paths = reading.paths();
        let found = paths.iter().filter_map(|path| definer(path, &all, 0));
        found.filter(|name| *name != reading.file.name).collect()
    };
    readings.iter().map(|it| (it.file.name.clone(), imports(it))).collect()
}

/// The shortest way of imports from one file to another.
fn way(graph: &Graph, from: &str, to: &str) -> Option<Vec<String>> {
    let mut reached = BTreeMap::from([(from.to_owned(), None)]);
    let mut open = std::collections::VecDeque::from([from.to_owned()]);
    while let Some(at) = open.pop_front() {
        if at == to {
            let back = std::iter::successors(Some(at), |file| reached[file].clone());
            let mut way: Vec<String> = back.collect();
            way.reverse();
            return Some(way);
        }
        for next in graph.get(&at).into_iter().flatten() {
            if !reached.contains_key(next) {
                reached.insert(next.clone(), Some(at.clone()));
                open.push_back(next.clone());
            }
        }
    }
    None
}

/// The shortest circle there is.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    let edges = graph.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
    let circles = edges.filter_map(|(from, to)| way(graph, to, from));
    circles.min_by_key(Vec::len)
}

fn told(way: &[String]) -> String {
    format!("{} → {}", way.join(" → "), way[0])
}

#[test]
fn imports_between_files_make_no_circle() {
    let files: Vec<File> = sources().into_iter().filter(|file| !file.is_test()).collect();
    let graph = graph(&files);
    let count: usize = graph.values().map(BTreeSet::len).sum();
    assert!(count > 500, "only {count} imports were seen");
    if let Some(circle) = circle(&graph) {
        panic!("these files import each other in a circle: {}", told(&circle));
    }
}

#[test]
fn imports_are_followed_to_the_file_that_defines_the_name() {
    let file = |name: &str, text: &str| File { name: name.into(), text: text.into() };
    let files = [
        file(
            "a.rs",
            "pub mod x;\nmod y;\npub use self::{\n    x::{Deep as Shown,},\n    y::Other,\n};\nfn f() { y::g() }\n",
        ),
        file(
            "a/x.rs",
            "use super::{super::b::B, Other};\npub struct Deep;\nfn f() -> super::Own { todo }",
        ),
        file(
            "a/y.rs",
            "// use crate::b::B;\npub fn g() { crate::a::Shown }\n#[cfg(test)]\nmod tests {\n use crate::b;\n}",
        ),
        file("b.rs", "use http::a::x;\nuse std::fmt;\npub struct B;"),
    ];
    let graph = graph(&files);
    let of = |name: &str| graph[name].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("a.rs"), ["a/y.rs"]);
    assert_eq!(of("a/x.rs"), ["a.rs", "a/y.rs", "b.rs"]);
    assert_eq!(of("a/y.rs"), ["a/x.rs"]);
    assert!(of("b.rs").is_empty());
    assert_eq!(told(&circle(&graph).unwrap()), "a/y.rs → a/x.rs → a/y.rs");
}
