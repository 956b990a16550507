//! One change of the file: read, edited, checked, replaced, live, and logged in the audit.
//!
//! Changes run one after the other. If the file changes meanwhile, the change is applied again to
//! the new content.

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

/// The file as it was read.
pub(super) struct Reading {
    bytes: Vec<u8>,
    /// The digest of its bytes.
    pub(super) etag: String,
    pub(super) document: Document,
}

/// The result of a change.
pub(super) struct Changed<T> {
    before: Vec<u8>,
    after: Vec<u8>,
    etag: String,
    warnings: Problems,
    /// The diff of a dry run.
    diff: Option<String>,
    /// Aliases that needed a key before and do not need one now.
    opened: Vec<String>,
    /// What the edit returns besides the new text.
    pub(super) answer: T,
}

/// Reads the file as it is now.
pub(super) async fn read(context: &Context) -> Result<Reading, Denied> {
    let file = context.file().to_owned();
    aside(move || Reading::of(&file).map_err(Denied::Broken)).await
}

/// Makes a change and waits until it is live. `edit` creates the new text and is called again if
/// the file has changed; `what` names the change in the audit log.
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
        // Held to the end of the write, even if the client leaves.
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

/// The document after a change, or why the place cannot exist.
pub(super) fn edited(
    document: &Document,
    path: &Path,
    change: Change<'_>,
) -> Result<String, Denied> {
    let no_place = |_| Denied::invalid(format!("`{path}` cannot exist"), None);
    document.changed(path, change).map_err(no_place)
}

impl<T> Changed<T> {
    /// Whether it was a dry run.
    pub(super) fn is_dry(&self) -> bool {
        self.diff.is_some()
    }

    /// The response: the new ETag, and `more`.
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
        // Before a dry run the file is unchanged.
        let now = if self.diff.is_some() { etag(&self.before) } else { self.etag.clone() };
        Answered::of(&told).at(&now)
    }
}

impl Reading {
    /// Waits for a file that is just being written.
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

/// Writes the change, however often the file changes meanwhile. If it changes faster than it can be
/// checked, a change that was valid twice is written first and checked afterwards, since others wait
/// for each check.
fn written<T>(
    file: &FilePath,
    asked: &Asked,
    is_dry: bool,
    edit: &impl Fn(&Document) -> Result<(String, T), Denied>,
) -> Result<Changed<T>, Denied> {
    for round in 0..MOST_CHANGED {
        let hurries = round >= MOST_CHECKED && !is_dry;
        let Reading { bytes, etag: now, document } = Reading::of(file).map_err(Denied::Broken)?;
        asked.meant_for(&now)?;
        let (text, answer) = edit(&document)?;
        if asked.names_what_exists() {
            asked.meant_for_existing(true)?;
        }
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

/// Checks what is already in the file, and reverts it if it has problems.
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

/// The process did not load the checked file: it is reverted, if it is still ours.
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

/// The aliases that need no key, or those that do.
fn aliases(context: &Context, are_open: bool) -> Vec<String> {
    let table = context.sources.gateway.snapshot();
    let pools = table.pools().iter();
    let pools = pools.filter(|pool| matches!(pool.access, Access::Open) == are_open);
    pools.map(|pool| label(pool.shown()).into_owned()).collect()
}

/// Logs a change that affects only the process.
pub(super) fn audit_of_process(asked: &Asked, what: &str) {
    tracing::info!(target: "onwards::audit", from = asked.from, what, "audit");
}

/// Logs a change of the file, with its digest before and after.
fn audit(asked: &Asked, what: &str, before: &[u8], after: &[u8]) {
    let (before, after) = (etag(before), etag(after));
    tracing::info!(target: "onwards::audit", from = asked.from, what, before, after, "audit");
}

/// The digest of a file's bytes.
fn etag(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Runs disk work outside the port's thread.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Denied> + Send + 'static,
) -> Result<T, Denied> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Denied::Busy))
}

/// How often an unreadable file is read again, and the interval.
const MOST_UNFINISHED: u32 = 20;
const UNFINISHED: Duration = Duration::from_millis(50);
/// How often a change is applied again after the file has changed.
const MOST_CHANGED: u32 = 100;
/// How often a change is checked before it is written anyway.
const MOST_CHECKED: u32 = 2;
