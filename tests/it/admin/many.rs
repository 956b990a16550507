//! Four writers at once beside a person who edits the file by hand, under load.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use super::{administered_raw, audit, call, field, file, send};
use crate::support::{
    Call, Reply, Router, Upstream, assert_ok, chat, chat_stream, eventually, secs,
};

/// What stands in the file beside what is edited; none of it may move.
const KEPT: &str = r#"    "defaults":   { "timeouts" :{"connect_ms":  700,
        "idle_ms": 9000} ,
      "response_headers": {  }
    },"#;

/// A target that no edit is about, as a person writes one.
const ODD: &str = r#"        "odd" : {"url":"mock:" ,   "weight":3 },"#;

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
        "{{\n{KEPT}\n    \"auth\": {{\"key_definitions\": {{}}}},\n    \"aliases\": {{\"hand\": \"m\"}},\n    \"targets\": {{\n{ODD}\n        \"shared\": {{\"url\": \"mock:\"}},\n        \"m\": {{\"url\": \"{}\"}}\n    }}\n}}\n",
        upstream.base()
    );
    let router = administered_raw(&start).await;
    let (ended, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    let load = async |body: Value| {
        while !ended.load(Ordering::Relaxed) {
            assert_ok(&Call::chat(&body).send(router.addr()).await);
            served.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let writers = async {
        let one = async |number| Writer::new(number).edits(&router).await;
        let all = tokio::join!(one(0), one(1), one(2), one(3));
        ended.store(true, Ordering::Relaxed);
        [all.0, all.1, all.2, all.3]
    };
    let (writers, by_hand, (), ()) = tokio::join!(
        writers,
        person(router.file(), &ended),
        load(chat("m")),
        load(chat_stream("m"))
    );
    let made: Vec<&Made> = writers.iter().flat_map(|writer| &writer.made).collect();
    assert!(made.len() > 2 * edits(), "only {} edits changed anything", made.len());
    assert!(served.into_inner() > edits() / 10, "there was no load");
    let lines = audit(&router, made.len()).await;
    assert_eq!(lines.len(), made.len(), "a line for each edit, and no other");
    for edit in &made {
        let told = |line: &&String| field(line, "after") == Some(&edit.after);
        let line = lines.iter().find(told).unwrap_or_else(|| panic!("no line tells of {edit:?}"));
        let is_it = edit.said.iter().all(|word| line.contains(word));
        assert!(is_it, "{edit:?} in {line}");
    }
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
    assert!(text.contains(KEPT) && text.contains(ODD), "{text}");
    let read: Value = serde_json::from_str(&text).unwrap();
    let wrong: Vec<String> = writers.iter().flat_map(|writer| writer.missed(&read)).collect();
    assert!(wrong.len() <= overwritten.len(), "{wrong:?} of {overwritten:?} in {text}");
    let last = format!("hand-{}", hands - 1);
    assert_eq!(read["aliases"][&last], "m", "the person's last edit is lost");
    let served = eventually(secs(10), async || router.chat(&last).await.status == 200).await;
    assert!(served, "the last state is not live");
    let folder = std::fs::read_dir(router.dir()).unwrap();
    let names: BTreeSet<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

/// One of the four. It makes, changes and removes aliases and keys of its own, and counts in an alias that all share.
/// No edit of it leads back to a state that was: what it removes is older than what it has counted last.
struct Writer {
    number: usize,
    chance: u64,
    counted: usize,
    /// Its aliases, when each was made, and the weight that each has.
    aliases: Vec<(String, usize, usize)>,
    keys: Vec<(String, usize)>,
    gone: Vec<String>,
    made: Vec<Made>,
}

/// An edit that the writer was told is made: the state that it led to, and words of the line that tells of it.
#[derive(Debug)]
struct Made {
    after: String,
    said: [String; 2],
}

impl Writer {
    fn new(number: usize) -> Self {
        let (aliases, keys, gone, made) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { number, chance: number as u64 + 1, counted: 0, aliases, keys, gone, made }
    }

    async fn edits(mut self, router: &Router) -> Self {
        for nth in 1..=edits() {
            self.edit(router, nth).await;
        }
        self
    }

    async fn edit(&mut self, router: &Router, nth: usize) {
        let (number, drawn) = (self.number, self.draw(10));
        let counted = self.counted;
        let aliases = self.aliases.len();
        match drawn {
            0..3 if aliases < MOST => {
                let alias = format!("w{number}-{nth}");
                let body = json!({"url": "mock:", "weight": nth});
                self.send(router, ("PUT", "PUT"), ("targets", &alias, ""), &body).await;
                self.aliases.push((alias, nth, nth));
            }
            3..5 if aliases > 0 => {
                let at = self.draw(aliases);
                self.aliases[at].2 = nth;
                let (alias, body) = (self.aliases[at].0.clone(), json!({"weight": nth}));
                self.send(router, ("PATCH", "PATCH"), ("targets", &alias, ""), &body).await;
            }
            5 if self.aliases.first().is_some_and(|(_, made, _)| *made < counted) => {
                let (alias, ..) = self.aliases.remove(0);
                self.send(router, ("DELETE", "DELETE"), ("targets", &alias, ""), &Value::Null)
                    .await;
                self.gone.push(alias);
            }
            6 if self.keys.len() < MOST => {
                let key = format!("k{number}-{nth}");
                let body = json!({"labels": {"of": number.to_string()}});
                self.send(router, ("PUT", "PUT"), ("keys", &key, ""), &body).await;
                self.keys.push((key, nth));
            }
            7 if !self.keys.is_empty() => {
                let at = self.draw(self.keys.len());
                let (key, _) = self.keys[at].clone();
                let verb = if nth.is_multiple_of(2) { "rotate" } else { "block" };
                let path = ("keys", &*key, &*format!("/{verb}"));
                self.send(router, ("POST", verb), path, &Value::Null).await;
            }
            8 if self.keys.first().is_some_and(|(_, made)| *made < counted) => {
                let (key, _) = self.keys.remove(0);
                self.send(router, ("DELETE", "DELETE"), ("keys", &key, ""), &Value::Null).await;
            }
            _ => {
                self.counted = nth;
                let body = json!({"response_headers": {format!("x-w{number}"): nth.to_string()}});
                self.send(router, ("PATCH", "PATCH"), ("targets", "shared", ""), &body).await;
            }
        }
    }

    /// Asks for an edit. A person may have overwritten what they have not seen: then there is nothing to edit.
    async fn send(
        &mut self,
        router: &Router,
        (method, verb): (&str, &str),
        (kind, name, rest): (&str, &str, &str),
        body: &Value,
    ) {
        let asked = call(method, &format!("/admin/{kind}/{name}{rest}"));
        let asked = if body.is_null() { asked } else { asked.json(body) };
        let answer = asked.send(router.metrics_addr()).await;
        let text = answer.text();
        assert!([200, 201, 404].contains(&answer.status), "{method} {name}: {text}");
        let told = answer.json();
        if told["changed"] == true {
            assert_eq!(told["live"], true, "{text}");
            let after = told["etag"].as_str().unwrap().to_owned();
            self.made.push(Made { after, said: [format!("{verb} "), name.to_owned()] });
        }
    }

    /// What of its edits is not in the file.
    fn missed(&self, file: &Value) -> Vec<String> {
        let targets = &file["targets"];
        let aliases = self.aliases.iter().filter(|(name, _, at)| targets[name]["weight"] != *at);
        let gone = self.gone.iter().filter(|name| targets.get(name.as_str()).is_some());
        let definitions = &file["auth"]["key_definitions"];
        let keys = self.keys.iter().filter(|(name, _)| definitions[name]["hash"].is_null());
        let header = &targets["shared"]["response_headers"][format!("x-w{}", self.number)];
        let count = self.counted.to_string();
        let count = (self.counted > 0 && *header != *count).then(|| format!("{count} in {header}"));
        let aliases = aliases.map(|(name, ..)| name.clone());
        let keys = keys.map(|(name, _)| name.clone());
        aliases.chain(gone.cloned()).chain(keys).chain(count).collect()
    }

    /// A number below this one, the same in each run.
    fn draw(&mut self, below: usize) -> usize {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        (self.chance >> 33) as usize % below
    }
}

/// Adds aliases by hand, as an editor does: read, changed, written beside, renamed. They look once more before
/// they rename, but cannot see what comes in the moment between. The oldest of theirs goes.
async fn person(file: &Path, ended: &AtomicBool) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        // Faster than any person, and slower than a check of the file takes in a build for debugging.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let before = std::fs::read_to_string(file).unwrap();
        let written = |nth: usize| format!("\"hand-{nth}\": \"m\", ");
        let alias = format!("\"aliases\": {{{}", written(edits.len()));
        let mut after = before.replacen("\"aliases\": {", &alias, 1);
        if let Some(oldest) = edits.len().checked_sub(MOST) {
            after = after.replacen(&written(oldest), "", 1);
        }
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
    let (ended, saved) = (AtomicBool::new(false), AtomicUsize::new(0));
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
/// Of each kind that a writer has at a time.
const MOST: usize = 6;
