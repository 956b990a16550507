//! Requests a reload and waits for its result.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::time::timeout;

use super::{
    hints::Hint,
    latest::{Latest, Loads},
};

/// A handle for reloads.
#[derive(Clone)]
pub(crate) struct Handle {
    ask: mpsc::Sender<Hint>,
    latest: Arc<Latest>,
}

impl Handle {
    /// A handle of the thread that receives `ask` and updates `latest`.
    pub(crate) fn new(ask: mpsc::Sender<Hint>, latest: Arc<Latest>) -> Self {
        Self { ask, latest }
    }

    /// The results of loads.
    pub(crate) fn latest(&self) -> &Latest {
        &self.latest
    }

    /// Reloads the file and returns the result; `None` if it takes too long.
    pub(crate) async fn reload(&self) -> Option<Loads> {
        let mut ended = self.latest.ended();
        let before = self.latest.begun();
        self.ask.send(Hint::Asked).ok()?;
        // A load in progress may have read the old file, so it does not count.
        let later = ended.wait_for(|number| *number > before);
        timeout(PATIENCE, later).await.ok()?.ok()?;
        Some(self.latest.loads())
    }
}

/// A file with many thousands of aliases takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);
