//! Levels over the end of a process: taken up, damaged, locked, on a full disk.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::*;
use crate::live::limit::{
    period::{Kind, Period, SECOND},
    window::{Amount, Span, Unit, Window},
};

fn quota() -> Quota {
    let total = Period::new(Kind::Total, jiff::tz::TimeZone::UTC);
    let window = |unit, span| Window { unit, span, limit: 1_000_000, soft: None };
    Quota::new(Arc::from([
        window(Unit::Input, Span::Calendar(total)),
        window(Unit::Tokens, Span::Sliding(31_622_400 * SECOND)),
        window(Unit::Tokens, Span::Sliding(60 * SECOND)),
    ]))
}

fn uses(quota: &Quota, tokens: u64) {
    let amount = Amount { input: tokens, ..Amount::default() };
    let _ = quota.hold(amount, moment::now()).unwrap().settle(amount, moment::now());
}

fn used(quota: &Quota) -> [u64; 3] {
    let levels = quota.levels(moment::now());
    [levels[0].1, levels[1].1, levels[2].1]
}

fn keeper() -> Arc<Keeper> {
    Keeper::new(Meters::new("onwards").unwrap())
}

fn ann(quota: &Quota) -> Vec<(String, Quota)> {
    vec![("key:ann".to_owned(), quota.clone())]
}

/// A directory that is removed at the end, and a file in it.
struct Place(tempfile::TempDir, PathBuf);

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.redb");
    Place(dir, path)
}

/// A file that a process has left which was shut down after `ann` had used so many tokens.
fn left(tokens: u64) -> Place {
    let place = place();
    let (keeper, quota) = (keeper(), quota());
    keeper.keep(&place.1, ann(&quota)).unwrap();
    uses(&quota, tokens);
    keeper.close();
    place
}

#[test]
fn levels_are_taken_up_by_the_next_process_and_no_file_is_made_without_need() {
    let Place(_dir, path) = place();
    let first = keeper();
    first.keep(&path, Vec::new()).unwrap();
    assert!(!path.exists(), "nothing needs it");
    let quota_of_ann = quota();
    first.keep(&path, ann(&quota_of_ann)).unwrap();
    assert!(path.exists());
    uses(&quota_of_ann, 30);
    first.write();
    uses(&quota_of_ann, 5);
    first.close();

    let (second, again, other) = (keeper(), quota(), quota());
    let both = [ann(&again), vec![("key:ann2".to_owned(), other.clone())]].concat();
    second.keep(&path, both).unwrap();
    assert_eq!(used(&again), [35, 35, 0], "a minute is over before it matters");
    assert_eq!(used(&other), [0, 0, 0], "a name that begins so is another");
}

#[test]
fn holder_that_leaves_and_comes_back_has_its_levels() {
    let Place(_dir, path) = place();
    let (keeper, first) = (keeper(), quota());
    keeper.keep(&path, ann(&first)).unwrap();
    let amount = Amount { input: 7, ..Amount::default() };
    let under_way = first.hold(amount, moment::now()).unwrap();
    let bob = quota();
    keeper.keep(&path, vec![("key:bob".to_owned(), bob.clone())]).unwrap();
    // Its last answer ends after it has left.
    let _ = under_way.settle(amount, moment::now());
    drop(first);
    let second = quota();
    keeper.keep(&path, ann(&second)).unwrap();
    assert_eq!(used(&second)[0], 7);
    assert_eq!(keeper.kept().leaving.len(), 1, "of bob the table may still have answers");
    drop(bob);
    keeper.write();
    keeper.keep(&path, Vec::new()).unwrap();
    drop(second);
    for _ in 0..200 {
        if !keeper.kept().is_tended {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!keeper.kept().is_tended, "the thread ends with the last holder");
    assert!(keeper.kept().file.is_none());
}

#[test]
fn another_file_gets_every_level_and_what_is_stopped_is_closed() {
    let Place(_dir, path) = place();
    let (keeper, quota_of_ann) = (keeper(), quota());
    keeper.keep(&path, ann(&quota_of_ann)).unwrap();
    uses(&quota_of_ann, 30);
    let second = path.with_file_name("second.redb");
    keeper.keep(&second, ann(&quota_of_ann)).unwrap();
    assert!(File::open(&path, 1).unwrap().1, "the first is closed");
    keeper.stop();
    let (file, was_closed) = File::open(&second, 1).unwrap();
    assert!(was_closed);
    let levels = file.levels(&["key:ann"]).unwrap();
    assert_eq!(levels[0].len(), 2);
}

#[test]
fn file_is_locked_and_readable_by_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let Place(_dir, path) = place();
    let (first, second) = (keeper(), keeper());
    first.keep(&path, ann(&quota())).unwrap();
    let why = second.keep(&path, ann(&quota())).unwrap_err();
    assert!(why.contains("is open in another process"), "{why}");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    drop(first);
}

#[test]
fn process_that_was_killed_is_told() {
    let Place(_dir, path) = left(5);
    let (file, was_closed) = File::open(&path, 1).unwrap();
    assert!(was_closed);
    drop(file);
    let (_, was_closed) = File::open(&path, 1).unwrap();
    assert!(!was_closed);
}

#[test]
fn damaged_file_is_refused_or_whole_wherever_it_is_damaged() {
    let Place(_dir, path) = left(5);
    let good = std::fs::read(&path).unwrap();
    let mut refused = 0;
    let mut attempt = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        let (keeper, quota) = (keeper(), quota());
        match keeper.keep(&path, ann(&quota)) {
            Ok(()) => assert_eq!(used(&quota)[..2], [5, 5], "{what}"),
            Err(why) => {
                refused += 1;
                assert!(
                    why.contains("is damaged") && why.contains("move it away"),
                    "{what}: {why}"
                );
            }
        }
        keeper.close();
    };
    let used_bytes: Vec<usize> = (0..good.len()).filter(|at| good[*at] != 0).collect();
    for at in used_bytes.iter().step_by(used_bytes.len() / 30) {
        let mut bytes = good.clone();
        bytes[*at] ^= 0x55;
        attempt(&bytes, &format!("byte {at}"));
    }
    for length in [1, 100, 4_096, good.len() / 2, good.len() - 4_096] {
        attempt(&good[..length], &format!("cut at {length}"));
    }
    attempt("no store at all".repeat(900).as_bytes(), "text");
    assert!(refused > 10, "{refused}");
}

#[test]
fn full_disk_is_told_and_what_was_missed_is_written_later() {
    let Place(_dir, path) = place();
    let (keeper, quota_of_ann) = (keeper(), quota());
    keeper.keep(&path, ann(&quota_of_ann)).unwrap();
    let full = path.with_extension("full");
    std::fs::write(&full, "").unwrap();
    uses(&quota_of_ann, 30);
    keeper.write();
    assert!(keeper.kept().fails);
    keeper.keep(&path, ann(&quota_of_ann)).unwrap();
    uses(&quota_of_ann, 30);
    keeper.write();
    let failed = keeper.meters.process.store_writes.with_label_values(&["failed"]).get();
    assert!(failed >= 2, "{failed}");
    std::fs::remove_file(&full).unwrap();
    keeper.write();
    assert!(!keeper.kept().fails);
    keeper.close();
    let (next, quota_of_ann) = (self::keeper(), quota());
    next.keep(&path, ann(&quota_of_ann)).unwrap();
    assert_eq!(used(&quota_of_ann)[0], 60);
}

#[test]
fn store_that_could_not_be_made_is_made_once_there_is_room() {
    let Place(_dir, path) = place();
    let full = path.with_extension("full");
    std::fs::write(&full, "").unwrap();
    let why = keeper().keep(&path, ann(&quota())).unwrap_err();
    assert!(why.contains("make room"), "{why}");
    std::fs::remove_file(&full).unwrap();
    keeper().keep(&path, ann(&quota())).unwrap();
}

#[test]
fn place_that_cannot_be_used_says_what_to_do() {
    let Place(_dir, path) = place();
    let why = |path: &Path| keeper().keep(path, ann(&quota())).unwrap_err();
    let nowhere = why(&path.with_file_name("no").join("s.redb"));
    assert!(nowhere.contains("make its directory"), "{nowhere}");
    let directory = why(path.parent().unwrap());
    assert!(directory.contains("cannot be opened"), "{directory}");
}

#[test]
fn levels_that_are_over_are_removed() {
    let Place(_dir, path) = left(5);
    let year = 366 * 86_400 * SECOND;
    let (file, _) = File::open(&path, moment::now() + 2 * year).unwrap();
    let levels = file.levels(&["key:ann"]).unwrap();
    // What never ends is still there.
    assert_eq!(levels[0].iter().map(|(window, _)| &**window).collect::<Vec<_>>(), ["input/total"]);
}
