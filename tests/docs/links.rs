//! Every link inside the repository leads somewhere, and so does every path that a page names.
//!
//! Never: the network is asked.

use std::collections::BTreeSet;

use crate::page::{self, Page, quoted, root};

#[test]
fn every_link_resolves() {
    let mut links = 0;
    for page in page::all() {
        let prose = page.prose();
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => page.path.clone(),
                path => page.path.parent().unwrap().join(path),
            };
            assert!(target.exists(), "{}: {link}", page.name());
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).unwrap();
                let anchors: BTreeSet<_> = headings(&text).map(slug).collect();
                assert!(anchors.contains(anchor), "{}: {link}: {anchors:?}", page.name());
            }
            links += 1;
        }
    }
    assert!(links > 20, "only {links} links were found");
}

#[test]
fn every_path_named_in_the_readme_and_the_guides_exists() {
    for name in ["README.md", "CONTRIBUTING.md", "docs/architecture.md"] {
        let page = Page::named(name);
        let prose = page.prose();
        let mut named = 0;
        for text in quoted(&prose).into_iter().filter(|text| is_path(text)) {
            let places = [root().join(text), root().join("src").join(text)];
            assert!(places.iter().any(|place| place.exists()), "{name}: `{text}`");
            named += 1;
        }
        assert!(named > 2, "{name}: only {named} paths were found");
    }
}

/// Files by their endings, folders by the slash at their end.
fn is_path(text: &str) -> bool {
    const ENDINGS: [&str; 6] = [".rs", ".md", ".toml", ".json", ".yaml", ".service"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let ends = ENDINGS.iter().any(|ending| text.ends_with(ending)) || text.ends_with('/');
    ends && text.chars().all(plain) && !text.starts_with('/') && text != "targets.json"
}

/// The files that the picture in the README passes.
#[test]
fn every_file_in_the_pictures_exists() {
    let mut files = 0;
    for page in page::all() {
        for block in page.blocks().iter().filter(|block| block.info == "text") {
            let words =
                block.text.split(|c: char| !(c.is_ascii_alphanumeric() || "/._".contains(c)));
            for word in words.filter(|word| word.ends_with(".rs")) {
                assert!(root().join("src").join(word).is_file(), "{}: {word}", page.name());
                files += 1;
            }
        }
    }
    assert!(files > 8, "only {files} files were found");
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    let heading = |line: &&str| line.starts_with('#');
    text.lines().filter(heading).map(|line| line.trim_start_matches('#').trim())
}

/// As the usual renderers make anchors of headings.
fn slug(heading: &str) -> String {
    let lower = heading.to_lowercase().replace(' ', "-");
    lower.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}
