//! Every way in which a file is replaced, and files that are bad for a while: C2 to C5, D2.
//!
//! Never: the second change is missed because the first was seen.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    Call, Launch, Reply, Router, Upstream, Write, assert_ok, eventually, ms, open, secs,
};

/// The file with exactly these aliases.
fn aliases(upstream: &Upstream, names: &[&str]) -> Value {
    let entry = json!({"url": upstream.base()});
    let targets: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), entry.clone())).collect();
    json!({"targets": targets})
}

async fn reload_state(router: &Router) -> Option<f64> {
    router.metric(RELOAD_SUCCESSFUL, &[]).await
}

/// As `check` does, once each: an edit elsewhere does not repeat what was told.
#[tokio::test]
async fn what_is_probably_not_meant_is_logged_at_the_start_and_at_a_reload() {
    let one =
        json!({"url": "https://api.openai.com/v1", "onwards_key": "Bearer sk-0123456789abcdef"});
    let router = Router::start(&json!({"targets": {"a": one}})).await;
    let lines = |place: &str| {
        let log = router.log_text();
        log.lines().filter(|line| line.contains("WARN") && line.contains(place)).count()
    };
    let of_a = r#"targets["a"].onwards_key: "#;
    let (of_a, of_b) = (of_a.to_owned(), of_a.replace("\"a\"", "\"b\""));
    assert!(eventually(secs(10), async || lines(&of_a) == 1).await, "{}", router.log_text());
    let warnings = async || router.metric("onwards_config_warnings", &[]).await;
    assert_eq!(warnings().await, Some(1.0));
    router.write_targets(&json!({"targets": {"b": one, "a": one}})).await;
    assert!(eventually(secs(10), async || lines(&of_b) == 1).await, "{}", router.log_text());
    assert_eq!((lines(&of_a), warnings().await), (1, Some(2.0)), "{}", router.log_text());
    let status = Call::get("/status").send(router.metrics_addr()).await.json();
    assert_eq!(status["config"]["warnings"], json!(2), "{status}");
    assert!(!router.log_text().contains("0123456789abcdef"));
}

#[tokio::test]
async fn c2_a_bad_file_changes_nothing_and_is_told_once() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    assert_eq!(reload_state(&router).await, Some(1.0));
    let whole = serde_json::to_vec_pretty(&open(&upstream)).unwrap();
    let unknown = json!({"targets": {"m": {"url": upstream.base(), "wieght": 1}}}).to_string();
    let bad: [&[u8]; 4] = [b"{ nonsense", b"", &whole[..whole.len() / 2], unknown.as_bytes()];
    for content in bad {
        let reports = || router.log_text().matches("targets.json").count();
        let before = reports();
        router.write(Write::InPlace, content).await;
        let told = eventually(secs(5), async || reload_state(&router).await == Some(0.0)).await;
        assert!(told, "{} shows no failure", String::from_utf8_lossy(content));
        let said = eventually(secs(1), async || reports() > before).await;
        assert!(said, "nothing is said about {}", String::from_utf8_lossy(content));
        tokio::time::sleep(ms(100)).await;
        let once = reports();
        tokio::time::sleep(ms(600)).await;
        assert_eq!(reports(), once, "it is said again");
        assert_ok(&router.chat("m").await);
        router.write_targets(&aliases(&upstream, &["m", "n"])).await;
        assert!(router.serves(&["m", "n"], secs(2)).await, "the next good file is taken");
        assert!(eventually(secs(1), async || reload_state(&router).await == Some(1.0)).await);
        router.write_targets(&open(&upstream)).await;
        assert!(router.serves(&["m"], secs(2)).await);
    }
}

#[tokio::test]
async fn c2_a_file_that_is_written_slowly_is_waited_for() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let content = serde_json::to_vec_pretty(&aliases(&upstream, &["m", "slow"])).unwrap();
    let errors_before = router.log_text().matches("ERROR").count();
    router.write(Write::Slowly, &content).await;
    assert!(router.serves(&["m", "slow"], secs(2)).await);
    let errors = router.log_text().matches("ERROR").count() - errors_before;
    assert_eq!(errors, 0, "a half-written file is not reported: {}", router.log_text());
}

#[tokio::test]
async fn c3_every_way_of_writing_works_again_and_again() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let ways =
        [Write::Rename, Write::VimBackup, Write::DeleteCreate, Write::InPlace, Write::Slowly];
    for (round, way) in ways.into_iter().cycle().take(3 * ways.len()).enumerate() {
        let name = format!("z{round}");
        let content = aliases(&upstream, &["m", &name]).to_string();
        router.write(way, content.as_bytes()).await;
        assert!(router.serves(&["m", &name], secs(2)).await, "{way:?} in round {round} is missed");
    }
}

/// Not by polling, which is too slow.
#[tokio::test]
async fn c3_a_file_that_is_named_without_a_directory_may_be_gone_for_a_while() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).relative().start().await;
    for name in ["n1", "n2", "n3"] {
        std::fs::remove_file(router.file()).unwrap();
        let gone = async || reload_state(&router).await == Some(0.0);
        assert!(eventually(secs(5), gone).await);
        router.write(Write::InPlace, aliases(&upstream, &["m", name]).to_string().as_bytes()).await;
        assert!(router.serves(&["m", name], ms(1200)).await, "{name} is noticed too late");
        assert!(eventually(secs(1), async || reload_state(&router).await == Some(1.0)).await);
    }
}

#[tokio::test]
async fn c4_a_config_map_is_followed_twice_in_a_row() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).config_map().start().await;
    for name in ["n1", "n2", "n3"] {
        router.swap_config_map(&aliases(&upstream, &["m", name]));
        assert!(router.serves(&["m", name], secs(2)).await, "the swap to {name} is missed");
    }
}

#[tokio::test]
async fn c5_without_watching_only_sighup_reloads() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Launch::new(&open(&upstream)).args(["--watch=false"]).start().await;
    for name in ["n1", "n2"] {
        let before = router.models().await;
        router.write_targets(&aliases(&upstream, &["m", name])).await;
        tokio::time::sleep(ms(700)).await;
        assert_eq!(router.models().await, before, "it watches all the same");
        router.signal("HUP");
        assert!(router.serves(&["m", name], secs(2)).await, "SIGHUP is not heard");
    }
}

/// A write through a mapping raises no notification, as on a network file system: only looking finds it.
#[tokio::test]
async fn c5_a_change_without_a_notification_is_found_by_looking() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&aliases(&upstream, &["m", "old"])).await;
    let script = "
import mmap, sys, time
file = open(sys.argv[1], 'r+b')
time.sleep(1)  # Opening it is notified; the router has looked by now.
mapped = mmap.mmap(file.fileno(), 0)
at = mapped.find(b'\"old\"')
mapped[at:at + 5] = b'\"new\"'
mapped.flush()
time.sleep(60)  # Closing it would be notified.
";
    let mut writer = Command::new("python3")
        .args(["-c", script])
        .arg(router.file())
        .spawn()
        .expect("Python 3 is installed");
    let served = router.serves(&["m", "new"], secs(10)).await;
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert!(served, "the change is not found");
}

#[tokio::test]
async fn d2_sighup_reloads_beside_the_watch_and_survives_a_bad_file() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let mut router = Router::start(&open(&upstream)).await;
    router.write(Write::InPlace, b"{ nonsense").await;
    for _ in 0..3 {
        router.signal("HUP");
    }
    tokio::time::sleep(ms(300)).await;
    assert!(router.is_running());
    assert_ok(&router.chat("m").await);
    router.write_targets(&aliases(&upstream, &["m", "n"])).await;
    router.signal("HUP");
    assert!(router.serves(&["m", "n"], secs(2)).await);
}

#[tokio::test]
async fn c3_a_path_that_is_no_file_for_a_while_is_told_and_does_not_end_reloading() {
    let upstream = Upstream::start(Reply::chat("hi")).await;
    let router = Router::start(&open(&upstream)).await;
    let path = router.file();
    for (round, what) in ["a pipe", "a directory", "a socket", "a device"].into_iter().enumerate() {
        std::fs::remove_file(path).unwrap();
        let mut bound = None;
        match what {
            "a pipe" => {
                let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
                assert!(made.success());
            }
            "a directory" => std::fs::create_dir(path).unwrap(),
            "a socket" => bound = Some(std::os::unix::net::UnixListener::bind(path).unwrap()),
            _ => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        }
        let said = async || router.log_text().contains(&format!("cannot be read: it is {what}"));
        assert!(eventually(secs(5), said).await, "{what}: {}", router.log_text());
        assert_ok(&router.chat("m").await);
        match what {
            "a directory" => std::fs::remove_dir(path).unwrap(),
            _ => std::fs::remove_file(path).unwrap(),
        }
        drop(bound);
        let name = format!("z{round}");
        router.write_targets(&aliases(&upstream, &["m", &name])).await;
        assert!(router.serves(&["m", &name], secs(3)).await, "after {what} nothing is reloaded");
    }
}

/// 1 when the newest file is the one that serves.
const RELOAD_SUCCESSFUL: &str = "onwards_config_last_reload_successful";
