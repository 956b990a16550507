//! Limits and findings about providers that replicas share through Redis or Valkey: requests,
//! reports and returns this replica's slices, outside the request path.
//!
//! The script on the server handles one message at a time, and the slices say what to request.

mod address;
mod news;
mod wire;
mod words;

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};

pub(crate) use self::address::wrong as wrong_address;
use self::{wire::Wire, words::Heard};
use super::terms::SharedTerms;
use crate::live::{
    Meters,
    health::news::{News, Teller as TellsNews},
    limit::{
        desk::Desk,
        lease::{Answer, Ask, Lease},
        leases::{Leases, Listed},
    },
};
use crate::moment;

/// A thread that speaks to the store until this is dropped.
#[derive(Debug)]
pub(super) struct Link {
    terms: SharedTerms,
    stop: Arc<tokio::sync::Notify>,
    ended: mpsc::Receiver<()>,
}

impl Link {
    /// Starts to use a store. A store that does not answer is not an error; the operator's setting
    /// applies.
    ///
    /// # Errors
    /// A sentence for the operator: what is wrong with the address.
    pub(super) fn start(
        terms: SharedTerms,
        leases: Arc<Leases>,
        news: Arc<News>,
        meters: Arc<Meters>,
    ) -> Result<Self, String> {
        let wire = Wire::new(&terms)?;
        let listed =
            leases.listed().ok_or("is still being left: load the file again in a moment")?;
        let desk = Arc::clone(&leases.desk);
        desk.set(terms.timeout, terms.decides_here);
        let stop = Arc::new(tokio::sync::Notify::new());
        let (tell, ended) = mpsc::channel();
        let teller = Teller {
            leases,
            desk,
            _tells: news.told_by(),
            news,
            heard: Heard::default(),
            meters,
            timeout: terms.timeout,
            is_told: false,
        };
        let told_to_stop = Arc::clone(&stop);
        let thread = thread::Builder::new().name("store".into());
        let started = thread.spawn(move || {
            run(teller, wire, listed, &told_to_stop);
            drop(tell);
        });
        started.map_err(|error| format!("its thread cannot be started: {error}"))?;
        Ok(Self { terms, stop, ended })
    }

    /// Whether it is the link of these terms.
    pub(super) fn is_of(&self, terms: &SharedTerms) -> bool {
        self.terms == *terms
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.notify_one();
        // It gives back what this replica holds.
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

/// The task that tells the store, and whether its outage was logged.
struct Teller {
    leases: Arc<Leases>,
    desk: Arc<Desk>,
    news: Arc<News>,
    /// While it is held, what is found of providers is collected.
    _tells: TellsNews,
    heard: Heard,
    meters: Arc<Meters>,
    timeout: Duration,
    is_told: bool,
}

fn run(mut teller: Teller, mut wire: Wire, mut listed: Listed, stop: &tokio::sync::Notify) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else {
        return tracing::error!("the store cannot be spoken to: no runtime can be had");
    };
    runtime.block_on(async {
        tokio::select! {
            () = teller.tend(&mut wire, &mut listed) => {}
            () = stop.notified() => {}
        }
        teller.leave(&mut wire).await;
    });
}

impl Teller {
    async fn tend(&mut self, wire: &mut Wire, listed: &mut Listed) {
        // So that the first request finds it open.
        let _ = self.exchange_news(wire).await;
        loop {
            let next = Instant::now() + if self.desk.is_out() { AGAIN } else { EACH };
            let mut pause = AGAIN;
            while Instant::now() < next {
                let leases = tokio::select! {
                    leases = listed.next() => leases,
                    () = sleep_until(next) => break,
                    () = self.is_called(wire) => {
                        self.tell_news(wire).await;
                        continue;
                    }
                };
                if self.round(wire, &leases, false).await.is_err() {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
            let all = self.leases.all();
            match self.round(wire, &all, true).await {
                Ok(()) => self.look_for_news(wire).await,
                Err(()) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Resolves when there are messages about providers to send or receive.
    async fn is_called(&self, wire: &Wire) {
        if self.desk.is_out() {
            return std::future::pending().await;
        }
        tokio::select! {
            () = self.news.coming() => {}
            () = wire.called() => {}
        }
    }

    /// Sends the listed requests; with `all`, also the periodic messages.
    async fn round(&mut self, wire: &mut Wire, leases: &[Arc<Lease>], all: bool) -> Result<(), ()> {
        let asks: Vec<_> = leases
            .iter()
            .flat_map(|lease| lease.asks(all).into_iter().map(move |ask| (lease, ask)))
            .collect();
        let (decided, above) = self.desk.counted();
        self.meters.process.store_local.inc_by(decided);
        self.meters.process.store_above.inc_by(above);
        if asks.is_empty() {
            return if self.desk.is_out() { self.exchange_news(wire).await } else { Ok(()) };
        }
        for asks in asks.chunks(MANY) {
            let questions: Vec<_> = asks.iter().map(|(_, ask)| ask).collect();
            match self.call(wire, &questions).await {
                Ok(answers) => {
                    for ((lease, ask), answer) in asks.iter().zip(&answers) {
                        lease.answered(ask, answer);
                    }
                }
                Err(why) => {
                    self.is_gone(&why);
                    asks.iter().for_each(|(lease, _)| lease.unanswered());
                    return Err(());
                }
            }
        }
        Ok(())
    }

    async fn call(&mut self, wire: &mut Wire, asks: &[&Ask]) -> Result<Vec<Answer>, String> {
        wire.connected().await?;
        let here = moment::now();
        let answers = self.timed(wire.share(asks)).await?;
        if let Some(answer) = answers.last() {
            self.desk.put_right(answer.now_us, here);
        }
        Ok(answers)
    }

    /// Waits for an answer, and knows after the time that requests wait whether the store answers in time.
    async fn timed<T>(
        &mut self,
        answers: impl Future<Output = Result<T, String>>,
    ) -> Result<T, String> {
        let began = Instant::now();
        let mut answers = std::pin::pin!(answers);
        let answers = match timeout(self.timeout, &mut answers).await {
            Ok(answers) => answers,
            Err(_) => {
                self.is_gone("it does not answer in time");
                self.leases.all().iter().for_each(|lease| lease.wake());
                match timeout(PATIENCE, answers).await {
                    Ok(answers) => answers,
                    Err(_) => Err("it does not answer".to_owned()),
                }
            }
        };
        let took = began.elapsed();
        let is_late = took > self.timeout;
        let result = match &answers {
            Ok(_) if is_late => "late",
            Ok(_) => "answered",
            Err(_) => "failed",
        };
        self.meters.process.store_calls.with_label_values(&[result]).inc();
        let answers = answers?;
        self.meters.process.store_seconds.observe(took.as_secs_f64());
        if !is_late {
            let was_out = self.desk.is_back();
            if std::mem::take(&mut self.is_told) || was_out {
                tracing::info!("the store of shared limits answers again");
            }
        }
        Ok(answers)
    }

    fn is_gone(&mut self, why: &str) {
        self.desk.is_gone();
        // What is missed meanwhile is requested when the store answers.
        self.heard.forget_when();
        if !std::mem::replace(&mut self.is_told, true) {
            let goes_on = match self.desk.decides_here() {
                true => "this replica goes on with its share of each limit",
                false => "requests that have limits are refused",
            };
            tracing::error!(why, "the store of shared limits does not answer: {goes_on}");
        }
    }

    /// Gives back what this replica holds.
    async fn leave(&mut self, wire: &mut Wire) {
        let leases = self.leases.all();
        let asks: Vec<_> = leases.iter().flat_map(|lease| lease.farewell()).collect();
        for asks in asks.chunks(MANY) {
            let asks: Vec<_> = asks.iter().collect();
            if !matches!(timeout(PATIENCE, wire.share(&asks)).await, Ok(Ok(_))) {
                return;
            }
        }
    }
}

/// How often spending is reported and the replica shows that it is alive.
const EACH: Duration = Duration::from_millis(500);
/// How long the store is waited for before the connection is given up.
const PATIENCE: Duration = Duration::from_secs(2);
/// The first pause after a failure.
const AGAIN: Duration = Duration::from_millis(100);
/// How long the end of the process waits for it.
const FAREWELL: Duration = Duration::from_secs(3);
/// So many questions go in one piece.
const MANY: usize = 256;
