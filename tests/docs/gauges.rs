//! The gauges of a table, as `docs/metrics.md` promises them: all of a usual one, and of a very large
//! one those of what is used.
//!
//! Never: the text of a large table is held as a whole.

use std::sync::Arc;

use onwards::{
    admin::gauges::{Gauges, MOST_UNUSED},
    live::Meters,
    reload::Loader,
    table::Table,
};

fn table(aliases: usize) -> Arc<Table> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let of = |n| format!(r#""a{n}":{{"url":"mock:","cooldown":{{}}}}"#);
    let targets: Vec<String> = (0..aliases).map(of).collect();
    let text = format!(r#"{{"targets":{{{}}}}}"#, targets.join(","));
    std::fs::write(file.path(), text).unwrap();
    Arc::new(Loader::new(file.path(), Meters::new("x").unwrap()).load().unwrap())
}

#[test]
fn every_series_is_told_once_in_pieces() {
    let pieces: Vec<String> = Gauges::of(table(600), "x", MOST_UNUSED).collect();
    assert!(pieces.len() > 6 && pieces.iter().all(|piece| piece.len() < 200_000));
    let text = pieces.concat();
    assert_eq!(text.matches("\nx_in_flight{").count(), 1200);
    assert_eq!(text.matches("\nx_provider_state{").count(), 600 * 6);
    assert_eq!(text.matches("# TYPE").count(), 14);
    assert!(text.contains("x_in_flight{alias=\"a599\",provider=\"mock\"} 0\n"), "{text}");
}

#[test]
fn gauges_of_a_large_table_are_those_of_what_was_used() {
    let table = table(10);
    let text: String = Gauges::of(Arc::clone(&table), "x", 19).collect();
    assert!(!text.contains("alias="), "{text}");
    let held = table.pools()[3].limits.admit();
    let text: String = Gauges::of(Arc::clone(&table), "x", 19).collect();
    assert!(text.contains("x_in_flight{alias=\"a3\",provider=\"\"} 1\n"), "{text}");
    assert!(!text.contains("\"a4\"") && held.is_ok(), "{text}");
    assert!(Gauges::of(table, "x", 20).any(|text| text.contains("\"a4\"")));
    // Twenty thousand aliases of a provider each have them all.
    const { assert!(MOST_UNUSED > 2 * 20_000) };
}
