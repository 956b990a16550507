//! One webhook: the alerts it has received, and the task that posts.
//!
//! Logs never contain its URL, headers or response.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::Serialize;
use tokio::{sync::mpsc, time::Instant};

use super::condition::{Condition, Subject};
use crate::{
    live::Meters,
    report::feed::row::stamp,
    table::alerts::Alert,
    upstream::{barrier, dial},
};

/// A webhook.
pub(super) struct Webhook {
    pub(super) alert: Arc<Alert>,
    told: HashMap<Subject, Told>,
    queue: mpsc::Sender<(Arc<Alert>, Post)>,
    meters: Arc<Meters>,
}

/// The last alert of one subject.
struct Told {
    raised: Instant,
    since: SystemTime,
    /// The alert, until its end is reported.
    open: Option<Condition>,
}

/// The body of a post.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Post {
    text: String,
    kind: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<Box<str>>,
    since: String,
    at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    host: String,
}

impl Webhook {
    /// A webhook that has been told nothing; its task ends when it is dropped and what is queued is posted.
    pub(super) fn start(alert: Arc<Alert>, meters: Arc<Meters>) -> Self {
        let (queue, posts) = mpsc::channel(QUEUE);
        tokio::spawn(post_all(posts, Arc::clone(&meters)));
        Self { alert, told: HashMap::new(), queue, meters }
    }

    /// The same with settings that have changed.
    pub(super) fn with(self, alert: Arc<Alert>) -> Self {
        Self { alert, ..self }
    }

    /// Raises new alerts and resolves old ones. What does not fit into the queue is tried again at
    /// the next check.
    pub(super) fn tell(&mut self, conditions: Vec<Condition>, now: Instant) {
        let lasting: HashSet<Subject> = conditions.iter().map(Condition::subject).collect();
        for (subject, told) in &mut self.told {
            if lasting.contains(subject) {
                continue;
            }
            if let Some(open) = &told.open
                && queued(&self.queue, &self.alert, post(open, "resolved", told.since))
            {
                told.open = None;
            }
        }
        for condition in conditions {
            let known = self.told.get(&condition.subject());
            let is_due = known.is_none_or(|told| {
                told.open.is_none() && now.duration_since(told.raised) >= self.alert.min_interval
            });
            let since = SystemTime::now();
            if is_due && queued(&self.queue, &self.alert, post(&condition, "raised", since)) {
                self.meters.process.alerts.with_label_values(&[condition.kind.name()]).inc();
                let told = Told { raised: now, since, open: Some(condition.clone()) };
                self.told.insert(condition.subject(), told);
            }
        }
        let interval = self.alert.min_interval;
        self.told
            .retain(|_, told| told.open.is_some() || now.duration_since(told.raised) < interval);
    }
}

fn queued(queue: &mpsc::Sender<(Arc<Alert>, Post)>, alert: &Arc<Alert>, post: Post) -> bool {
    queue.try_send((Arc::clone(alert), post)).is_ok()
}

fn post(condition: &Condition, state: &'static str, since: SystemTime) -> Post {
    let mark = if state == "raised" { "🔴" } else { "🟢 resolved:" };
    Post {
        text: format!("{mark} Onwards: {}", condition.text),
        kind: condition.kind.name(),
        state,
        alias: condition.alias.clone(),
        provider: condition.provider.clone(),
        key: condition.key.clone(),
        team: condition.team.clone(),
        since: stamp(since),
        at: stamp(SystemTime::now()),
        host: host(),
    }
}

/// The host name, which distinguishes the alerts of a fleet.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Posts one after the other.
async fn post_all(mut posts: mpsc::Receiver<(Arc<Alert>, Post)>, meters: Arc<Meters>) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => {
            let causes = barrier::causes(&error.without_url());
            return tracing::error!("alerts cannot be posted: {causes}");
        }
    };
    while let Some((alert, post)) = posts.recv().await {
        let outcome = deliver(&client, &alert, &post).await;
        let result = if outcome.is_ok() { "delivered" } else { "failed" };
        meters.process.alert_posts.with_label_values(&[result]).inc();
        if let Err(why) = outcome {
            tracing::warn!(
                kind = post.kind,
                state = post.state,
                "an alert was not delivered: {why}"
            );
        }
    }
}

/// Posts until it is taken, refused, or has been tried often enough.
async fn deliver(client: &reqwest::Client, alert: &Alert, post: &Post) -> Result<(), String> {
    let body = serde_json::to_vec(post).map_err(|error| error.to_string())?;
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        let mut request = client.post(alert.url.expose()).body(body.clone());
        request = request.header(http::header::CONTENT_TYPE, "application/json");
        for (name, value) in &alert.headers {
            request = request.header(name, value.clone());
        }
        let (why, may_mend) = match request.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let may_mend = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
                (format!("the webhook answered {status}"), may_mend)
            }
            Err(error) => (barrier::causes(&error.without_url()), true),
        };
        if !may_mend || attempt >= MOST_ATTEMPTS {
            return Err(why);
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    Ok(())
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .use_preconfigured_tls(dial::tls_config())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(PATIENCE)
        .build()
}

/// Alerts that wait for a webhook.
const QUEUE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MOST_ATTEMPTS: u32 = 6;

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc, time::Duration};

    use tokio::{sync::mpsc, time::Instant};

    use super::{Alert, Condition, Post, Webhook};
    use crate::{live::Meters, secret::Secret, words::AlertKind};

    type Posts = mpsc::Receiver<(Arc<Alert>, Post)>;

    fn webhook(room: usize) -> (Webhook, Posts) {
        let alert = Arc::new(Alert {
            url: Secret::new("http://127.0.0.1/".to_owned()),
            kinds: AlertKind::ALL.to_vec(),
            headers: Vec::new(),
            min_interval: Duration::from_secs(300),
            window: Duration::from_secs(60),
            error_rate: 0.05,
            fallback_rate: 0.2,
            min_requests: 20,
        });
        let (queue, posts) = mpsc::channel(room);
        let meters = Meters::new("onwards").unwrap();
        (Webhook { alert, told: HashMap::new(), queue, meters }, posts)
    }

    fn refused(text: &str) -> Vec<Condition> {
        let kind = AlertKind::ReloadFailed;
        let (alias, provider, key, team, level) = (None, None, None, None, None);
        vec![Condition { kind, alias, provider, key, team, level, text: text.to_owned() }]
    }

    fn states(posts: &mut Posts) -> Vec<&'static str> {
        let state = |(_, post): (_, Post)| {
            assert_eq!(AlertKind::from_name(post.kind), Some(AlertKind::ReloadFailed));
            post.state
        };
        std::iter::from_fn(|| posts.try_recv().ok()).map(state).collect()
    }

    #[test]
    fn what_lasts_is_raised_once_and_resolved_once() {
        let ((mut webhook, mut posts), now) = (webhook(8), Instant::now());
        for second in 0..1_000 {
            webhook.tell(refused(&format!("{second}")), now + Duration::from_secs(second));
        }
        assert_eq!(states(&mut posts), ["raised"]);
        for second in 1_000..1_010 {
            webhook.tell(Vec::new(), now + Duration::from_secs(second));
        }
        assert_eq!(states(&mut posts), ["resolved"]);
        assert!(webhook.told.is_empty(), "nothing is kept of what is long over");
    }

    #[test]
    fn what_comes_and_goes_is_raised_again_after_the_interval() {
        let ((mut webhook, mut posts), now) = (webhook(8), Instant::now());
        for second in 0..620 {
            let comes = second % 2 == 0;
            let conditions = if comes { refused("again") } else { Vec::new() };
            webhook.tell(conditions, now + Duration::from_secs(second));
        }
        assert_eq!(states(&mut posts), ["raised", "resolved"].repeat(3), "at 0, 300 and 600 s");
    }

    #[test]
    fn what_has_no_room_is_told_at_the_next_look() {
        let ((mut webhook, mut posts), now) = (webhook(1), Instant::now());
        let mut two = refused("one");
        two.push(Condition { alias: Some("m".into()), ..two[0].clone() });
        webhook.tell(two.clone(), now);
        assert_eq!(states(&mut posts), ["raised"]);
        webhook.tell(two, now);
        assert_eq!(states(&mut posts), ["raised"], "the other one");
        webhook.tell(Vec::new(), now);
        assert_eq!(states(&mut posts), ["resolved"]);
        webhook.tell(Vec::new(), now);
        assert_eq!(states(&mut posts), ["resolved"]);
    }
}
