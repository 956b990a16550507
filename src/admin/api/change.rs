//! One change of the file: read, edited, checked, replaced, live; and one line of the audit.
//!
//! Changes go one after the other. What another hand writes meanwhile is seen, and the change is made again
//! of that.

use std::{path::Path as FilePath, sync::Arc, thread, time::Duration};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    answered::Answered, asked::Asked, context::Context, credentials, denied::Denied, diff,
};
use crate::{
    config::{
        self, Path, Problem, Problems,
        edit::{Change, Document},
        replace::{Unreplaced, replace},
    },
    reload::checked,
    secret::names::label,
    table::Access,
};

/// A file as it was read.
pub(super) struct Reading {
    bytes: Vec<u8>,
    /// The digest of its bytes.
    pub(super) etag: String,
    pub(super) document: Document,
}

/// What became of a change.
pub(super) struct Changed<T> {
    before: Vec<u8>,
    after: Vec<u8>,
    etag: String,
    warnings: Problems,
    /// What it looks like, where it was only to be shown.
    diff: Option<String>,
    /// Aliases that needed a key before and need none now.
    opened: Vec<String>,
    /// What the edit answers beside the new text.
    pub(super) answer: T,
}

/// Reads the file as it is now.
pub(super) async fn read(context: &Context) -> Result<Reading, Denied> {
    let file = context.file().to_owned();
    aside(move || Reading::of(&file).map_err(Denied::Broken)).await
}

/// Makes a change and waits until it is live. `edit` makes the new text of the document, and is asked again
/// where the file has changed meanwhile; `what` names the change in the audit.
pub(super) async fn change<T: Send + 'static>(
    context: &Context,
    asked: &Arc<Asked>,
    what: &str,
    edit: impl Fn(&Document) -> Result<(String, T), Denied> + Send + 'static,
) -> Result<Changed<T>, Denied> {
    let is_dry = asked.is_dry_run()?;
    let closed = aliases(context, false);
    let (file, whom) = (context.file().to_owned(), Arc::clone(asked));
    let one = Arc::clone(&context.writing).lock_owned().await;
    let changed = aside(move || {
        // Held to the end of the writing, whether or not the client waits for it.
        let _one = one;
        written(&file, &whom, is_dry, &edit)
    });
    let mut changed = changed.await?;
    if changed.diff.is_some() || changed.before == changed.after {
        return Ok(changed);
    }
    audit(asked, what, &changed.before, &changed.after);
    let loads = context.handle.reload().await.ok_or(Denied::Late)?;
    match loads.problems {
        None => {
            let open = aliases(context, true);
            changed.opened = closed.into_iter().filter(|alias| open.contains(alias)).collect();
            Ok(changed)
        }
        Some(problems) => Err(take_back(context, asked, what, changed, problems).await),
    }
}

/// The document after a change, or why there is no place for it.
pub(super) fn edited(
    document: &Document,
    path: &Path,
    change: Change<'_>,
) -> Result<String, Denied> {
    let no_place = |_| Denied::invalid(format!("there is no place for `{path}`"), None);
    document.changed(path, change).map_err(no_place)
}

impl<T> Changed<T> {
    /// Whether it was only shown.
    pub(super) fn is_dry(&self) -> bool {
        self.diff.is_some()
    }

    /// The answer: the new state of the file, and `more`.
    pub(super) fn answered(&self, more: Value) -> Answered {
        let is_changed = self.before != self.after;
        let warnings: Vec<Value> = self.warnings.0.iter().map(Problem::told).collect();
        let mut told = json!({"etag": self.etag, "changed": is_changed, "warnings": warnings});
        match &self.diff {
            Some(diff) => {
                told["dry_run"] = true.into();
                told["diff"] = diff.as_str().into();
            }
            None => told["live"] = true.into(),
        }
        if !self.opened.is_empty() {
            told["opened"] = json!(self.opened);
        }
        if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
            told.extend(more);
        }
        // The file is as it was before a dry run.
        let now = if self.diff.is_some() { etag(&self.before) } else { self.etag.clone() };
        Answered::of(&told).at(&now)
    }
}

impl Reading {
    /// A file that is being written at this moment is waited for.
    fn of(file: &FilePath) -> Result<Self, Problems> {
        let name = file.display().to_string();
        let mut tries = 0..MOST_UNFINISHED;
        loop {
            let read = config::read(file).and_then(|bytes| {
                let document = Document::read(&name, &bytes)?;
                Ok(Self { etag: etag(&bytes), bytes, document })
            });
            match (read, tries.next()) {
                (Err(_), Some(_)) => thread::sleep(UNFINISHED),
                (read, _) => return read,
            }
        }
    }
}

/// Writes the change, however often the file changes meanwhile. Where another hand saves faster than the file can be
/// checked, a change that was right twice is written first and checked then: those that wait behind it would wait for
/// each check.
fn written<T>(
    file: &FilePath,
    asked: &Asked,
    is_dry: bool,
    edit: &impl Fn(&Document) -> Result<(String, T), Denied>,
) -> Result<Changed<T>, Denied> {
    for round in 0..MOST_CHANGED {
        let hurries = round >= MOST_CHECKED && !is_dry;
        let Reading { bytes, etag: now, document } = Reading::of(file).map_err(Denied::Broken)?;
        if !asked.is_meant_for(&now) {
            return Err(Denied::Stale(now));
        }
        let (text, answer) = edit(&document)?;
        let after = text.clone().into_bytes();
        let is_same = after == bytes;
        if !is_same {
            let new = Document::read("", &after).map_err(Denied::Problems)?;
            credentials::check(&document, &new, asked)?;
        }
        let warnings = match is_same || hurries {
            true => Problems(Vec::new()),
            false => checked(file, text.clone()).map_err(Denied::Problems)?,
        };
        let mut changed = Changed {
            etag: etag(&after),
            before: bytes,
            after,
            warnings,
            diff: None,
            opened: Vec::new(),
            answer,
        };
        if is_dry {
            let new = Document::read("", &changed.after).map_err(Denied::Problems)?;
            changed.diff = Some(diff::of(&document.masked(), &new.masked_after(&document)));
            return Ok(changed);
        }
        if is_same {
            return Ok(changed);
        }
        match replace(file, &changed.before, &changed.after) {
            Ok(()) if !hurries => return Ok(changed),
            Ok(()) => return checked_late(file, text, changed),
            Err(Unreplaced::Changed) => thread::sleep(UNFINISHED / 50),
            Err(Unreplaced::Fixed(why)) => return Err(Denied::Fixed(why)),
        }
    }
    Err(Denied::Busy)
}

/// Checks what stands in the file already, and takes it out again where it has problems.
fn checked_late<T>(
    file: &FilePath,
    text: String,
    changed: Changed<T>,
) -> Result<Changed<T>, Denied> {
    let problems = match checked(file, text) {
        Ok(warnings) => return Ok(Changed { warnings, ..changed }),
        Err(problems) => problems,
    };
    match replace(file, &changed.after, &changed.before) {
        Ok(()) => Err(Denied::Problems(problems)),
        Err(_) => Err(Denied::NotTaken { problems: problems.to_string(), is_taken_back: false }),
    }
}

/// The process did not take what was checked: the file becomes what it was, if it is still ours.
async fn take_back<T: Send + 'static>(
    context: &Context,
    asked: &Asked,
    what: &str,
    changed: Changed<T>,
    problems: String,
) -> Denied {
    let file = context.file().to_owned();
    let (before, after) = (changed.before.clone(), changed.after.clone());
    let one = Arc::clone(&context.writing).lock_owned().await;
    let put = aside(move || {
        let _one = one;
        replace(&file, &after, &before).map_err(|_| Denied::Busy)
    });
    let is_taken_back = put.await.is_ok();
    if is_taken_back {
        audit(asked, &format!("taken back: {what}"), &changed.after, &changed.before);
        let _ = context.handle.reload().await;
    }
    Denied::NotTaken { problems, is_taken_back }
}

/// The aliases that serve who has no key, or those that do not.
fn aliases(context: &Context, are_open: bool) -> Vec<String> {
    let table = context.sources.gateway.snapshot();
    let pools = table.pools().iter();
    let pools = pools.filter(|pool| matches!(pool.access, Access::Open) == are_open);
    pools.map(|pool| label(pool.shown()).into_owned()).collect()
}

/// One line for what changes no file: who, and what.
pub(super) fn audit_of_process(asked: &Asked, what: &str) {
    tracing::info!(target: "onwards::audit", from = asked.from, what, "audit");
}

/// One line for each change of the file: who, what, and its digest before and after.
fn audit(asked: &Asked, what: &str, before: &[u8], after: &[u8]) {
    let (before, after) = (etag(before), etag(after));
    tracing::info!(target: "onwards::audit", from = asked.from, what, before, after, "audit");
}

/// The digest of a file's bytes.
fn etag(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Work that waits for disks is done beside the port's own thread.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Denied> + Send + 'static,
) -> Result<T, Denied> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Denied::Busy))
}

/// How often a file that cannot be read is looked at again, and how long apart.
const MOST_UNFINISHED: u32 = 20;
const UNFINISHED: Duration = Duration::from_millis(50);
/// How often a change is made again since the file has changed.
const MOST_CHANGED: u32 = 100;
/// How often a change is checked before it is written, where the file has changed each time meanwhile.
const MOST_CHECKED: u32 = 2;
