//! The thread that sends spans in batches.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use prometheus::IntCounterVec;
use tokio::sync::oneshot;

use super::{
    Spans,
    queue::{Batch, Queue},
    send::Sender,
    settings::Settings,
};
use crate::record::Report;

/// The running exporter; stopping it sends what is queued.
pub(crate) struct Running {
    /// The report that receives requests.
    pub(crate) report: Arc<dyn Report>,
    /// Tells the thread to end, and learns that it has.
    thread: Mutex<Option<(oneshot::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub(crate) fn start(settings: Settings, counters: &IntCounterVec) -> Result<Self, String> {
        let queue = Queue::new(settings.room, settings.batch, counters);
        let sender = Sender::new(&settings)?;
        let report: Arc<dyn Report> = Arc::new(Spans(Arc::clone(&queue)));
        let exporter = Exporter { queue, sender, settings, is_lost: false };
        let problem = |error: std::io::Error| error.to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(problem)?;
        let ((end, ends), (over, is_over)) = (oneshot::channel(), mpsc::channel());
        let runs = move || {
            runtime.block_on(exporter.run(ends));
            let _ = over.send(());
        };
        thread::Builder::new().name("spans".into()).spawn(runs).map_err(problem)?;
        Ok(Self { report, thread: Mutex::new(Some((end, is_over))) })
    }

    /// Sends what is waiting, within a time that a shutdown can bear.
    pub(crate) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((end, is_over)) = thread {
            let _ = end.send(());
            let _ = is_over.recv_timeout(LAST_WORDS);
        }
    }
}

struct Exporter {
    queue: Arc<Queue>,
    sender: Sender,
    settings: Settings,
    /// Whether the last export failed.
    is_lost: bool,
}

impl Exporter {
    async fn run(mut self, mut ends: oneshot::Receiver<()>) {
        loop {
            let (all, is_end) = tokio::select! {
                biased;
                _ = &mut ends => (true, true),
                () = self.queue.whole() => (false, false),
                () = tokio::time::sleep(self.settings.delay) => (true, false),
            };
            while let Some(batch) = self.queue.take(all) {
                self.export(batch).await;
            }
            if is_end {
                return;
            }
        }
    }

    async fn export(&mut self, batch: Batch) {
        // Retries included.
        let limit = self.settings.timeout * 2;
        let sends = tokio::time::timeout(limit, self.sender.send(&batch.spans));
        let is_sent = sends.await.unwrap_or(false);
        self.queue.leave(batch.count, is_sent);
        match (std::mem::replace(&mut self.is_lost, !is_sent), is_sent) {
            (false, false) => tracing::warn!("the collector does not take spans; they are lost"),
            (true, true) => tracing::info!("the collector takes spans again"),
            _ => {}
        }
    }
}

/// How long the end of the process waits for what is not yet sent.
const LAST_WORDS: Duration = Duration::from_secs(3);
