//! The whole file: read and reloaded.

use serde_json::json;

use super::{answered::Answered, asked::Asked, change, context::Context, denied::Denied};

/// `GET /admin/config`: the file as written, with its secrets masked.
pub(super) async fn read(context: &Context) -> Result<Answered, Denied> {
    let reading = change::read(context).await?;
    Ok(Answered::text(reading.document.masked()).at(&reading.etag))
}

/// `POST /admin/reload`: reloads the file.
pub(super) async fn reload(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&[])?;
    let loads = context.handle.reload().await.ok_or(Denied::Late)?;
    change::audit_of_process(asked, "reload");
    match loads.problems {
        Some(problems) => Err(Denied::NotTaken { problems, is_taken_back: false }),
        None => {
            let hash = context.sources.gateway.snapshot().hash.to_string();
            Ok(Answered::of(&json!({"live": true, "version": loads.version, "sha256": hash})))
        }
    }
}
