//! The levels of `architecture.md` against those that `tests/tidy.rs` holds the code to.
//!
//! Never: imports are looked at here.

use crate::page::{Page, quoted, root};

#[test]
fn the_levels_are_those_that_are_held() {
    let tidy = std::fs::read_to_string(root().join("tests/tidy.rs")).unwrap();
    let (_, levels) = tidy.split_once("const LEVELS").unwrap();
    let (_, levels) = levels.split_once("= [").unwrap();
    let (levels, _) = levels.split_once("\n];").unwrap();
    // A level may fill more than one line.
    let held = levels.split("&[").skip(1);
    let held: Vec<Vec<_>> =
        held.map(|level| level.split('"').skip(1).step_by(2).collect()).collect();
    let rows = Page::named("docs/architecture.md").table("levels");
    assert_eq!(rows.len(), held.len());
    for (level, (row, held)) in rows.iter().zip(held).enumerate() {
        assert_eq!(row[0], level.to_string());
        // The page calls these two by what they are.
        let held: Vec<_> = held.into_iter().filter(|it| !["lib", "main"].contains(it)).collect();
        assert_eq!(quoted(&row[1]), held, "level {level}");
    }
}
