//! Files of the shapes that the original's documents show: each loads as it is, or is refused for the one key
//! that is still to come.
//!
//! Never: a line of those documents stands here; the shapes are written anew.

use serde_json::Value;

use crate::{load::load, page::root};

#[test]
fn every_shape_of_the_originals_documents_loads() {
    let text = std::fs::read_to_string(root().join("tests/golden/original.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(all.len() >= 53, "{}", all.len());
    let mut loaded = 0;
    for one in &all {
        let (name, file) = (one["name"].as_str().unwrap(), one["file"].to_string());
        let problems = match (load(&file), one["later"].as_str()) {
            (Ok(_), _) => {
                loaded += 1;
                continue;
            }
            (Err(problems), None) => panic!("{name}:\n{problems}"),
            (Err(problems), Some(later)) => (problems.to_string(), later),
        };
        let (told, later) = problems;
        // Its place stands in the first line of each problem.
        let places = told.lines().filter(|line| line.starts_with("targets.json:"));
        let is_other = |line: &&str| !(line.contains(later) || line.contains("sanitize_response"));
        assert_eq!(places.clone().find(is_other), None, "{name}:\n{told}");
        assert!(places.count() > 0, "{name}:\n{told}");
    }
    assert!(loaded >= 44, "only {loaded} load");
}
