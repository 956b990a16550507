//! One page of the documents, read into what the tests look at: fenced blocks, tables, links.
//!
//! Never: nothing is judged here.

use std::path::{Path, PathBuf};

/// A page and where it stands.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block.
pub(crate) struct Block<'a> {
    /// What stands behind the opening fence: a language, perhaps with a word behind it.
    pub(crate) info: &'a str,
    pub(crate) text: String,
    /// Where it begins, from 1.
    pub(crate) line: usize,
}

/// The directory of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page: those at the top and those of `docs/`.
pub(crate) fn all() -> Vec<Page> {
    let pages = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect::<Vec<_>>()
    };
    let mut paths = [pages(root().to_owned()), pages(root().join("docs"))].concat();
    paths.sort();
    assert!(paths.len() > 6, "only {paths:?} were found");
    paths.into_iter().map(Page::read).collect()
}

impl Page {
    /// A page by its name under the root.
    pub(crate) fn named(name: &str) -> Self {
        Self::read(root().join(name))
    }

    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    /// The page's name under the root.
    pub(crate) fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap().display().to_string()
    }

    /// Every fenced block, in order.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut open: Option<Block<'_>> = None;
        for (at, line) in self.text.lines().enumerate() {
            match (line.trim_start().strip_prefix("```"), &mut open) {
                (Some(info), None) => {
                    open = Some(Block { info: info.trim(), text: String::new(), line: at + 1 });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.name());
        blocks
    }

    /// The page without its fenced blocks.
    pub(crate) fn prose(&self) -> String {
        let mut fenced = false;
        let outside = self.text.lines().filter(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fence && !fenced
        });
        outside.collect::<Vec<_>>().join("\n")
    }

    /// The rows of the table that follows `<!-- name -->`, each as its cells, without the head.
    pub(crate) fn table(&self, name: &str) -> Vec<Vec<String>> {
        let mark = format!("<!-- {name} -->");
        let (_, after) = self
            .text
            .split_once(&mark)
            .unwrap_or_else(|| panic!("{}: there is no table `{mark}`", self.name()));
        let rows = after.lines().skip_while(|line| line.trim().is_empty());
        let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).map(cells).collect();
        assert!(rows.len() > 2, "{}: no rows behind `{mark}`", self.name());
        rows[2..].to_vec()
    }

    /// The names of all marked tables that begin with `prefix`, without it.
    pub(crate) fn tables(&self, prefix: &str) -> Vec<String> {
        let opening = format!("<!-- {prefix}");
        let marks = self.text.lines().filter_map(|line| line.trim().strip_prefix(&opening));
        marks.map(|rest| rest.trim_end_matches("-->").trim().to_owned()).collect()
    }
}

/// What is written between backticks.
pub(crate) fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\0");
    row.split('|').map(|cell| cell.replace('\0', "|").trim().to_owned()).collect()
}
