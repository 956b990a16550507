//! The client's path: refused if it could lead out of a provider's base path, otherwise appended to
//! it byte for byte. It is not parsed as a URL and not normalized.

mod decode;
pub(crate) mod query;

use std::{borrow::Cow, ops::Deref, str::FromStr};

use http::uri::{InvalidUri, PathAndQuery};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

pub(crate) use self::decode::decoded;
use self::decode::decoded_bytes;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not begin with a slash.
    #[error("the path does not begin with `/`")]
    NotAPath,
    /// It begins like a URL with an authority or a scheme of its own.
    #[error("the path names a host or a scheme")]
    Origin,
    /// A segment is `.` or `..`, plain or encoded.
    #[error("the path has a dot segment")]
    DotSegment,
    /// It holds what no path of an API does: a backslash, a control character, broken UTF-8.
    #[error("the path has a character that does not belong into one")]
    Character,
}

/// The path and query of a provider's URL, to which clients' paths are appended.
#[derive(Clone, PartialEq, Eq)]
pub struct BasePath {
    /// Without slashes at its end; empty for the root.
    path: Box<str>,
    /// Where its last segment begins, with the slash before it.
    last: usize,
    /// Whether it says itself which API is below it, so that a client's version has no place there.
    names_api: bool,
    /// What stands in the place of a client's version, where the file says so.
    prefix: Option<Box<str>>,
    query: Option<Box<str>>,
}

/// A base path may hold a credential: none of it is shown.
impl std::fmt::Debug for BasePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BasePath").finish_non_exhaustive()
    }
}

impl BasePath {
    /// The base of a provider's URL, from its path and query (`/openai/v1?api-version=1`).
    ///
    /// # Errors
    /// When the path would be refused of a client, too.
    pub fn new(path_and_query: &str) -> Result<Self, Refused> {
        check(path_and_query)?;
        let (path, query) = split(path_and_query);
        let path = path.trim_end_matches('/');
        Ok(Self {
            path: path.into(),
            last: path.rfind('/').unwrap_or(0),
            names_api: names_api(path),
            prefix: None,
            query: query.filter(|query| !query.is_empty()).map(Into::into),
        })
    }

    /// The same, where this stands in the place of a client's version; empty: nothing does.
    ///
    /// # Errors
    /// When it would be refused of a client, too.
    pub(crate) fn with_prefix(self, prefix: &str) -> Result<Self, Refused> {
        let prefix = prefix.trim_end_matches('/');
        if prefix.contains('?') {
            return Err(Refused::Character);
        }
        check(prefix)?;
        Ok(Self { prefix: Some(prefix.into()), ..self })
    }

    /// The path without a slash at its end; empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whose models are below it, where that is how it ends: `google` of
    /// `/v1/projects/p/locations/l/publishers/google`, as Vertex AI writes it.
    pub(crate) fn publisher(&self) -> Option<&str> {
        let (rest, last) = self.path.rsplit_once('/')?;
        rest.ends_with("/publishers").then_some(last)
    }

    /// Whether a client's deployment of Azure is left out below it, and nothing of its own stands in
    /// that place: the body alone says which model is meant.
    pub(crate) fn leaves_out_deployments(&self) -> bool {
        let names_one = self.path.rsplit('/').nth(1) == Some("deployments");
        self.prefix.is_some() || (self.names_api && !names_one)
    }

    /// Whether [`join`] gives a client's path and query back as they are.
    fn keeps(&self, client: &str) -> bool {
        if self.prefix.is_some() || self.query.is_some() {
            return false;
        }
        let (path, query) = split(client);
        let is_doubled = |query: &str| query.matches(query::API_VERSION).nth(1).is_some();
        path.starts_with('/')
            && path.starts_with(&*self.path)
            && self.overlap(path) == self.path.len()
            && !query.is_some_and(is_doubled)
    }

    /// How many bytes of a client's path stand at the end of the base already: `/v1` of
    /// `/v1/models` when the base is `/v1` or `/openai/v1`, or names its API in another way.
    fn overlap(&self, path: &str) -> usize {
        if self.names_api || self.prefix.is_some() {
            let azures = || path.strip_prefix(AZURE).filter(|rest| rest.starts_with('/'));
            return deployment(path)
                .or_else(|| Some(AZURE.len() + version(azures()?).len()))
                .unwrap_or_else(|| version(path).len());
        }
        let last = self.path.get(self.last..).unwrap_or_default();
        match path.strip_prefix(last) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => last.len(),
            _ => 0,
        }
    }
}

/// The path and query that a client asks for, checked. A copy shares the bytes of the request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientPath(PathAndQuery);

impl ClientPath {
    /// As it came.
    pub(crate) fn of(path_and_query: &PathAndQuery) -> Self {
        Self(path_and_query.clone())
    }

    /// What is asked for below this base, where that is the same.
    pub(crate) fn kept_below(&self, base: &BasePath) -> Option<PathAndQuery> {
        base.keeps(self).then(|| self.0.clone())
    }
}

impl FromStr for ClientPath {
    type Err = InvalidUri;

    fn from_str(path_and_query: &str) -> Result<Self, InvalidUri> {
        path_and_query.parse().map(Self)
    }
}

impl Deref for ClientPath {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

/// Checks a client's path and query. An empty one stands for `/`.
///
/// # Errors
/// When it could be understood as leading out of the base path: dot segments, also encoded to
/// any depth or written with backslashes, an authority, or a scheme.
pub fn check(path_and_query: &str) -> Result<(), Refused> {
    if path_and_query.starts_with('/') && path_and_query.bytes().all(is_harmless) {
        return if path_and_query.starts_with("//") { Err(Refused::Origin) } else { Ok(()) };
    }
    if !path_and_query.bytes().all(is_plain) {
        return Err(Refused::Character);
    }
    let (path, _) = split(path_and_query);
    if path.is_empty() {
        return Ok(());
    }
    if !path.starts_with('/') {
        return Err(Refused::NotAPath);
    }
    if path.contains('%') { check_decoded(&strictly_decoded(path)?) } else { check_decoded(path) }
}

/// The path and query to ask the provider for: the client's appended to the base, a segment that
/// both share written once. The client's must have passed [`check`].
pub fn join(base: &BasePath, client: &str) -> String {
    let (path, query) = split(client);
    let path = if path.is_empty() { "/" } else { path };
    let rest = path.get(base.overlap(path)..).unwrap_or_default();
    let base_query = base.query.as_deref();
    let kept;
    let query = match (base_query, query) {
        (Some(own), Some(client)) if !client.is_empty() => {
            kept = query::without_named(client, own);
            Some(&*kept)
        }
        (None, Some(client)) if client.matches(query::API_VERSION).nth(1).is_some() => {
            kept = query::without_named(client, "");
            Some(&*kept)
        }
        (_, query) => query,
    };
    let prefix = base.prefix.as_ref().map_or(0, |prefix| prefix.len());
    let length =
        base.path.len() + prefix + rest.len() + base_query.map_or(0, |query| query.len() + 1);
    let mut joined = String::with_capacity(length + query.map_or(0, |query| query.len() + 1));
    joined.push_str(&base.path);
    if let Some(prefix) = &base.prefix {
        joined.push_str(prefix);
    }
    joined.push_str(rest);
    let queries = [base_query, query.filter(|query| base_query.is_none() || !query.is_empty())];
    for (query, mark) in queries.into_iter().flatten().zip(['?', '&']) {
        joined.push(mark);
        joined.push_str(query);
    }
    joined
}

/// The path as the most lenient server reads it: without its query, decoded, without empty segments
/// and what stands behind a `;`. For what must not be missed for the way it is spelled.
pub(crate) fn plain(path_and_query: &str) -> Cow<'_, str> {
    let (path, _) = split(path_and_query);
    let is_spelled_oddly = path.contains(['%', ';']) || path.contains("//") || path.ends_with('/');
    if !is_spelled_oddly {
        return Cow::Borrowed(path);
    }
    let decoded = strictly_decoded(path).unwrap_or_else(|_| path.to_owned());
    let name = |segment: &'_ str| segment.split(';').next().unwrap_or_default().to_owned();
    let names = decoded.split('/').map(name).filter(|name| !name.is_empty());
    Cow::Owned(names.flat_map(|name| ["/".to_owned(), name]).collect())
}

/// The client's path with each row of slashes as one; `None` where it has none, or begins like an
/// authority, or holds a scheme.
pub(crate) fn with_single_slashes(path_and_query: &str) -> Option<String> {
    let (path, query) = split(path_and_query);
    if !path.contains("//") || path.contains(":/") {
        return None;
    }
    let mut single = String::with_capacity(path_and_query.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        single.push('/');
        single.push_str(segment);
    }
    if path.ends_with('/') {
        single.push('/');
    }
    let first = single.split('/').nth(1).unwrap_or_default();
    if path.starts_with("//") && version(&single).is_empty() && !NO_HOSTS.contains(&first) {
        return None;
    }
    if let Some(query) = query {
        single.push('?');
        single.push_str(query);
    }
    Some(single)
}

/// The bases under which a client's version has no place: one that ends in a version, one that says
/// below a version whose form it has, a deployment of Azure, and Vertex AI, whose version stands in
/// front.
fn names_api(path: &str) -> bool {
    let (before, last) = path.rsplit_once('/').unwrap_or_default();
    let is_below_version = || before.split('/').any(is_version);
    match before.rsplit('/').next() {
        Some("deployments" | "publishers") => !last.is_empty(),
        _ => is_version(last) || (FORMS.contains(&last) && is_below_version()),
    }
}

/// How much of a client's path says which of Azure's deployments it is for.
fn deployment(path: &str) -> Option<usize> {
    let rest = path.strip_prefix(DEPLOYMENTS)?;
    let end = rest.find('/')?;
    Some(DEPLOYMENTS.len() + end).filter(|_| end > 0)
}

/// The version that a client's path begins with, its slash included: `/v1`, `/v1beta`.
fn version(path: &str) -> &str {
    let end = path.get(1..).and_then(|rest| rest.find('/')).map_or(path.len(), |at| at + 1);
    let first = path.get(..end).unwrap_or_default();
    if first.strip_prefix('/').is_some_and(is_version) { first } else { "" }
}

/// Whether a segment is the version of an API.
pub(crate) fn is_version(segment: &str) -> bool {
    let mut rest = segment.strip_prefix('v').unwrap_or_default().bytes();
    rest.next().is_some_and(|byte| byte.is_ascii_digit())
        && rest.all(|byte| byte.is_ascii_alphanumeric())
}

fn split(path_and_query: &str) -> (&str, Option<&str>) {
    match memchr::memchr(b'?', path_and_query.as_bytes()).map(|at| path_and_query.split_at(at)) {
        Some((path, query)) => (path, query.get(1..)),
        None => (path_and_query, None),
    }
}

/// Decodes until nothing is left to decode, in one pass: whatever a decoded byte completes is
/// decoded at once. What each decoding on the way shows (a slash, a dot) is still there at the
/// end, so only the end needs a look.
fn strictly_decoded(path: &str) -> Result<String, Refused> {
    String::from_utf8(decoded_bytes(path)).map_err(|_| Refused::Character)
}

/// Whether a name of a client's, as a segment or several of a path, stays where it is put.
pub(crate) fn stays(name: &str) -> bool {
    !decoded(name).split(['/', '\\']).any(|segment| matches!(segment, "." | ".."))
}

fn check_decoded(path: &str) -> Result<(), Refused> {
    if path.bytes().any(|byte| byte == b'\\' || byte.is_ascii_control()) {
        return Err(Refused::Character);
    }
    let rest = path.strip_prefix('/').unwrap_or(path);
    let first = rest.split('/').next().unwrap_or_default();
    if rest.starts_with('/') || first.ends_with(':') || rest.contains("://") {
        return Err(Refused::Origin);
    }
    if rest.split('/').any(is_dots) { Err(Refused::DotSegment) } else { Ok(()) }
}

/// `.` or `..`, also with what lenient servers cut off after it: parameters (`..;x`), an encoded
/// query, spaces, more dots.
fn is_dots(segment: &str) -> bool {
    let name = segment.split([';', '?', '#']).next().unwrap_or_default().trim();
    !name.is_empty() && name.bytes().all(|byte| byte == b'.')
}

/// Whether a byte is one of those that almost all paths are made of, and no attack is.
fn is_harmless(byte: u8) -> bool {
    HARMLESS[usize::from(byte)]
}

const HARMLESS: [bool; 256] = {
    let mut harmless = [false; 256];
    let mut byte = u8::MIN;
    while byte < u8::MAX {
        harmless[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_');
        byte += 1;
    }
    harmless
};

/// What may stand in a request line.
fn is_plain(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && byte != b'#'
}

/// How bases end that say in which form they are spoken to.
const FORMS: [&str; 4] = ["openai", "openapi", "compat", "compatible"];
/// How clients of Azure begin.
const AZURE: &str = "/openai";
const DEPLOYMENTS: &str = "/openai/deployments/";
/// The first segments of paths that no host is called.
const NO_HOSTS: [&str; 8] =
    ["openai", "chat", "completions", "embeddings", "messages", "model", "models", "responses"];

/// What must be encoded in a segment of a path: all but what RFC 3986 calls unreserved.
pub(crate) const NOT_IN_A_SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests;
