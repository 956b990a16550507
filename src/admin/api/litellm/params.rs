//! `litellm_params` as the keys of a provider.

use serde_json::{Map, Value, json};

use super::wildcard;
use crate::{
    admin::api::{denied::Denied, fields::Fields},
    models::vendors::{self, DEPLOYMENT_KEY, OPENAI, Place, Vendor},
};

/// The keys of a provider, and the base of a generated name.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) members: Map<String, Value>,
    pub(super) vendor: Option<&'static str>,
}

/// Reads `litellm_params` of a provider of `alias`; `known` is the provider's existing protocol, if
/// it is changed.
pub(super) fn read(
    mut fields: Fields,
    alias: &str,
    known: Option<&str>,
    refused: &mut Vec<String>,
) -> Result<Read, Denied> {
    let mut members = Map::new();
    let vendor = place(&mut fields, known, &mut members)?;
    if let Some(Value::String(model)) = members.get_mut("onwards_model") {
        match wildcard::sent(alias, model) {
            Some(sent) => *model = sent,
            None => refused.push("litellm_params.model".to_owned()),
        }
    }
    if let Some(key) = fields.text("api_key")? {
        members.insert("onwards_key".into(), reference(key).into());
    }
    if let Some(count) = fields.count("weight")? {
        members.insert("weight".into(), count.into());
    }
    if let Some(order) = fields.count("order")? {
        members.insert("priority".into(), order.into());
    }
    if let Some(limit) = per_minute(&mut fields, "rpm")? {
        members.insert("rate_limit".into(), limit);
    }
    if let Some(tokens) = fields.count("tpm")? {
        members.insert("token_limit".into(), json!({"per_minute": tokens}));
    }
    if let Some(most) = fields.count("max_parallel_requests")? {
        members.insert("concurrency_limit".into(), json!({"max_concurrent_requests": most}));
    }
    timeouts(&mut fields, &mut members)?;
    price(&mut fields, &mut members)?;
    if let Some(headers) = fields.take("extra_headers") {
        members.insert("request_headers".into(), headers);
    }
    fields.end(refused);
    Ok(Read { members, vendor })
}

/// The provider's address, protocol and model.
fn place(
    fields: &mut Fields,
    known: Option<&str>,
    members: &mut Map<String, Value>,
) -> Result<Option<&'static str>, Denied> {
    let wrong =
        |why: &str, field: &str| Denied::invalid(why, Some(format!("litellm_params.{field}")));
    let base = match fields.text("api_base")? {
        Some(base) => Some(base),
        None => fields.text("base_url")?,
    };
    let base = base.map(reference);
    let version = fields.text("api_version")?;
    let custom = fields.text("custom_llm_provider")?;
    let aws = aws(fields)?;
    let region = aws.get("region").and_then(Value::as_str).map(str::to_owned);
    let Some(model) = fields.text("model")? else {
        if let Some(base) = base {
            members.insert("url".into(), base.into());
        }
        if !aws.is_empty() {
            members.insert("aws".into(), aws.into());
        }
        return match (version, custom) {
            (None, None) => Ok(None),
            _ => Err(wrong("this has no effect without `model`", "api_version")),
        };
    };
    let (vendor, name) = vendor(&model, custom.as_deref(), base.is_some()).ok_or_else(|| {
        wrong("the vendor before the `/` is unknown; set its URL as `api_base`", "model")
    })?;
    let is_new = known.is_none_or(|known| known != vendor.protocol) || base.is_some();
    let url = match (vendor.place, base) {
        (Place::Deployments, Some(base)) => vendors::deployment(&base, &name, version.as_deref()),
        (Place::Deployments | Place::Told, None) if is_new => {
            return Err(wrong("this vendor needs `api_base`", "api_base"));
        }
        (_, Some(base)) => base,
        (Place::At(url, _), None) => url.to_owned(),
        (Place::Region, None) => match &region {
            Some(region) => vendors::region(region),
            None if !is_new => String::new(),
            None => return Err(wrong("the region is required", "aws_region_name")),
        },
        (Place::Deployments | Place::Told, None) => String::new(),
    };
    if is_new {
        members.insert("url".into(), url.into());
        if vendor.protocol != OPENAI || known.is_some() {
            members.insert("protocol".into(), vendor.protocol.into());
        }
        if let Place::At(_, Some(prefix)) = vendor.place {
            members.insert("api_prefix".into(), prefix.into());
        }
    }
    if vendor.place == Place::Deployments {
        members.insert("upstream_auth_header_name".into(), DEPLOYMENT_KEY.into());
        members.insert("upstream_auth_header_prefix".into(), "".into());
    }
    members.insert("onwards_model".into(), name.into());
    if !aws.is_empty() {
        members.insert("aws".into(), aws.into());
    }
    Ok(vendor.names.first().copied())
}

/// The vendor of a model, and the vendor's name for it.
fn vendor(model: &str, custom: Option<&str>, has_base: bool) -> Option<(&'static Vendor, String)> {
    let (vendor, name) = match (custom, model.split_once('/')) {
        (Some(custom), _) => {
            let name = model.strip_prefix(custom).and_then(|rest| rest.strip_prefix('/'));
            (vendors::named(custom)?, name.unwrap_or(model))
        }
        (None, Some((vendor, name))) if vendors::named(vendor).is_some() => {
            (vendors::named(vendor)?, name)
        }
        // A server of one's own, whose model names may contain slashes.
        (None, _) if has_base => (vendors::named("openai")?, model),
        (None, Some(_)) => return None,
        (None, None) => (vendors::of_model(model)?, model),
    };
    let name = match vendor.place {
        Place::Region => {
            ["converse/", "invoke/"].iter().find_map(|way| name.strip_prefix(way)).unwrap_or(name)
        }
        _ => name,
    };
    (!name.is_empty()).then(|| (vendor, name.to_owned()))
}

fn aws(fields: &mut Fields) -> Result<Map<String, Value>, Denied> {
    let mut aws = Map::new();
    for (field, member) in [
        ("aws_region_name", "region"),
        ("aws_access_key_id", "access_key_id"),
        ("aws_secret_access_key", "secret_access_key"),
        ("aws_session_token", "session_token"),
    ] {
        if let Some(text) = fields.text(field)? {
            aws.insert(member.into(), reference(text).into());
        }
    }
    Ok(aws)
}

fn timeouts(fields: &mut Fields, members: &mut Map<String, Value>) -> Result<(), Denied> {
    let mut timeouts = Map::new();
    for (field, member) in [("timeout", "response_ms"), ("stream_timeout", "first_event_ms")] {
        if let Some(seconds) = fields.number(field)? {
            timeouts.insert(member.into(), ((seconds * 1e3).round() as u64).into());
        }
    }
    if !timeouts.is_empty() {
        members.insert("timeouts".into(), timeouts.into());
    }
    Ok(())
}

/// LiteLLM's prices are for one token; the file's are for a million.
fn price(fields: &mut Fields, members: &mut Map<String, Value>) -> Result<(), Denied> {
    let mut price = Map::new();
    for (field, member) in [("input_cost_per_token", "input"), ("output_cost_per_token", "output")]
    {
        if let Some(cost) = fields.number(field)? {
            // Prices are kept with twelve decimals.
            price.insert(member.into(), ((cost * 1e12).round() / 1e6).into());
        }
    }
    if !price.is_empty() {
        members.insert("price".into(), price.into());
    }
    Ok(())
}

/// A limit on requests per minute.
pub(super) fn per_minute(fields: &mut Fields, name: &str) -> Result<Option<Value>, Denied> {
    let limit =
        |count: u64| json!({"requests_per_second": count as f64 / 60.0, "burst_size": count});
    match fields.count(name)? {
        Some(0) => Err(fields.wrong(name, "a number above 0")),
        count => Ok(count.map(limit)),
    }
}

/// `os.environ/NAME` is a reference.
fn reference(text: String) -> String {
    match text.strip_prefix("os.environ/") {
        Some(name) => format!("${{env:{name}}}"),
        None => text,
    }
}
