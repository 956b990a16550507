//! What the routes of the administration work with.

use std::{path::Path, sync::Arc};

use tokio::sync::Mutex;

use crate::{admin::status::Sources, config::replace, reload::Handle};

/// What the routes work with.
pub(super) struct Context {
    pub(super) sources: Sources,
    pub(super) handle: Handle,
    /// Held by the one who changes the file; who waits longest is next.
    pub(super) writing: Arc<Mutex<()>>,
}

impl Context {
    pub(super) fn new(sources: Sources, handle: Handle) -> Self {
        // A process that was killed while it wrote may have left its new file behind.
        replace::sweep(handle.latest().file());
        Self { sources, handle, writing: Arc::default() }
    }

    /// The configuration file.
    pub(super) fn file(&self) -> &Path {
        self.handle.latest().file()
    }
}
