//! What the routes of the administration work with.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use crate::{admin::status::Sources, reload::Handle};

/// What the routes work with.
pub(super) struct Context {
    pub(super) sources: Sources,
    pub(super) handle: Handle,
    /// Held by the one who changes the file.
    pub(super) writing: Arc<Mutex<()>>,
}

impl Context {
    pub(super) fn new(sources: Sources, handle: Handle) -> Self {
        Self { sources, handle, writing: Arc::default() }
    }

    /// The configuration file.
    pub(super) fn file(&self) -> &Path {
        self.handle.latest().file()
    }
}
