//! DNS look-ups, shared by all cores: one at a time for each name, so that a hanging name server
//! takes one thread for each of its names, however many requests wait.
//!
//! `getaddrinfo` cannot be cancelled, so each look-up has a thread that may outlive its callers.
//! Results are not cached, since the operator's resolver caches them and knows their lifetime.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{SocketAddr, ToSocketAddrs},
    pin::Pin,
    sync::{Arc, LazyLock, Mutex},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::watch;
use tower_service::Service;

use super::locked::locked;

/// The look-ups of the process.
pub(crate) struct Names {
    look_up: Box<LookUp>,
    known: Mutex<HashMap<Box<str>, Known>>,
}

/// A handle as the service that hyper's connector needs.
#[derive(Clone)]
pub(crate) struct Resolver(pub(crate) Arc<Names>);

/// Blocks for as long as it takes.
type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// The result of a look-up, or the text of its error.
type Found = Result<Vec<SocketAddr>, Box<str>>;

enum Known {
    /// A look-up in progress; all callers get its result.
    UnderWay(watch::Receiver<Option<Found>>),
    /// It failed, and is not retried before this time.
    Failed(Box<str>, Instant),
}

impl Names {
    /// The look-ups that the whole process shares.
    pub(crate) fn of_process() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Names>> =
            LazyLock::new(|| Names::new(|name| Ok((name, 0).to_socket_addrs()?.collect())));
        Arc::clone(&SHARED)
    }

    /// Look-ups by this function, each on its own thread.
    pub(crate) fn new(
        look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { look_up: Box::new(look_up), known: Mutex::default() })
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// The system's, or too many look-ups at once.
    pub(crate) async fn find(self: &Arc<Self>, name: &str) -> io::Result<Vec<SocketAddr>> {
        let mut coming = self.ask(name)?;
        let found = coming.wait_for(Option::is_some).await;
        let found = found.map_err(|_| io::Error::other("the look-up ended without a result"))?;
        match &*found {
            Some(Ok(addresses)) => Ok(addresses.clone()),
            Some(Err(text)) => Err(io::Error::other(text.to_string())),
            None => Err(io::Error::other("the look-up ended without a result")),
        }
    }

    /// Joins the look-up in progress, or starts one.
    fn ask(self: &Arc<Self>, name: &str) -> io::Result<watch::Receiver<Option<Found>>> {
        let mut known = locked(&self.known);
        match known.get(name) {
            // Closed: its thread ended without a result.
            Some(Known::UnderWay(coming)) if coming.has_changed().is_ok() => {
                return Ok(coming.clone());
            }
            Some(Known::Failed(text, until)) if Instant::now() < *until => {
                return Err(io::Error::other(text.to_string()));
            }
            _ => {}
        }
        let now = Instant::now();
        known.retain(|_, known| !matches!(known, Known::Failed(_, until) if *until <= now));
        let under_way = known.values().filter(|known| matches!(known, Known::UnderWay(_))).count();
        if under_way >= MOST_AT_ONCE {
            return Err(io::Error::other("too many names are being looked up"));
        }
        let (tell, coming) = watch::channel(None);
        let (names, of) = (Arc::clone(self), Box::<str>::from(name));
        thread::Builder::new()
            .name("name".into())
            .stack_size(STACK)
            .spawn(move || names.look_up(of, &tell))?;
        known.insert(name.into(), Known::UnderWay(coming.clone()));
        Ok(coming)
    }

    fn look_up(&self, name: Box<str>, tell: &watch::Sender<Option<Found>>) {
        let found = (self.look_up)(&name).map_err(|error| error.to_string().into_boxed_str());
        let mut known = locked(&self.known);
        match &found {
            Ok(_) => drop(known.remove(&name)),
            Err(text) => {
                let until = Instant::now() + FAILURE_KEPT;
                known.insert(name, Known::Failed(text.clone(), until));
            }
        }
        drop(known);
        tell.send_replace(Some(found));
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let names = Arc::clone(&self.0);
        Box::pin(async move { Ok(names.find(name.as_str()).await?.into_iter()) })
    }
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let names = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses: reqwest::dns::Addrs =
                Box::new(names.find(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}

/// How long a failed name is not retried.
const FAILURE_KEPT: Duration = Duration::from_secs(1);
/// The most look-ups at once. A further one is refused rather than waiting for hanging ones.
const MOST_AT_ONCE: usize = 256;
/// What the C library needs, with a margin.
const STACK: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const HERE: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    /// Names that begin with `hung` are looked up until the sender is dropped, `gone` is not found.
    fn names() -> (Arc<Names>, Arc<AtomicUsize>, std::sync::mpsc::Sender<()>) {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Mutex::new(held);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let names = Names::new(move |name| {
            count.fetch_add(1, Ordering::SeqCst);
            if name.starts_with("hung") {
                let _ = locked(&held).recv();
            }
            if name == "gone" { Err(io::Error::other("no such name")) } else { Ok(vec![HERE]) }
        });
        (names, asked, release)
    }

    async fn soon<T>(future: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(5), future).await.expect("it takes too long")
    }

    #[tokio::test]
    async fn hung_name_takes_one_thread_and_starves_no_other() {
        let (names, asked, release) = names();
        let waiting: Vec<_> = (0..2_000)
            .map(|_| {
                let names = Arc::clone(&names);
                tokio::spawn(async move { names.find("hung").await })
            })
            .collect();
        for _ in 0..20 {
            assert_eq!(soon(names.find("well")).await.unwrap(), [HERE]);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 21, "the hung name is looked up once");
        drop(release);
        for one in waiting {
            assert_eq!(soon(one).await.unwrap().unwrap(), [HERE], "all hear of it");
        }
        assert!(locked(&names.known).is_empty(), "what was found is not kept");
    }

    #[tokio::test]
    async fn look_up_outlives_the_one_that_began_it() {
        let (names, asked, release) = names();
        let first = tokio::time::timeout(Duration::from_millis(20), names.find("hung")).await;
        assert!(first.is_err());
        let second = tokio::time::timeout(Duration::from_millis(20), names.find("hung")).await;
        assert!(second.is_err());
        drop(release);
        assert_eq!(soon(names.find("hung")).await.unwrap(), [HERE]);
        assert!(asked.load(Ordering::SeqCst) <= 2);
    }

    #[tokio::test]
    async fn failure_is_kept_for_a_second() {
        let (names, asked, _release) = names();
        for _ in 0..50 {
            let error = soon(names.find("gone")).await.unwrap_err();
            assert_eq!(error.to_string(), "no such name");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        if let Some(Known::Failed(_, until)) = locked(&names.known).get_mut("gone") {
            *until = Instant::now();
        }
        assert!(soon(names.find("gone")).await.is_err());
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn hung_names_beyond_all_threads_are_refused_at_once() {
        let (names, asked, release) = names();
        for nth in 0..MOST_AT_ONCE {
            assert!(names.ask(&format!("hung-{nth}")).is_ok());
        }
        let refused = soon(names.find("well")).await.unwrap_err();
        assert_eq!(refused.to_string(), "too many names are being looked up");
        drop(release);
        let settled = async {
            while names.find("well").await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        soon(settled).await;
        assert!(asked.load(Ordering::SeqCst) <= MOST_AT_ONCE + 1);
    }
}
