//! A person administers from the page: rests, weights and keys, each change shown before it is written.

use serde_json::json;

use super::{chromium::Chromium, skipped};
use crate::support::{Launch, Reply, Upstream, assert_ok, chat, eventually, pair, secs};

const ADMIN_KEY: &str = "admin-key-of-the-page-0001";

async fn click(browser: &mut Chromium, label: &str) {
    let found = format!(
        "(() => {{ const it = [...document.querySelectorAll('button')].find((it) => \
         (it.getAttribute('aria-label') || it.textContent) === '{label}' \
         && it.offsetParent !== null); if (it) it.click(); return !!it }})()"
    );
    let clicked = eventually(secs(20), async || browser.value(&found).await == true).await;
    assert!(clicked, "there is no button `{label}`");
}

async fn enter(browser: &mut Chromium, label: &str, text: &str) {
    let set = format!(
        "(() => {{ const it = [...document.querySelectorAll('input')].find((it) => \
         (it.getAttribute('aria-label') || it.id) === '{label}'); it.value = '{text}' }})()"
    );
    browser.value(&set).await;
}

#[tokio::test]
async fn a_person_administers_and_sees_each_change_before_it_is_written() {
    let Some(mut browser) = Chromium::start().await else { return skipped() };
    let [one, two] =
        [Upstream::start(Reply::chat("one")).await, Upstream::start(Reply::chat("two")).await];
    let router = Launch::new(&pair(&one, &two)).env("ONWARDS_ADMIN_KEY", ADMIN_KEY).start().await;
    let file = || std::fs::read_to_string(router.file()).unwrap();
    browser.looks(1280, 800, "light").await;
    browser.open(&format!("http://{}/", router.metrics_addr())).await;
    browser.reads(&["Admin key, kept in this tab alone"]).await;
    enter(&mut browser, "admin-key", "a-wrong-key").await;
    click(&mut browser, "Open").await;
    browser.reads(&["this is not the admin key"]).await;
    enter(&mut browser, "admin-key", ADMIN_KEY).await;
    click(&mut browser, "Open").await;
    browser.reads(&["m / first", "m / second"]).await;

    click(&mut browser, "rest m / first").await;
    browser.reads(&["m / first: resting"]).await;
    assert!(router.chat("m").await.text().contains("two"));
    click(&mut browser, "wake m / first").await;
    browser.reads(&["m / first: ready"]).await;
    click(&mut browser, "drain m / first").await;
    browser.reads(&["m / first: drained by an operator"]).await;
    assert!(router.chat("m").await.text().contains("two"));
    click(&mut browser, "wake m / first").await;
    browser.reads(&["m / first: ready"]).await;

    let before = file();
    enter(&mut browser, "weight of m / first", "7").await;
    click(&mut browser, "change the weight of m / first").await;
    browser.reads(&["This is what would change:", "weight\": 7"]).await;
    assert_eq!(file(), before, "it is only shown");
    click(&mut browser, "Cancel").await;
    click(&mut browser, "change the weight of m / first").await;
    browser.reads(&["weight\": 7"]).await;
    click(&mut browser, "Write").await;
    browser.reads(&["Written, and live."]).await;
    assert!(file().contains("\"weight\": 7"), "{}", file());

    // What has changed since it was shown is not written over.
    enter(&mut browser, "admin-name", "blue").await;
    enter(&mut browser, "admin-models", "m").await;
    click(&mut browser, "Make").await;
    browser.reads(&["This is what would change:", "blue"]).await;
    std::fs::write(router.file(), file() + "\n").unwrap();
    click(&mut browser, "Write").await;
    browser.reads(&["the file has changed"]).await;
    click(&mut browser, "Make").await;
    browser.reads(&["This is what would change:"]).await;
    click(&mut browser, "Write").await;
    browser.reads(&["The key is shown this once", "sk-"]).await;
    let key = browser.value("document.getElementById('admin-secret').textContent").await;
    let key = key.as_str().unwrap().to_owned();
    assert_ok(&router.post("/v1/chat/completions", &key, &chat("m")).await);
    click(&mut browser, "block blue").await;
    browser.reads(&["disabled"]).await;
    click(&mut browser, "Write").await;
    browser.reads(&["unblock"]).await;
    assert_eq!(router.post("/v1/chat/completions", &key, &chat("m")).await.status, 401);

    click(&mut browser, "unblock blue").await;
    browser.reads(&["This is what would change:"]).await;
    click(&mut browser, "Write").await;
    browser.reads(&["Written, and live."]).await;
    assert_ok(&router.post("/v1/chat/completions", &key, &chat("m")).await);
    click(&mut browser, "rotate blue").await;
    browser.reads(&["This is what would change:"]).await;
    click(&mut browser, "Write").await;
    browser.reads(&["The key is shown this once"]).await;
    let refused =
        async || router.post("/v1/chat/completions", &key, &chat("m")).await.status == 401;
    assert!(eventually(secs(10), refused).await, "the old key still opens");

    click(&mut browser, "Close, and forget the key").await;
    let page = browser.value("document.documentElement.outerHTML").await.to_string();
    assert!(!page.contains(ADMIN_KEY) && !page.contains(&key), "nothing of it is left");
    let kept = "[localStorage.length, sessionStorage.length, document.cookie.length]";
    assert_eq!(browser.value(kept).await, json!([0, 0, 0]));
    assert_eq!(browser.value("desk.key").await, json!(null));
}
