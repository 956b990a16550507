//! How a body is read, from its headers and its endpoint.
//!
//! A request that a provider could read differently than the router is refused.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    body::{Pieces, further::may_name_model, multipart},
    path,
    protocol::{Family, Surface},
    rare::{Name, Rare},
    refusal::Refusal,
};

/// How a body is read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// As JSON; `declared` if the content type says so.
    Json {
        /// Whether the content type says so.
        declared: bool,
    },
    /// As a multipart form with this boundary.
    Form(String),
    /// As a URL-encoded form, which must not name a model.
    Pairs,
}

/// Reads the headers that decide how the body is read.
///
/// # Errors
/// Two readers could read the body differently, or the router cannot read it.
pub(crate) fn of(headers: &HeaderMap, rare: Rare, surface: &Surface) -> Result<Medium, Refusal> {
    if rare.has(Name::Connection) {
        check_nominated(headers)?;
    }
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(value) = lines.next() else { return Ok(Medium::Json { declared: false }) };
    if lines.next().is_some() {
        return Err(Refusal::Ambiguous("it has more than one `content-type`"));
    }
    if value == "application/json" {
        return Ok(Medium::Json { declared: true });
    }
    of_type(value, surface)
}

/// Whether a body that the router cannot read must be refused, because a provider could read it
/// differently.
pub(crate) fn must_be_read(declared_json: bool, body: &Pieces, surface: &Surface) -> bool {
    match surface.family {
        Some(Family::Inference) if !surface.takes_forms => true,
        Some(_) if surface.takes_forms => false,
        _ => declared_json || could_be_json(body.iter()),
    }
}

/// Whether a lenient reader could take the body for a JSON object: one that accepts comments,
/// `NaN`, a byte order mark, or another Unicode encoding.
fn could_be_json<'a>(pieces: impl Iterator<Item = &'a bytes::Bytes>) -> bool {
    let mut bytes = pieces.flat_map(|piece| piece.iter());
    let first = bytes.find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|byte| matches!(byte, 0 | b'{' | b'[' | b'/' | 0xef | 0xfe | 0xff))
}

/// A URL-encoded form is sent unchanged, so it must not name a model.
///
/// # Errors
/// `UnsupportedType`.
pub(crate) fn check_read(is_pairs: bool, body: &Pieces) -> Result<(), Refusal> {
    if is_pairs && pairs_name_model(&body.to_bytes()) {
        let what = "only JSON and `multipart/form-data` can name a model";
        return Err(Refusal::UnsupportedType(what));
    }
    Ok(())
}

/// Whether a URL-encoded form names a model in any spelling.
fn pairs_name_model(form: &[u8]) -> bool {
    form.split(|byte| matches!(byte, b'&' | b';')).any(|pair| {
        let name = pair.split(|&byte| byte == b'=').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).replace('+', " ");
        may_name_model(path::decoded(&name).as_bytes())
    })
}

/// `Connection` must not remove headers that decide how the request is read or who sends it.
fn check_nominated(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_plain = |value: &HeaderValue| value == "keep-alive" || value == "close";
    for value in headers.get_all(header::CONNECTION).iter().filter(|value| !is_plain(value)) {
        let Ok(text) = value.to_str() else {
            return Err(Refusal::Ambiguous("its header `connection` is not text"));
        };
        if text.split(',').any(|token| matters(&token.trim().to_ascii_lowercase())) {
            return Err(Refusal::Ambiguous(
                "its header `connection` names a header that must not be removed",
            ));
        }
    }
    Ok(())
}

fn matters(name: &str) -> bool {
    ["content-", "x-onwards-", "x-amz-"].iter().any(|start| name.starts_with(start))
        || MATTER.iter().any(|matter| matter == name)
}

fn of_type(value: &HeaderValue, surface: &Surface) -> Result<Medium, Refusal> {
    let text = value.to_str().map_err(|_| Refusal::Ambiguous(NOT_ONE_TYPE))?;
    let media = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media.contains([',', ' ', '\t', '"']) {
        return Err(Refusal::Ambiguous(NOT_ONE_TYPE));
    }
    check_parameters(text)?;
    let is_known = surface.family.is_some();
    match media.as_str() {
        "multipart/form-data" if !surface.takes_forms => {
            Err(Refusal::UnsupportedType("this endpoint does not accept forms: send JSON"))
        }
        "multipart/form-data" => multipart::boundary(text)
            .map(Medium::Form)
            .ok_or(Refusal::Ambiguous("its content type names no boundary, or more than one")),
        "application/x-www-form-urlencoded" if is_known => Err(Refusal::UnsupportedType(
            "this endpoint does not accept `application/x-www-form-urlencoded`: send \
            `Content-Type: application/json`",
        )),
        "application/x-www-form-urlencoded" => Ok(Medium::Pairs),
        // An upload's description and file, as Google accepts them.
        "multipart/related" if surface.family == Some(Family::Files) => {
            Ok(Medium::Json { declared: false })
        }
        other if other.starts_with("multipart/") => Err(Refusal::UnsupportedType(
            "of the types `multipart/…` only `multipart/form-data` is accepted",
        )),
        other => {
            let declared = other.ends_with("/json") || other.ends_with("+json");
            Ok(Medium::Json { declared })
        }
    }
}

/// Another charset than UTF-8 reads differently depending on whether the reader respects it.
fn check_parameters(content_type: &str) -> Result<(), Refusal> {
    let parameters = multipart::parameters(content_type.as_bytes())
        .map_err(|_| Refusal::Ambiguous(NOT_ONE_TYPE))?;
    if parameters.iter().any(|(name, _)| name.contains('*')) {
        return Err(Refusal::Ambiguous("its content type has an extended parameter"));
    }
    let mut charsets = parameters.iter().filter(|(name, _)| name == "charset");
    match (charsets.next(), charsets.next()) {
        (_, Some(_)) => Err(Refusal::Ambiguous("its content type has more than one charset")),
        (Some((_, charset)), None) if !multipart::is_utf8(charset) => {
            Err(Refusal::UnsupportedType("the charset of the body must be `utf-8` or `us-ascii`"))
        }
        _ => Ok(()),
    }
}

const NOT_ONE_TYPE: &str = "its `content-type` is not one media type with parameters";
/// Headers that decide how a request is read, where it goes or who sends it.
static MATTER: [HeaderName; 7] = [
    header::TRANSFER_ENCODING,
    header::HOST,
    header::AUTHORIZATION,
    HeaderName::from_static(Name::ModelOverride.text()),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, lines: &[(&str, &str)]) -> Result<Medium, u16> {
        let lines = lines.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        });
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, value)| {
            headers.append(name, value);
        });
        let (rare, surface) = (Rare::of(&headers), Surface::of(path, true, false));
        of(&headers, rare, &surface).map_err(|why| why.row().status.as_u16())
    }

    fn typed(path: &str, content_type: &str) -> Result<Medium, u16> {
        read(path, &[("content-type", content_type)])
    }

    const CHAT: &str = "/v1/chat/completions";
    const FORM: &str = "multipart/form-data; boundary=X";

    #[test]
    fn json_is_read_in_utf8_alone() {
        let json = Ok(Medium::Json { declared: true });
        for good in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            "application/json; Charset=\"UTF-8\"",
            "application/json ; charset=us-ascii",
            "application/json; odata=verbose;",
            "application/vnd.api+json",
            "text/json",
        ] {
            assert_eq!(typed(CHAT, good), json, "{good}");
        }
        for (wrong, status) in [
            ("application/json; charset=utf-16", 415),
            ("application/json; charset=utf-7", 415),
            ("application/json; charset=ISO-8859-1", 415),
            ("text/plain; charset=ibm037", 415),
            ("application/json; charset=utf-8; charset=utf-16", 400),
            ("application/json; charset*=utf-16''utf-8", 400),
            ("application/json; charset*0=utf-16", 400),
            ("application/json, text/plain", 400),
            ("application/json; charset=utf-8, application/x; charset=utf-16", 400),
            ("application/json; charset", 400),
            ("application/json\tx", 400),
        ] {
            assert_eq!(typed(CHAT, wrong), Err(status), "{wrong}");
        }
        let two = [("content-type", "application/json"), ("content-type", "application/json")];
        assert_eq!(read(CHAT, &two), Err(400));
    }

    #[test]
    fn forms_are_read_only_where_they_belong() {
        for path in ["/v1/audio/transcriptions", "/v1/images/edits", "/v1/files", "/v1/foo"] {
            assert_eq!(typed(path, FORM), Ok(Medium::Form("X".into())), "{path}");
        }
        for path in [
            CHAT,
            "/v1/messages",
            "/v1//messages/",
            "/V1/Chat/Completions",
            "/v1/responses",
            "/v1/embeddings",
            "/v1/messages/batches",
            "/v1/realtime/calls",
            "/v1beta/models/m:generateContent",
            "/model/m/converse",
            "/openai/deployments/m/chat/completions",
        ] {
            assert_eq!(typed(path, FORM), Err(415), "{path}");
            assert_eq!(typed(path, "application/x-www-form-urlencoded"), Err(415), "{path}");
            assert_eq!(typed(path, "multipart/mixed; boundary=X"), Err(415), "{path}");
        }
        assert_eq!(typed("/v1/foo", "application/x-www-form-urlencoded"), Ok(Medium::Pairs));
        assert_eq!(typed("/batch", "multipart/mixed; boundary=X"), Err(415));
        for wrong in [
            "multipart/form-data",
            "multipart/form-data; boundary=X; boundary=Y",
            "multipart/form-data; boundary*=utf-8''Y; boundary=X",
            "multipart/form-data; boundary*0=Y; boundary=X",
            "multipart/form-data; x=\"; boundary=Y\"; boundary=X",
            "multipart/form-data; boundary=X,Y",
            "multipart/form-data; boundary=X Y",
            "multipart/form-data; boundary=\"X\\Y\"",
            "multipart/form-data; boundary=X\"Y",
        ] {
            assert_eq!(typed("/v1/files", wrong), Err(400), "{wrong}");
        }
        assert_eq!(typed("/v1/files", &format!("{FORM}; charset=utf-16")), Err(415));
    }

    #[test]
    fn connection_takes_nothing_away_that_matters() {
        for good in ["keep-alive", "close", "TE, close", "keep-alive, x-private", "Upgrade"] {
            assert!(read(CHAT, &[("connection", good)]).is_ok(), "{good}");
        }
        for wrong in [
            "content-type",
            "close, Content-Type",
            "content-encoding",
            "content-length",
            "Transfer-Encoding",
            "model-override",
            "authorization",
            "x-api-key",
            "X-Onwards-Timeout-Ms",
            "host",
        ] {
            let lines = [("connection", "keep-alive"), ("connection", wrong)];
            assert_eq!(read(CHAT, &lines), Err(400), "{wrong}");
        }
    }

    #[test]
    fn a_lenient_reader_is_thought_of() {
        let could = |body: &'static [u8]| {
            let (first, rest) = body.split_at(body.len().min(1));
            could_be_json([bytes::Bytes::from_static(first), rest.into()].iter())
        };
        for body in [
            &b" \n{\"model\":NaN}"[..],
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0",
            b"\0{",
            b"{\0",
            b"/* */ {}",
            b"[{}]",
        ] {
            assert!(could(body), "{body:?}");
        }
        assert!(!could(b"RIFF") && !could(b"") && !could(b"  "));
        for pairs in ["model=dear", "a=b&Mod%65l=x", "a;model", "model%5B%5D=x", "+model=x"] {
            assert!(pairs_name_model(pairs.as_bytes()), "{pairs}");
        }
        assert!(!pairs_name_model(b"modelling=x&a=model"));
    }
}
