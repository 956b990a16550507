//! Four writers at once beside a person who edits the file by hand, under load.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use super::{administered_raw, audit, field, file, send};
use crate::support::{Reply, Upstream, assert_ok, eventually, secs};

/// What stands in the file beside what is edited; none of it may move.
const KEPT: &str = r#"    "defaults":   { "timeouts" :{"connect_ms":  700,
        "idle_ms": 9000} ,
      "response_headers": {  }
    },"#;

/// States of the file by the digest: an edit leads from one to the next.
#[derive(Debug, Clone)]
struct Edit {
    before: String,
    after: String,
    by_hand: bool,
}

#[tokio::test]
async fn four_writers_and_a_person_lose_no_change() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let start = format!(
        "{{\n{KEPT}\n    \"aliases\": {{\"hand\": \"m\"}},\n    \"targets\": {{\n        \"m\": {{\"url\": \"{}\"}}\n    }}\n}}\n",
        upstream.base()
    );
    let router = administered_raw(&start).await;
    let ended = AtomicBool::new(false);
    let writer = async |number: usize| {
        for count in 0..edits() {
            let path = format!("/admin/targets/w{number}-{count}");
            let put = send(&router, "PUT", &path, &json!({"url": "mock:"})).await;
            assert_eq!(put.status, 201, "{}", put.text());
            if count % 3 == 2 {
                let path = format!("/admin/targets/w{number}-{}", count - 1);
                let patch = send(&router, "PATCH", &path, &json!({"weight": count})).await;
                // A person may have overwritten what they have not seen.
                assert!([200, 404].contains(&patch.status), "{}", patch.text());
            }
        }
    };
    let load = async || {
        while !ended.load(Ordering::Relaxed) {
            assert_ok(&router.chat("m").await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let writers = async {
        tokio::join!(writer(0), writer(1), writer(2), writer(3));
        ended.store(true, Ordering::Relaxed);
    };
    let ((), by_hand, ()) = tokio::join!(writers, person(router.file(), &ended), load());
    let lines = audit(&router, 4 * edits()).await;
    let by_admin = lines.iter().map(|line| Edit {
        before: field(line, "before").unwrap().to_owned(),
        after: field(line, "after").unwrap().to_owned(),
        by_hand: false,
    });
    let hands = by_hand.len();
    let edits: Vec<Edit> = by_admin.chain(by_hand).collect();
    let overwritten = judge(&edits, &digest(start.as_bytes()), &digest(file(&router).as_bytes()));
    assert!(
        overwritten.len() <= 3 + self::edits() / 25,
        "the person has overwritten {overwritten:?}"
    );
    assert!(hands > 2, "the person has edited {hands} times");
    let text = file(&router);
    assert!(text.contains(KEPT), "{text}");
    let read: Value = serde_json::from_str(&text).unwrap();
    let missing = (0..4)
        .flat_map(|number| (0..self::edits()).map(move |count| format!("w{number}-{count}")))
        .filter(|alias| read["targets"].get(alias).is_none())
        .count();
    assert!(missing <= overwritten.len(), "{missing} of {overwritten:?} in {text}");
    let last = format!("hand-{}", hands - 1);
    assert_eq!(read["aliases"][&last], "m", "the person's last edit is lost");
    let served = eventually(secs(10), async || router.chat(&last).await.status == 200).await;
    assert!(served, "the last state is not live");
    let folder = std::fs::read_dir(router.dir()).unwrap();
    let names: BTreeSet<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

/// Adds aliases by hand, as an editor does: read, changed, written beside, renamed. They look once more before
/// they rename, but cannot see what comes in the moment between.
async fn person(file: &Path, ended: &AtomicBool) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        // Faster than any person, and slower than a check of the file takes in a build for debugging.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let before = std::fs::read_to_string(file).unwrap();
        let alias = format!("\"aliases\": {{\"hand-{}\": \"m\", ", edits.len());
        let after = before.replacen("\"aliases\": {", &alias, 1);
        let beside = file.with_extension("json~");
        std::fs::write(&beside, &after).unwrap();
        if std::fs::read_to_string(file).unwrap() != before {
            std::fs::remove_file(&beside).unwrap();
            continue;
        }
        std::fs::rename(&beside, file).unwrap();
        let [before, after] = [before, after].map(|text| digest(text.as_bytes()));
        edits.push(Edit { before, after, by_hand: true });
    }
    edits
}

/// Follows the states from the last one back to the first: every edit must lie on that way, but for those that
/// the person has overwritten unseen.
fn judge(edits: &[Edit], first: &str, last: &str) -> Vec<Edit> {
    let into: BTreeMap<&str, &Edit> = edits.iter().map(|it| (it.after.as_str(), it)).collect();
    assert_eq!(into.len(), edits.len(), "two edits lead to one state");
    let (mut at, mut way, mut hands) = (last, BTreeSet::new(), BTreeSet::new());
    while at != first {
        let edit = into.get(at).unwrap_or_else(|| panic!("no line of the audit leads to {at}"));
        way.insert(edit.after.as_str());
        if edit.by_hand {
            hands.insert(edit.before.as_str());
        }
        at = &edit.before;
    }
    let off = |edit: &&Edit| !way.contains(edit.after.as_str());
    let overwritten: Vec<Edit> = edits.iter().filter(off).cloned().collect();
    for edit in &overwritten {
        assert!(!edit.by_hand, "an edit by hand was overwritten: {edit:?}");
        let mut at = edit.before.as_str();
        while at != first && !way.contains(at) {
            at = &into[at].before;
        }
        assert!(hands.contains(at), "an edit was lost: {edit:?}");
    }
    overwritten
}

fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// By each writer. `ONWARDS_EDITS` makes it as many as one has time for: 250 are a thousand in all.
fn edits() -> usize {
    let many = std::env::var("ONWARDS_EDITS").ok().and_then(|count| count.parse().ok());
    many.unwrap_or(EDITS)
}

/// Whoever saves faster than a change can be checked does not keep the administration from writing.
#[tokio::test]
async fn one_who_saves_all_the_time_keeps_no_change_out() {
    let aliases = (0..1_500).map(|nth| (format!("a{nth}"), json!({"url": "mock:"})));
    let targets: serde_json::Map<String, Value> = aliases.collect();
    let router = super::administered(&json!({ "targets": targets })).await;
    let (ended, saved) = (AtomicBool::new(false), std::sync::atomic::AtomicUsize::new(0));
    let saver = async {
        let beside = router.file().with_extension("json~");
        while !ended.load(Ordering::Relaxed) {
            // What stands there, with one blank more behind it.
            let text = std::fs::read_to_string(router.file()).unwrap();
            std::fs::write(&beside, format!("{} ", text.trim_end_matches("   "))).unwrap();
            std::fs::rename(&beside, router.file()).unwrap();
            saved.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    let writer = async {
        let put = send(&router, "PUT", "/admin/targets/new", &json!({"url": "mock:"})).await;
        ended.store(true, Ordering::Relaxed);
        put
    };
    let (put, ()) = tokio::join!(writer, saver);
    assert_eq!(put.status, 201, "{}", put.text());
    assert!(saved.load(Ordering::Relaxed) > 5);
}

const EDITS: usize = 25;
