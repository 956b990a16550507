//! A listening Unix socket. It replaces a stale socket file, but never one in use and never another
//! kind of file.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

/// A socket at a path; dropping it removes the path.
pub(in crate::cli::serve) struct Bound {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode, so that a socket that another process has put in its place is not removed.
    identity: Option<(u64, u64)>,
}

impl Bound {
    /// Listens at a path. With `shares`, it may replace a process that listens there, which keeps
    /// its connections.
    pub(super) fn at(path: &Path, shares: bool) -> Result<Self, String> {
        let told = |error: io::Error| format!("cannot listen on unix:{}: {error}", path.display());
        let is_there = match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(told(io::Error::other("this is not a socket; it is left unchanged")));
            }
            found => found.is_ok(),
        };
        let is_used = is_there && UnixStream::connect(path).is_ok();
        if is_used && !shares {
            return Err(told(io::Error::other(
                "another process listens there; `--reuse-port` takes its place for a hand-over",
            )));
        }
        // Renamed into place, so that a client always finds a socket.
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let _ = fs::remove_file(&beside);
        let listener = UnixListener::bind(&beside).map_err(told)?;
        listener.set_nonblocking(true).map_err(told)?;
        if let Err(error) = fs::rename(&beside, path) {
            let _ = fs::remove_file(&beside);
            return Err(told(error));
        }
        Ok(Self { listener, path: path.to_owned(), identity: identity(path) })
    }

    /// Another handle of the same socket.
    pub(super) fn listener(&self) -> io::Result<UnixListener> {
        self.listener.try_clone()
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
