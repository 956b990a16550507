//! The shared state of the admin API.

use std::{path::Path, sync::Arc};

use tokio::sync::Mutex;

use crate::{admin::status::Sources, config::replace, reload::Handle};

/// The shared state of the routes.
pub(super) struct Context {
    pub(super) sources: Sources,
    pub(super) handle: Handle,
    /// Held while the file is changed; fair.
    pub(super) writing: Arc<Mutex<()>>,
}

impl Context {
    pub(super) fn new(sources: Sources, handle: Handle) -> Self {
        // A process killed during a write may have left a temporary file.
        replace::sweep(handle.latest().file());
        Self { sources, handle, writing: Arc::default() }
    }

    /// The configuration file.
    pub(super) fn file(&self) -> &Path {
        self.handle.latest().file()
    }
}
