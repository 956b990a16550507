//! `/model/new`, `/model/update`, `/model/delete`, `/model/info`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{params, pool, wildcard};
use crate::{
    admin::api::{
        answered::Answered,
        asked::Asked,
        change::{self, change},
        context::Context,
        denied::Denied,
        fields::{Fields, refuse},
        single, targets,
    },
    config::mask::MASK,
    models::vendors::{self, OPENAI},
    secret::names::label,
};

/// `POST /model/new`: adds a provider to the target `model_name`.
pub(in crate::admin::api) async fn new(
    context: &Context,
    asked: &Arc<Asked>,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let mut fields = Fields::of(asked)?;
    let mut refused = Vec::new();
    let alias = fields.needed("model_name")?;
    let (own_id, family) = info(&mut fields, &mut refused)?;
    let params = fields.object("litellm_params")?;
    let params = params.ok_or_else(|| needed("litellm_params"))?;
    let read = params::read(params, &alias, None, &mut refused)?;
    fields.end(&mut refused);
    refuse(refused)?;
    let vendor = read.vendor.ok_or_else(|| needed("litellm_params.model"))?;
    let what = format!("model/new {}", targets::of(&alias));
    let name = alias.clone();
    let changed = change(context, asked, &what, move |document| {
        let id = match &own_id {
            Some(id) if pool::all(document).iter().any(|found| found.id == *id) => {
                let message = "a provider of this name exists already";
                return Err(Denied::invalid(message, Some("model_info.id".to_owned())));
            }
            Some(id) => id.clone(),
            None => pool::free_name(document, vendor),
        };
        let mut provider = Map::from_iter([("name".to_owned(), id.as_str().into())]);
        provider.extend(read.members.clone());
        provider.extend(family.clone().map(|family| ("model_family".to_owned(), family.into())));
        Ok((pool::added(document, &alias, provider)?, id))
    });
    let changed = changed.await?;
    let id = &changed.answer;
    let told = json!({"model_id": id, "model_name": name, "model_info": {"id": id}});
    Ok(changed.answered(told))
}

/// `POST /model/update`: sets the given fields of the provider `model_info.id`.
pub(in crate::admin::api) async fn update(
    context: &Context,
    asked: &Arc<Asked>,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let body = asked.json()?;
    let id = body["model_info"]["id"].as_str().or_else(|| body["id"].as_str());
    let id = id.ok_or_else(|| needed("model_info.id"))?.to_owned();
    let what = format!("model/update `{}`", label(&id));
    let (whom, told) = (Arc::clone(asked), id.clone());
    let changed = change(context, asked, &what, move |document| {
        let found = pool::find(document, &id)?;
        let mut fields = Fields::of(&whom)?;
        let mut refused = Vec::new();
        fields.take("id");
        let (_, family) = info(&mut fields, &mut refused)?;
        if fields.text("model_name")?.is_some_and(|alias| alias != found.alias) {
            let message = "a provider cannot move to another target: delete it and create it again";
            return Err(Denied::invalid(message, Some("model_name".to_owned())));
        }
        let speaks = found.members.get("protocol").and_then(Value::as_str).unwrap_or(OPENAI);
        let mut patch = match fields.object("litellm_params")? {
            Some(params) => params::read(params, &found.alias, Some(speaks), &mut refused)?.members,
            None => Map::new(),
        };
        fields.end(&mut refused);
        refuse(refused)?;
        patch.extend(family.map(|family| ("model_family".to_owned(), family.into())));
        let text = single::patched(document, &found.path, &patch.into())?;
        Ok((text, found.alias))
    });
    let changed = changed.await?;
    let told = json!({"model_id": told, "model_name": changed.answer, "model_info": {"id": told}});
    Ok(changed.answered(told))
}

/// `POST /model/delete`: deletes the provider with this `id`, and its target with the last one.
pub(in crate::admin::api) async fn delete(
    context: &Context,
    asked: &Arc<Asked>,
) -> Result<Answered, Denied> {
    asked.only(&["dry_run"])?;
    let mut fields = Fields::of(asked)?;
    let id = fields.needed("id")?;
    let mut refused = Vec::new();
    fields.end(&mut refused);
    refuse(refused)?;
    let what = format!("model/delete `{}`", label(&id));
    let told = json!({"message": format!("the model `{}` is deleted", label(&id))});
    let changed = change(context, asked, &what, move |document| {
        let found = pool::find(document, &id)?;
        Ok((pool::removed(document, &found)?, ()))
    });
    Ok(changed.await?.answered(told))
}

/// `GET /model/info`: every provider of the file.
pub(in crate::admin::api) async fn read(
    context: &Context,
    asked: &Asked,
) -> Result<Answered, Denied> {
    asked.only(&["litellm_model_id", "model_id", "model_name"])?;
    let reading = change::read(context).await?;
    let wanted = asked.parameter("litellm_model_id").or_else(|| asked.parameter("model_id"));
    let alias = asked.parameter("model_name");
    let told: Vec<Value> = pool::all(&reading.document)
        .into_iter()
        .filter(|found| wanted.is_none_or(|id| id == found.id))
        .filter(|found| alias.is_none_or(|alias| alias == found.alias))
        .map(|found| {
            let masked = reading.document.masked_value(&found.path).unwrap_or_default();
            told(&found, &masked)
        })
        .collect();
    if told.is_empty() && wanted.is_some() {
        return Err(Denied::Absent("there is no model with this id".to_owned()));
    }
    Ok(Answered::of(&json!({"data": told})).at(&reading.etag))
}

fn told(found: &pool::Found, masked: &Value) -> Value {
    let text = |key: &str| masked.get(key).and_then(Value::as_str);
    let url = text("url").unwrap_or_default();
    let protocol = text("protocol").unwrap_or(OPENAI);
    let vendor = vendors::at(url).and_then(|vendor| vendor.names.first().copied());
    let vendor = vendor.unwrap_or(protocol);
    let model = wildcard::told(&found.alias, text("onwards_model").unwrap_or("${model}"));
    let mut params = json!({"model": format!("{vendor}/{model}"), "api_base": url});
    for (member, field) in [("onwards_key", "api_key"), ("weight", "weight"), ("priority", "order")]
    {
        if let Some(value) = masked.get(member) {
            params[field] = if value.is_array() { MASK.into() } else { value.clone() };
        }
    }
    if let Some(region) = masked["aws"]["region"].as_str() {
        params["aws_region_name"] = region.into();
    }
    let alias = label(&found.alias);
    json!({"model_name": alias, "litellm_params": params, "model_info": {"id": label(&found.id)}})
}

/// `model_info`: the id and the model.
fn info(
    fields: &mut Fields,
    refused: &mut Vec<String>,
) -> Result<(Option<String>, Option<String>), Denied> {
    let Some(mut info) = fields.object("model_info")? else {
        return Ok((None, None));
    };
    let (id, family) = (info.text("id")?, info.text("base_model")?);
    // The kind of model follows from the path that clients use.
    info.take("mode");
    info.end(refused);
    Ok((id, family))
}

fn needed(field: &str) -> Denied {
    Denied::invalid("this field is required", Some(field.to_owned()))
}
