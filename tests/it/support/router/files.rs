//! The ways in which editors, `mv` and Kubernetes write a file.
//!
//! Never: a way of writing waits for the router; it does what the tool does and returns.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::Router;

/// One way of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// A new file renamed over the old one.
    Rename,
    /// Truncated and written at once.
    InPlace,
    /// Truncated, then written in pieces over 300 ms.
    Slowly,
    /// The old file renamed away, a new one written under its name, the old one removed.
    VimBackup,
    /// Removed, and after a moment created.
    DeleteCreate,
}

impl Router {
    /// Writes the file by renaming.
    pub(crate) async fn write_targets(&self, targets: &Value) {
        self.write(Write::Rename, &serde_json::to_vec_pretty(targets).unwrap()).await;
    }

    /// Writes these bytes, JSON or not, in that way.
    pub(crate) async fn write(&self, way: Write, content: &[u8]) {
        let file = self.file();
        let beside = self.dir().join("targets.json~");
        match way {
            Write::Rename => {
                fs::write(&beside, content).unwrap();
                fs::rename(&beside, file).unwrap();
            }
            Write::InPlace => fs::write(file, content).unwrap(),
            Write::Slowly => slowly(file, content).await,
            Write::VimBackup => {
                fs::rename(file, &beside).unwrap();
                fs::write(file, content).unwrap();
                fs::remove_file(&beside).unwrap();
            }
            Write::DeleteCreate => {
                fs::remove_file(file).unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
                fs::write(file, content).unwrap();
            }
        }
    }

    /// Updates a file laid by [`super::Launch::config_map`] as the kubelet does: a new directory, then `..data` swapped.
    pub(crate) fn swap_config_map(&self, targets: &Value) {
        let content = serde_json::to_vec_pretty(targets).unwrap();
        let old = fs::read_link(self.dir().join("..data")).unwrap();
        swap(self.dir(), &content);
        fs::remove_dir_all(self.dir().join(old)).unwrap();
    }
}

/// The first layout of a ConfigMap's directory.
pub(super) fn lay_config_map(dir: &Path, content: &[u8]) {
    swap(dir, content);
    symlink("..data/targets.json", dir.join("targets.json")).unwrap();
}

fn swap(dir: &Path, content: &[u8]) {
    let version = format!("..2026_{}", VERSIONS.fetch_add(1, Ordering::Relaxed));
    fs::create_dir(dir.join(&version)).unwrap();
    fs::write(dir.join(&version).join("targets.json"), content).unwrap();
    symlink(&version, dir.join("..data_tmp")).unwrap();
    fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
}

async fn slowly(file: &Path, content: &[u8]) {
    use std::io::Write as _;
    let mut open = fs::File::create(file).unwrap();
    for piece in content.chunks(content.len().div_ceil(SLOW_PIECES)) {
        tokio::time::sleep(Duration::from_millis(60)).await;
        open.write_all(piece).unwrap();
        open.flush().unwrap();
    }
}

const SLOW_PIECES: usize = 5;
static VERSIONS: AtomicUsize = AtomicUsize::new(1);
