//! Replaces a file atomically, and only if it still has the expected content.
//!
//! The new file and the old one are exchanged. The old one is then compared once more, so that a
//! concurrent edit is noticed and put back.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Component, Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

/// Why the file was not replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreplaced {
    /// Its content is not the expected one.
    Changed,
    /// It cannot be written; holds the reason.
    Fixed(String),
}

/// Replaces the content `expected` by `new`; permissions and owner stay.
///
/// # Errors
/// The file has another content by now, or cannot be written.
pub(crate) fn replace(path: &Path, expected: &[u8], new: &[u8]) -> Result<(), Unreplaced> {
    let file = writable(path).map_err(Unreplaced::Fixed)?;
    let fixed = |error: io::Error| Unreplaced::Fixed(why(&error));
    let beside = Beside::of(&file, new).map_err(fixed)?;
    if fs::read(&file).map_err(fixed)? != expected {
        return Err(Unreplaced::Changed);
    }
    match exchange(&beside.path, &file) {
        Ok(()) => {}
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::rename(&beside.path, &file).map_err(fixed)?;
            return durable(&file).map_err(fixed);
        }
        Err(error) => return Err(fixed(error.into())),
    }
    if fs::read(&beside.path).map_err(fixed)? == expected {
        return durable(&file).map_err(fixed);
    }
    put_back(&beside.path, &file, new);
    Err(Unreplaced::Changed)
}

/// Removes temporary files that killed processes left beside a file: those with a name from this
/// module whose process does not run.
pub(crate) fn sweep(path: &Path) {
    let Ok(file) = path.canonicalize() else { return };
    let Ok(entries) = fs::read_dir(folder(&file)) else { return };
    let before =
        [".".as_bytes(), file.file_name().unwrap_or_default().as_encoded_bytes(), b"."].concat();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let number = name.as_encoded_bytes().strip_prefix(&*before);
        let number = number.and_then(|rest| rest.strip_suffix(b".new"));
        let number =
            number.and_then(|number| std::str::from_utf8(number).ok()?.parse::<u32>().ok());
        let Some(number) = number else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        // A process of another container is not visible here, so only old files are removed.
        let age = metadata.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        let is_alive =
            number != std::process::id() && Path::new(&format!("/proc/{number}")).exists();
        if metadata.is_file() && !is_alive && age > LONGEST_WRITE {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The file itself, if it can be written.
///
/// # Errors
/// Why it cannot.
pub(crate) fn writable(path: &Path) -> Result<PathBuf, String> {
    let file = path.canonicalize().map_err(|error| why(&error))?;
    let in_volume = |part: Component<'_>| match part {
        Component::Normal(name) => name.as_encoded_bytes().starts_with(b".."),
        _ => false,
    };
    if file.components().any(in_volume) {
        return Err("it lies in a ConfigMap or a Secret of Kubernetes: change that instead".into());
    }
    let metadata = file.metadata().map_err(|error| why(&error))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    if metadata.mode() & WRITE == 0 {
        return Err("it is read-only".into());
    }
    let folder = folder(&file).metadata().map_err(|error| why(&error))?;
    if folder.mode() & WRITE == 0 {
        return Err("its folder is read-only".into());
    }
    Ok(file)
}

/// A temporary file beside another one, removed on drop.
struct Beside {
    path: PathBuf,
}

impl Beside {
    fn of(file: &Path, content: &[u8]) -> io::Result<Self> {
        let mut name = OsString::from(".");
        name.push(file.file_name().unwrap_or_default());
        name.push(format!(".{}.new", std::process::id()));
        let path = folder(file).join(name);
        // A leftover of an earlier process with the same number.
        let _ = fs::remove_file(&path);
        let old = file.metadata()?;
        let mut new = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(&path)?;
        let beside = Self { path };
        // If this is not permitted, the file belongs to this process.
        let _ = std::os::unix::fs::fchown(&new, Some(old.uid()), Some(old.gid()));
        new.set_permissions(fs::Permissions::from_mode(old.mode() & RIGHTS))?;
        new.write_all(content)?;
        new.sync_all()?;
        Ok(beside)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn exchange(one: &Path, other: &Path) -> Result<(), Errno> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)
}

/// The exchange took out a concurrent edit: it is put back. If that takes out a newer edit, that
/// one is put back too.
fn put_back(beside: &Path, file: &Path, ours: &[u8]) {
    let mut expected = ours.to_owned();
    for _ in 0..MOST_PUT_BACK {
        let Ok(theirs) = fs::read(beside) else { return };
        if exchange(beside, file).is_err() || fs::read(beside).is_ok_and(|out| out == expected) {
            return;
        }
        expected = theirs;
    }
}

/// Makes the rename durable against a loss of power.
fn durable(file: &Path) -> io::Result<()> {
    File::open(folder(file))?.sync_all()
}

fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "it lies in a file system that is read-only".into(),
        io::ErrorKind::PermissionDenied => {
            "this process may not write in its folder: permission denied".into()
        }
        io::ErrorKind::ResourceBusy => {
            "it is a mount of its own, whose file cannot be replaced: mount its folder instead"
                .into()
        }
        _ => error.to_string(),
    }
}

/// The write permission bits.
const WRITE: u32 = 0o222;
const RIGHTS: u32 = 0o7777;
/// The permissions until those of the old file are set.
const PRIVATE: u32 = 0o600;
const MOST_PUT_BACK: u32 = 8;
/// Longer than a write takes.
const LONGEST_WRITE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_rights_and_nothing_is_left_beside_it() {
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("targets.json");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let link = here.path().join("link");
        symlink("targets.json", &link).unwrap();
        assert_eq!(replace(&file, b"other", b"new"), Err(Unreplaced::Changed));
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(replace(&link, b"old", b"new"), Ok(()));
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(file.metadata().unwrap().mode() & RIGHTS, 0o640);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_a_killed_process_has_left_is_swept_and_nothing_else() {
        let here = tempfile::tempdir().unwrap();
        let old = std::time::SystemTime::now() - Duration::from_secs(60);
        let put = |name: &str, is_old: bool| {
            let made = File::create(here.path().join(name)).unwrap();
            if is_old {
                made.set_modified(old).unwrap();
            }
        };
        let own = format!(".targets.json.{}.new", std::process::id());
        let parent = format!(".targets.json.{}.new", std::os::unix::process::parent_id());
        for name in [
            "targets.json",
            ".targets.json.4194999.new",
            &own,
            &parent,
            ".targets.json.x.new",
            ".targets.json.1.news",
            ".other.json.4194999.new",
            "targets.json.4194999.new",
        ] {
            put(name, true);
        }
        put(".targets.json.4194998.new", false);
        fs::create_dir(here.path().join(".targets.json.4194997.new")).unwrap();
        sweep(&here.path().join("targets.json"));
        let left = |name: &str| here.path().join(name).exists();
        assert!(!left(".targets.json.4194999.new") && !left(&own));
        for name in [
            &parent,
            ".targets.json.4194998.new",
            ".targets.json.4194997.new",
            ".targets.json.x.new",
            ".other.json.4194999.new",
            "targets.json.4194999.new",
        ] {
            assert!(left(name), "{name}");
        }
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 8);
    }

    #[test]
    fn what_must_not_be_written_says_why() {
        let here = tempfile::tempdir().unwrap();
        let data = here.path().join("..2026_1");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("targets.json"), "old").unwrap();
        symlink("..2026_1", here.path().join("..data")).unwrap();
        let file = here.path().join("targets.json");
        symlink("..data/targets.json", &file).unwrap();
        let told = |path: &Path| match replace(path, b"old", b"new") {
            Err(Unreplaced::Fixed(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(told(&file).contains("ConfigMap"));
        let plain = here.path().join("plain.json");
        fs::write(&plain, "old").unwrap();
        fs::set_permissions(&plain, fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(told(&plain), "it is read-only");
        let folder = here.path().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("f"), "old").unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        assert_eq!(told(&folder.join("f")), "its folder is read-only");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn an_edit_by_another_hand_is_put_back() {
        let here = tempfile::tempdir().unwrap();
        let [file, beside] = ["file", "beside"].map(|name| here.path().join(name));
        fs::write(&file, "ours").unwrap();
        fs::write(&beside, "theirs").unwrap();
        put_back(&beside, &file, b"ours");
        assert_eq!(fs::read(&file).unwrap(), b"theirs");
        // Theirs came out, and a newer one had taken our place meanwhile.
        fs::write(&file, "newer").unwrap();
        fs::write(&beside, "theirs").unwrap();
        put_back(&beside, &file, b"ours");
        assert_eq!(fs::read(&file).unwrap(), b"newer");
    }
}
