//! The plugin `ai-proxy-multi`, or `ai-proxy` for one instance, as a target whose providers are the
//! instances.

use serde_json::{Map, Value, json};

use crate::{
    admin::api::{denied::Denied, fields::Fields},
    models::vendors::{self, DEPLOYMENT_KEY, OPENAI, Place},
};

/// The target for the plugins of a route.
pub(super) fn target(
    mut plugins: Fields,
    refused: &mut Vec<String>,
) -> Result<Map<String, Value>, Denied> {
    let several = plugins.object("ai-proxy-multi")?;
    let one = plugins.object("ai-proxy")?;
    let mut target = Map::new();
    match (several, one) {
        (Some(mut several), None) => {
            balancer(&mut several, &mut target, refused)?;
            fallback(&mut several, &mut target)?;
            timeout(&mut several, &mut target)?;
            let instances = several.objects("instances")?;
            let wrong = several.wrong("instances", "a list of at least one instance");
            several.end(refused);
            let providers = instances.into_iter().map(|instance| provider(instance, refused));
            let providers = providers.collect::<Result<Vec<_>, _>>()?;
            if providers.is_empty() {
                return Err(wrong);
            }
            target.insert("providers".into(), providers.into());
        }
        (None, Some(mut one)) => {
            timeout(&mut one, &mut target)?;
            target.insert("providers".into(), vec![provider(one, refused)?].into());
        }
        _ => {
            let message = "a route needs one of the plugins `ai-proxy-multi` and `ai-proxy`";
            return Err(Denied::invalid(message, Some("plugins".to_owned())));
        }
    }
    plugins.end(refused);
    Ok(target)
}

fn balancer(
    fields: &mut Fields,
    target: &mut Map<String, Value>,
    refused: &mut Vec<String>,
) -> Result<(), Denied> {
    let Some(mut balancer) = fields.object("balancer")? else {
        target.insert("strategy".into(), "round_robin".into());
        return Ok(());
    };
    match balancer.text("algorithm")?.as_deref() {
        None | Some("roundrobin") => {
            target.insert("strategy".into(), "round_robin".into());
        }
        Some("chash") => {
            if balancer.text("hash_on")?.as_deref() != Some("header") {
                return Err(balancer.wrong("hash_on", "`header`"));
            }
            target.insert("strategy".into(), "sticky".into());
            target.insert("sticky".into(), json!({"header": balancer.needed("key")?}));
        }
        Some(_) => return Err(balancer.wrong("algorithm", "`roundrobin` or `chash`")),
    }
    balancer.end(refused);
    Ok(())
}

/// Without a strategy there is no fallback.
fn fallback(fields: &mut Fields, target: &mut Map<String, Value>) -> Result<(), Denied> {
    let Some(value) = fields.take(STRATEGY) else { return Ok(()) };
    let named: Option<Vec<&str>> = match &value {
        Value::String(one) => Some(vec![one]),
        Value::Array(several) => several.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let (mut statuses, mut limits) = (Vec::new(), false);
    for name in named.ok_or_else(|| fields.wrong(STRATEGY, "a word or a list of words"))? {
        match name {
            "http_429" => statuses.push(429),
            "http_5xx" => statuses.push(5),
            "rate_limiting" | "instance_health_and_rate_limiting" => limits = true,
            _ => {
                let words = "of `rate_limiting`, `http_429` and `http_5xx`";
                return Err(fields.wrong(STRATEGY, words));
            }
        }
    }
    let mut fallback = json!({"enabled": true, "on_status": statuses});
    if limits {
        fallback["on_rate_limit"] = true.into();
    }
    target.insert("fallback".into(), fallback);
    Ok(())
}

fn timeout(fields: &mut Fields, target: &mut Map<String, Value>) -> Result<(), Denied> {
    if let Some(millis) = fields.count("timeout")? {
        target.insert("timeouts".into(), json!({"response_ms": millis}));
    }
    Ok(())
}

/// One instance as a provider.
fn provider(mut fields: Fields, refused: &mut Vec<String>) -> Result<Value, Denied> {
    let mut members = Map::new();
    let called = fields.needed("provider")?;
    let vendor = vendors::named(&called);
    let vendor = vendor.ok_or_else(|| fields.wrong("provider", "a known vendor"))?;
    let name = fields.text("name")?.unwrap_or(called);
    let model = match fields.object("options")? {
        None => None,
        Some(mut options) => {
            let model = options.text("model")?;
            options.end(refused);
            model
        }
    };
    let endpoint = match fields.object("override")? {
        None => None,
        Some(mut fields) => {
            let endpoint = fields.text("endpoint")?;
            fields.end(refused);
            endpoint
        }
    };
    let url = match (vendor.place, endpoint) {
        (_, Some(endpoint)) => base(&endpoint),
        (Place::At(url, prefix), None) => {
            members.extend(prefix.map(|prefix| ("api_prefix".to_owned(), prefix.into())));
            url.to_owned()
        }
        _ => return Err(fields.wrong("override.endpoint", "the URL of this provider")),
    };
    let mut provider =
        Map::from_iter([("name".to_owned(), name.into()), ("url".to_owned(), url.into())]);
    if vendor.protocol != OPENAI {
        provider.insert("protocol".into(), vendor.protocol.into());
    }
    provider.extend(members);
    if let Some(mut auth) = fields.object("auth")? {
        if let Some(header) = auth.object("header")? {
            credential(header, vendor.protocol, &mut provider)?;
        }
        auth.end(refused);
    }
    provider.extend(model.map(|model| ("onwards_model".to_owned(), model.into())));
    if let Some(weight) = fields.count("weight")? {
        provider.insert("weight".into(), weight.into());
    }
    if let Some(priority) = fields.count("priority")? {
        provider.insert("priority".into(), priority.into());
    }
    fields.end(refused);
    Ok(provider.into())
}

/// The one header with an instance's credential.
fn credential(
    mut header: Fields,
    protocol: &str,
    provider: &mut Map<String, Value>,
) -> Result<(), Denied> {
    let names = header.names();
    let [name] = &names[..] else {
        return Err(Denied::invalid("write one header", Some("auth.header".to_owned())));
    };
    let value = header.needed(name)?;
    let is_usual = name.eq_ignore_ascii_case("authorization");
    let bearer = value.split_at_checked("bearer ".len());
    let bearer = bearer.filter(|(scheme, _)| is_usual && scheme.eq_ignore_ascii_case("bearer "));
    let is_own = protocol != OPENAI && name.to_ascii_lowercase().ends_with(DEPLOYMENT_KEY);
    match bearer {
        Some((_, key)) => {
            provider.insert("onwards_key".into(), key.trim().into());
        }
        None => {
            provider.insert("onwards_key".into(), value.into());
            if !is_own {
                provider.insert("upstream_auth_header_name".into(), name.as_str().into());
                provider.insert("upstream_auth_header_prefix".into(), "".into());
            }
        }
    }
    Ok(())
}

/// The base URL of an endpoint in full.
fn base(endpoint: &str) -> String {
    let (url, query) = match endpoint.split_once('?') {
        Some((url, query)) => (url, format!("?{query}")),
        None => (endpoint, String::new()),
    };
    let url = ENDINGS.iter().find_map(|ending| url.strip_suffix(ending)).unwrap_or(url);
    format!("{url}{query}")
}

const STRATEGY: &str = "fallback_strategy";
/// The paths of each protocol's clients.
const ENDINGS: [&str; 3] = ["/chat/completions", "/messages", "/chat"];
