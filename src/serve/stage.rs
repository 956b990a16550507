//! Where the process is in its life: serving, draining (`/readyz` says no, requests are still
//! served), closing (no new connections, what is in flight may end).

use std::time::Duration;

use tokio_util::{
    sync::CancellationToken, task::TaskTracker, task::task_tracker::TaskTrackerToken,
};

/// The stage of the process, shared by every core.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    draining: CancellationToken,
    closing: CancellationToken,
    connections: TaskTracker,
}

impl Stage {
    /// Whether new requests are welcome.
    pub fn is_ready(&self) -> bool {
        !self.draining.is_cancelled()
    }

    /// Whether connections are being closed.
    pub fn is_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Resolves when connections are to be closed.
    pub async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// Counts a connection for as long as the token lives.
    pub fn connection(&self) -> TaskTrackerToken {
        self.connections.token()
    }

    /// Resolves when the last connection has ended.
    pub async fn drained(&self) {
        self.connections.wait().await;
    }

    /// Says no to readiness at once, stops accepting after `delay`, and gives what is in flight
    /// until `deadline` to end. `true`: all of it did.
    pub async fn shut_down(&self, delay: Duration, deadline: Duration) -> bool {
        self.draining.cancel();
        tokio::time::sleep(delay).await;
        self.closing.cancel();
        self.connections.close();
        tokio::time::timeout(deadline, self.connections.wait()).await.is_ok()
    }
}
