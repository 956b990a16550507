//! Other places than the body's top-level `model` that name a model: the path, the query, and
//! nested fields. Each is the alias, or is checked against the providers' models.
//!
//! It searches only endpoints where the protocol allows such places, so the main endpoints pay
//! nothing.

mod places;

use std::ops::Range;

use self::places::{FURTHER, IN_TOOLS};
use crate::{
    body::{
        Found, Model, Nested as FoundText, Pieces, each_nested, each_nested_in,
        further::may_name_model,
    },
    path::{decoded, query},
    protocol::{
        Endpoint, Family, Operation, Surface,
        family::{NAMES_DEPLOYMENT, Nested},
        in_path,
    },
    refusal::Refusal,
    upstream::{
        inbound::{Mentions, Named},
        off_core,
    },
};

/// The parts of a request that may name a model.
pub(crate) struct Asked<'a> {
    /// Path and query.
    pub(crate) path: &'a str,
    /// The protocol's endpoint at the path.
    pub(crate) endpoint: Option<&'a Endpoint>,
    /// The kind of endpoint at the path.
    pub(crate) surface: &'a Surface,
    /// The body, unless it is a form.
    pub(crate) body: Option<&'a Pieces>,
    /// What was found at its top level.
    pub(crate) found: &'a Found,
}

/// The alias and all places that name a model. `alias` comes from header, path or body; without it,
/// the first place is the alias.
///
/// # Errors
/// The query asks for another method.
pub(crate) fn read(
    alias: Option<Box<str>>,
    asked: &Asked<'_>,
) -> Result<(Option<Box<str>>, Mentions), Refusal> {
    if asked.names_nothing() {
        return Ok((alias, Mentions::default()));
    }
    let mut reader = Reader::new(alias, asked.endpoint);
    let is_main = asked.is_main();
    reader.path(asked.path, is_main)?;
    if !is_main && reader.alias.is_none() && asked.surface.family != Some(Family::Administration) {
        reader.called(asked.path);
    }
    if let Some(deployment) = reader.in_path
        && asked.endpoint.is_some_and(Endpoint::names_deployment)
        && reader.alias.as_deref() != Some(deployment)
    {
        reader.other(deployment);
    }
    if let Some(body) = asked.body {
        reader.bodies(body, asked.surface.nested, asked.found);
        let is_overruled = asked.endpoint.is_some_and(Endpoint::names_deployment);
        let twice = reader.in_path.is_some() && !asked.surface.names_top_level() && !is_overruled;
        if let Some(model) = asked.found.model.as_ref().filter(|_| twice) {
            reader.top_level(model);
        }
    }
    reader.finish()
}

/// Whether the fields of a body are searched on another thread.
pub(crate) fn is_large(asked: &Asked<'_>) -> bool {
    let found = asked.found;
    let is_looked_through =
        !asked.surface.nested.is_empty() || found.has_models || !found.tools.is_empty();
    is_looked_through && asked.body.is_some_and(|body| body.len() > off_core::LARGE as u64)
}

/// The same as [`read`] for a large body.
///
/// # Errors
/// Those of [`read`].
pub(crate) async fn read_off_core(
    alias: Option<Box<str>>,
    asked: &Asked<'_>,
) -> Result<(Option<Box<str>>, Mentions), Refusal> {
    let (endpoint, body) = (asked.endpoint.cloned(), asked.body.cloned());
    let (path, surface, found) = (asked.path.to_owned(), *asked.surface, asked.found.clone());
    off_core::run(move || {
        let (endpoint, body) = (endpoint.as_ref(), body.as_ref());
        read(alias, &Asked { path: &path, endpoint, surface: &surface, body, found: &found })
    })
    .await
}

impl Asked<'_> {
    /// Whether its path is an endpoint of a protocol.
    fn is_main(&self) -> bool {
        self.endpoint.is_some_and(|it| it.operation != Operation::Native && !it.is_odd)
    }

    /// Whether only the body's top level can name a model, as for nearly all requests.
    fn names_nothing(&self) -> bool {
        self.is_main()
            && self.endpoint.is_some_and(|it| it.model.is_none())
            && self.surface.nested.is_empty()
            && !self.found.has_models
            && self.found.tools.is_empty()
            && memchr::memchr(b'?', self.path.as_bytes()).is_none()
    }
}

/// Collects the places, and the alias that they are checked against.
struct Reader<'a> {
    alias: Option<Box<str>>,
    /// The model in the path, which a header may override.
    in_path: Option<&'a str>,
    mentions: Named,
}

impl<'a> Reader<'a> {
    /// `alias` comes from header, path or body; without it, the first place is the alias.
    fn new(alias: Option<Box<str>>, endpoint: Option<&'a Endpoint>) -> Self {
        let in_path = endpoint.and_then(|endpoint| endpoint.model.as_deref());
        Self { alias, in_path, mentions: Named::default() }
    }

    /// The alias and all places.
    ///
    /// # Errors
    /// There are more places than in any real request.
    fn finish(mut self) -> Result<(Option<Box<str>>, Mentions), Refusal> {
        let places = &mut self.mentions.in_body;
        if places.len() > MOST_PLACES {
            return Err(Refusal::Ambiguous("it names models in more than 100 000 places"));
        }
        places.sort_unstable_by_key(|span| span.start);
        places.dedup();
        Ok((self.alias, self.mentions.into()))
    }

    /// Reads path and query. Paths of endpoints name no deployment.
    ///
    /// # Errors
    /// The query asks for another method.
    fn path(&mut self, path_and_query: &str, is_endpoint: bool) -> Result<(), Refusal> {
        let (path, query) = match memchr::memchr(b'?', path_and_query.as_bytes()) {
            Some(at) => (&path_and_query[..at], Some(&path_and_query[at + 1..])),
            None => (path_and_query, None),
        };
        if !is_endpoint {
            self.deployments(path);
        }
        let Some(query) = query else { return Ok(()) };
        let mut at = path.len() + 1;
        for pair in query::pairs(query) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decoded(name);
            if METHODS.contains(&&*key.trim().to_ascii_lowercase()) {
                return Err(Refusal::Ambiguous("its query asks for another method"));
            }
            if may_name_model(key.as_bytes()) {
                let start = at + pair.len() - value.len();
                self.written(&decoded(value), start..start + value.len());
            }
            at += pair.len() + 1;
        }
        Ok(())
    }

    /// Reads the fields of a JSON body that the endpoint's protocol uses for models, and those that
    /// name models on any path.
    fn bodies(&mut self, body: &Pieces, places: Nested, found: &Found) {
        self.body(body, places);
        if found.has_models {
            self.body(body, FURTHER);
        }
        if !found.tools.is_empty() {
            let see = &mut |nested: FoundText<'_>| self.nested(&nested);
            each_nested_in(body, found.tools.clone(), IN_TOOLS, see);
        }
    }

    /// Reads these fields of a JSON body.
    fn body(&mut self, body: &Pieces, places: &[&[&str]]) {
        if !places.is_empty() {
            each_nested(body, places, &mut |nested| self.nested(&nested));
        }
    }

    /// The body's top-level model, if the path names one too.
    fn top_level(&mut self, model: &Model) {
        let Some(text) = model.name.as_deref() else { return };
        let span = model.span.start + 1..model.span.end - 1;
        let escaped = span.end - span.start != text.len() as u64;
        self.nested(&FoundText { span, text: Some(text), escaped });
    }

    /// The segment after `deployments`, in every spelling of both.
    fn deployments(&mut self, path: &str) {
        let mut start = 0;
        let mut is_named = false;
        for segment in path.split('/') {
            let text = decoded(segment);
            if is_named && !segment.is_empty() {
                self.written(&text, start..start + segment.len());
            }
            // Segments that appear only after decoding are read but cannot be replaced.
            if text.contains('/') {
                let mut inner = text.split('/').skip_while(|one| !names_deployment(one)).skip(1);
                inner
                    .next()
                    .filter(|name| !name.is_empty())
                    .into_iter()
                    .for_each(|n| self.other(n));
            }
            let last = text.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
            is_named = names_deployment(last) || (is_named && segment.is_empty());
            start += segment.len() + 1;
        }
    }

    /// Reads the model that a vendor's own path asks for something, which is the alias if nothing else names one.
    fn called(&mut self, path_and_query: &str) {
        let path = path_and_query.split('?').next().unwrap_or_default();
        if let Some(span) = in_path::called(path) {
            self.written(&decoded(path.get(span.clone()).unwrap_or_default()), span);
        }
    }

    fn written(&mut self, text: &str, span: Range<usize>) {
        if self.is_alias(text) {
            self.mentions.in_path.push(span);
        } else {
            self.other(text);
        }
    }

    fn nested(&mut self, nested: &FoundText<'_>) {
        // A text longer than any name is not the name of a model.
        let Some(text) = nested.text else { return self.other("") };
        let bare = bare(text);
        let in_front = (text.len() - bare.len()) as u64;
        if (nested.escaped && in_front > 0) || !self.is_alias(bare) {
            return self.other(bare);
        }
        let span = nested.span.start + in_front..nested.span.end;
        self.mentions.in_body.push(span);
    }

    fn is_alias(&mut self, text: &str) -> bool {
        if self.in_path == Some(text) {
            return true;
        }
        &**self.alias.get_or_insert_with(|| text.into()) == text
    }

    fn other(&mut self, text: &str) {
        let others = &mut self.mentions.others;
        if others.len() < A_FEW && !others.iter().any(|other| **other == *text) {
            others.push(text.into());
        }
    }
}

fn names_deployment(segment: &str) -> bool {
    let word = segment.split(';').next().unwrap_or_default();
    NAMES_DEPLOYMENT.iter().any(|it| it.eq_ignore_ascii_case(word))
}

/// The name without its collection, as Google and AWS write it.
fn bare(text: &str) -> &str {
    let starts = COLLECTIONS.iter().filter_map(|it| text.rfind(it).map(|at| at + it.len()));
    starts.max().map_or(text, |start| text.get(start..).unwrap_or_default())
}

const METHODS: [&str; 3] = ["$httpmethod", "_method", "x-http-method-override"];
const COLLECTIONS: [&str; 4] =
    ["models/", "tunedModels/", "foundation-model/", "inference-profile/"];
/// The largest batch of any vendor, which is Anthropic's.
const MOST_PLACES: usize = 100_000;
/// More names than any pool has providers.
const A_FEW: usize = 8;

#[cfg(test)]
mod tests;
