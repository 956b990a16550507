//! Routes of Apache APISIX and API7 with the plugin `ai-proxy-multi` or `ai-proxy`: each is a
//! target with paths.
//!
//! A field without a counterpart is refused by name; one without effect here is listed in the
//! response.

mod instances;

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    answered::Answered,
    asked::Asked,
    change::{change, edited},
    context::Context,
    denied::Denied,
    fields::{Fields, refuse},
    targets,
};
use crate::config::{
    Path,
    edit::{Change, Document},
};

/// The parts of a route.
struct Route {
    id: String,
    target: Map<String, Value>,
    paths: Vec<String>,
    /// Fields without effect here, since there is one gateway group and no separate upstream.
    idle: Vec<String>,
}

/// `PUT /apisix/admin/routes` and `/apisix/admin/routes/{id}`.
pub(super) async fn put(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["gateway_group_id", "dry_run"])?;
    let Route { id, target, paths, mut idle } = read(asked)?;
    idle.extend(asked.parameter("gateway_group_id").map(|_| "gateway_group_id".to_owned()));
    let what = format!("PUT apisix route {}", targets::of(&id));
    let (alias, own, whose) = (id.clone(), paths.clone(), Arc::clone(asked));
    let changed = change(context, asked, &what, move |document| {
        let is_new = document.value(&targets::of(&alias)).is_none();
        if is_new {
            targets::nameable(&alias)?;
        }
        whose.meant_for_existing(!is_new)?;
        let set = Value::Object(target.clone());
        let text = edited(document, &targets::of(&alias), Change::Set(&set))?;
        let (text, taken) = freed(text, &alias, &own)?;
        Ok((text, (is_new, taken)))
    });
    let changed = changed.await?;
    let (is_new, taken) = &changed.answer;
    let is_made = *is_new && !changed.is_dry();
    let told = json!({
        "key": format!("/apisix/routes/{id}"), "value": {"id": id, "uris": paths, "target": id},
        "without_effect": idle, "taken_from": taken,
    });
    let status = if is_made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(changed.answered(told).with(status))
}

/// `DELETE /apisix/admin/routes/{id}`.
pub(super) async fn delete(context: &Context, asked: &Arc<Asked>) -> Result<Answered, Denied> {
    asked.only(&["gateway_group_id", "dry_run"])?;
    let id = asked.name(0).to_owned();
    let what = format!("DELETE apisix route {}", targets::of(&id));
    let told = json!({"key": format!("/apisix/routes/{id}"), "deleted": "1"});
    let changed = change(context, asked, &what, move |document| {
        document.value(&targets::of(&id)).ok_or_else(|| targets::absent(&id))?;
        edited(document, &targets::of(&id), Change::Remove).map(|text| (text, ()))
    });
    Ok(changed.await?.answered(told))
}

fn read(asked: &Asked) -> Result<Route, Denied> {
    let mut fields = Fields::of(asked)?;
    let mut refused = Vec::new();
    let in_body = fields.text("id")?;
    let id = match (asked.name(0), in_body) {
        ("", Some(id)) if !id.is_empty() => id,
        ("", _) => return Err(Denied::invalid("a route needs an id", Some("id".into()))),
        (id, Some(other)) if id != other => {
            return Err(Denied::invalid("path and body have different ids", Some("id".into())));
        }
        (id, _) => id.to_owned(),
    };
    let mut paths = fields.texts("paths")?.unwrap_or_default();
    paths.extend(fields.texts("uris")?.unwrap_or_default());
    paths.extend(fields.text("uri")?);
    let mut idle = Vec::new();
    for name in ["service_id", "name", "desc"] {
        idle.extend(fields.text(name)?.map(|_| name.to_owned()));
    }
    if fields.count("status")?.is_some_and(|status| status != 1) {
        return Err(fields.wrong("status", "1: delete the route instead"));
    }
    let methods = fields.texts("methods")?.unwrap_or_default();
    if !methods.is_empty() && methods != ["POST"] {
        return Err(fields.wrong("methods", "`[\"POST\"]`"));
    }
    let plugins = fields.object("plugins")?;
    let plugins = plugins.ok_or_else(|| needed("plugins.ai-proxy-multi"))?;
    let mut target = instances::target(plugins, &mut refused)?;
    fields.end(&mut refused);
    refuse(refused)?;
    if !paths.is_empty() {
        let rest = std::mem::take(&mut target);
        target.insert("paths".into(), json!(paths));
        target.extend(rest);
    }
    Ok(Route { id, target, paths, idle })
}

/// Takes paths away from other targets, since the newest route owns them. Returns from which.
fn freed(
    mut text: String,
    alias: &str,
    paths: &[String],
) -> Result<(String, Map<String, Value>), Denied> {
    let mut taken = Map::new();
    let document = Document::read("", text.as_bytes()).map_err(Denied::Problems)?;
    for other in document.keys(&Path::root().key("targets")) {
        let place = targets::of(&other).key("paths");
        let Some(Value::Array(theirs)) = document.value(&place) else { continue };
        let path_of =
            |path: &Value| path.as_str().or_else(|| path["path"].as_str()).map(str::to_owned);
        let is_taken = |path: &Value| path_of(path).is_some_and(|path| paths.contains(&path));
        if other == alias || !theirs.iter().any(is_taken) {
            continue;
        }
        let gone = theirs.iter().filter(|path| is_taken(path)).filter_map(path_of);
        taken.extend(gone.map(|path| (path, other.as_str().into())));
        let left: Vec<Value> = theirs.iter().filter(|path| !is_taken(path)).cloned().collect();
        let left = Value::from(left);
        let change = match left.as_array().is_some_and(Vec::is_empty) {
            true => Change::Remove,
            false => Change::Set(&left),
        };
        let document = Document::read("", text.as_bytes()).map_err(Denied::Problems)?;
        text = edited(&document, &place, change)?;
    }
    Ok((text, taken))
}

fn needed(field: &str) -> Denied {
    Denied::invalid("this field is required", Some(field.to_owned()))
}
