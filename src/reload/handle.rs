//! Asks for a reload and waits for its end.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::time::timeout;

use super::{
    hints::Hint,
    latest::{Latest, Loads},
};

/// Asks for reloads.
#[derive(Clone)]
pub(crate) struct Handle {
    ask: mpsc::Sender<Hint>,
    latest: Arc<Latest>,
}

impl Handle {
    /// A handle of the thread that reads what `ask` sends and keeps `latest` up to date.
    pub(crate) fn new(ask: mpsc::Sender<Hint>, latest: Arc<Latest>) -> Self {
        Self { ask, latest }
    }

    /// What became of the file.
    pub(crate) fn latest(&self) -> &Latest {
        &self.latest
    }

    /// Loads the file as it is now, and answers what became of that; `None` where it takes too long.
    pub(crate) async fn reload(&self) -> Option<Loads> {
        let mut ended = self.latest.ended();
        let before = self.latest.begun();
        self.ask.send(Hint::Asked).ok()?;
        // A load that had begun already may have read the file as it was before.
        let later = ended.wait_for(|number| *number > before);
        timeout(PATIENCE, later).await.ok()?.ok()?;
        Some(self.latest.loads())
    }
}

/// A file of many thousands of aliases takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);
