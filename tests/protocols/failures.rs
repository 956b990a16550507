//! Every known shape of an error, as the vendors document it, read by every protocol: the class is the
//! same whichever protocol reads it, and in the middle of a stream it is the same passed on as
//! translated.
//!
//! Never: a sentence decides on the class, but for what is missing where a status says that something is.

use http::{HeaderMap, HeaderName, HeaderValue};
use onwards::failure::{Brief, Class, ErrorClasses, Kind, What};
use onwards::protocol::codec::Reading;
use onwards::protocol::conversation::{Event, Failure};
use onwards::protocol::{Protocol, told};

/// A shape: what the status line says, the name in the headers, the body; the class of it as an answer
/// of its own, and inside a success, where the status line says nothing.
type Shape = (u16, &'static str, &'static str, Class, Class);

const SHAPES: &[Shape] = &[
    // OpenAI and compatible vendors.
    (
        429,
        "",
        r#"{"error":{"message":"m","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
        Class::RateLimit,
        Class::RateLimit,
    ),
    (
        429,
        "",
        r#"{"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}}"#,
        Class::RateLimit,
        Class::RateLimit,
    ),
    (
        429,
        "",
        r#"{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}"#,
        Class::Quota,
        Class::Quota,
    ),
    (
        429,
        "",
        r#"{"error":{"message":"You exceeded your quota"}}"#,
        Class::RateLimit,
        Class::Server,
    ),
    (
        400,
        "",
        r#"{"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
        Class::ContextWindow,
        Class::ContextWindow,
    ),
    (
        400,
        "",
        r#"{"error":{"message":"prompt is too long","type":"invalid_request_error"}}"#,
        Class::Client,
        Class::Server,
    ),
    (
        400,
        "",
        r#"{"error":{"code":"content_filter","type":null}}"#,
        Class::ContentFilter,
        Class::ContentFilter,
    ),
    (
        400,
        "",
        r#"{"error":{"code":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
        Class::ContentFilter,
        Class::ContentFilter,
    ),
    (
        401,
        "",
        r#"{"error":{"message":"m","type":"invalid_request_error","code":"invalid_api_key"}}"#,
        Class::Credential,
        Class::Credential,
    ),
    (
        403,
        "",
        r#"{"error":{"message":"m","code":"content_policy_violation"}}"#,
        Class::ContentFilter,
        Class::ContentFilter,
    ),
    (
        404,
        "",
        r#"{"error":{"message":"m","type":"invalid_request_error","code":"model_not_found"}}"#,
        Class::ModelMissing,
        Class::ModelMissing,
    ),
    (
        404,
        "",
        r#"{"object":"error","message":"The model `x` does not exist.","code":404}"#,
        Class::ModelMissing,
        Class::ModelMissing,
    ),
    (404, "", r#"{"detail":"Not Found"}"#, Class::Client, Class::Server),
    (
        400,
        "",
        r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
        Class::Client,
        Class::Client,
    ),
    (500, "", r#"{"error":{"message":"m","type":"server_error"}}"#, Class::Server, Class::Server),
    (
        503,
        "",
        r#"{"error":{"message":"m","code":"engine_overloaded"}}"#,
        Class::Overloaded,
        Class::Overloaded,
    ),
    (500, "", r#"{"error":"boom"}"#, Class::Server, Class::Server),
    (
        402,
        "",
        r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
        Class::Quota,
        Class::Server,
    ),
    (400, "", r#"{"error":{"type":"rate_limit_error","code":400}}"#, Class::Client, Class::Client),
    (429, "", r#"{"code":"Throttling","message":"m"}"#, Class::RateLimit, Class::RateLimit),
    (
        400,
        "",
        r#"{"code":"DataInspectionFailed","message":"m"}"#,
        Class::ContentFilter,
        Class::ContentFilter,
    ),
    (
        502,
        "",
        r#"{"error":{"message":"m","code":502,"metadata":{}}}"#,
        Class::Server,
        Class::Server,
    ),
    (504, "", r#"{"error":{"code":504}}"#, Class::Server, Class::Server),
    (408, "", r#"{"error":{"code":408,"message":"m"}}"#, Class::Server, Class::Server),
    (429, "", r#"{"error":{"code":"429","message":"m"}}"#, Class::RateLimit, Class::RateLimit),
    // OpenAI Responses.
    (
        200,
        "",
        r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"m"}}}"#,
        Class::Server,
        Class::Server,
    ),
    (
        503,
        "",
        r#"{"type":"error","code":"server_is_overloaded","message":"m","param":null}"#,
        Class::Overloaded,
        Class::Overloaded,
    ),
    (
        429,
        "",
        r#"{"type":"error","error":{"type":"tokens","code":"rate_limit_exceeded"}}"#,
        Class::RateLimit,
        Class::RateLimit,
    ),
    // Anthropic.
    (
        400,
        "",
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"m"}}"#,
        Class::Client,
        Class::Server,
    ),
    (
        401,
        "",
        r#"{"type":"error","error":{"type":"authentication_error","message":"m"}}"#,
        Class::Credential,
        Class::Credential,
    ),
    (
        402,
        "",
        r#"{"type":"error","error":{"type":"billing_error","message":"m"}}"#,
        Class::Quota,
        Class::Quota,
    ),
    (
        403,
        "",
        r#"{"type":"error","error":{"type":"permission_error","message":"m"}}"#,
        Class::Credential,
        Class::Server,
    ),
    (
        404,
        "",
        r#"{"type":"error","error":{"type":"not_found_error","message":"m"}}"#,
        Class::Client,
        Class::Server,
    ),
    (
        413,
        "",
        r#"{"type":"error","error":{"type":"request_too_large","message":"m"}}"#,
        Class::ContextWindow,
        Class::ContextWindow,
    ),
    (
        429,
        "",
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#,
        Class::RateLimit,
        Class::RateLimit,
    ),
    (
        500,
        "",
        r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#,
        Class::Server,
        Class::Server,
    ),
    (
        504,
        "",
        r#"{"type":"error","error":{"type":"timeout_error","message":"m"}}"#,
        Class::Server,
        Class::Server,
    ),
    (
        529,
        "",
        r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
        Class::Overloaded,
        Class::Overloaded,
    ),
    // Gemini.
    (
        400,
        "",
        r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
        Class::Credential,
        Class::Credential,
    ),
    (
        400,
        "",
        r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}"#,
        Class::Client,
        Class::Client,
    ),
    (
        403,
        "",
        r#"{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}}"#,
        Class::Credential,
        Class::Credential,
    ),
    (
        404,
        "",
        r#"{"error":{"code":404,"message":"m","status":"NOT_FOUND"}}"#,
        Class::Client,
        Class::Client,
    ),
    (
        429,
        "",
        r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#,
        Class::RateLimit,
        Class::RateLimit,
    ),
    (
        429,
        "",
        r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"RequestsPerDay-Free"}]}]}}"#,
        Class::Quota,
        Class::Quota,
    ),
    (
        500,
        "",
        r#"{"error":{"code":500,"message":"m","status":"INTERNAL"}}"#,
        Class::Server,
        Class::Server,
    ),
    (
        503,
        "",
        r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#,
        Class::Overloaded,
        Class::Overloaded,
    ),
    (
        504,
        "",
        r#"{"error":{"code":504,"message":"m","status":"DEADLINE_EXCEEDED"}}"#,
        Class::Server,
        Class::Server,
    ),
    // Bedrock.
    (
        400,
        "ValidationException:http://internal.amazon.com/",
        r#"{"message":"m"}"#,
        Class::Client,
        Class::Server,
    ),
    (403, "AccessDeniedException", r#"{"message":"m"}"#, Class::Credential, Class::Server),
    (
        403,
        "",
        r#"{"__type":"com.amazon#UnrecognizedClientException","message":"m"}"#,
        Class::Credential,
        Class::Credential,
    ),
    (408, "ModelTimeoutException", r#"{"message":"m"}"#, Class::Server, Class::Server),
    (
        424,
        "com.amazon.coral#ModelErrorException",
        r#"{"message":"m"}"#,
        Class::Server,
        Class::Server,
    ),
    (429, "ThrottlingException", r#"{"message":"m"}"#, Class::RateLimit, Class::RateLimit),
    (429, "ModelNotReadyException", r#"{"message":"m"}"#, Class::Overloaded, Class::Overloaded),
    (400, "ServiceQuotaExceededException", r#"{"message":"m"}"#, Class::Quota, Class::Quota),
    (500, "InternalServerException", r#"{"message":"m"}"#, Class::Server, Class::Server),
    (503, "ServiceUnavailableException", r#"{"message":"m"}"#, Class::Server, Class::Server),
    // Cohere.
    (401, "", r#"{"id":"1","message":"invalid api token"}"#, Class::Credential, Class::Server),
    (
        429,
        "",
        r#"{"message":"limited to 1000 API calls / month"}"#,
        Class::RateLimit,
        Class::Server,
    ),
    (498, "", r#"{"message":"invalid token"}"#, Class::Credential, Class::Server),
    (499, "", r#"{"message":"cancelled"}"#, Class::Server, Class::Server),
    // No JSON.
    (404, "", "not json", Class::Client, Class::Server),
    (502, "", "<html>", Class::Server, Class::Server),
    (503, "", "", Class::Server, Class::Server),
];

fn headers(name: &'static str) -> HeaderMap {
    let name = Some(name).filter(|name| !name.is_empty()).map(HeaderValue::from_static);
    name.map(|name| (HeaderName::from_static("x-amzn-errortype"), name)).into_iter().collect()
}

/// The failure that a protocol's reader of streams makes of this event; `None`: it makes none of it.
fn in_a_stream(protocol: Protocol, body: &str) -> Option<Failure> {
    let mut reader = protocol.codec().stream_reader(Reading::default());
    let mut events = Vec::new();
    reader.feed(format!("event: error\ndata: {body}\n\n").into_bytes().into(), &mut events);
    events.into_iter().find_map(|event| match event {
        Event::Failure(failure) => Some(failure),
        _ => None,
    })
}

#[test]
fn every_shape_has_its_class_whichever_protocol_reads_it() {
    let none = ErrorClasses::new();
    for &(status, name, body, class, inside) in SHAPES {
        for &protocol in Protocol::ALL {
            let codec = protocol.codec();
            let said = codec.read_error(status, &headers(name), body.as_bytes());
            let brief = Brief { what: What::Status(status), class };
            assert_eq!(said.brief(&none), brief, "{protocol}: {status} {name} {body}");
            let said = codec.read_error_inside(&headers(name), body.as_bytes());
            assert_eq!(said.brief(&none).class, inside, "{protocol}: inside a 200: {body}");
        }
    }
}

#[test]
fn an_error_in_a_stream_is_judged_the_same_passed_on_and_translated() {
    let none = ErrorClasses::new();
    let (mut seen, mut missed) = (0, Vec::new());
    // Bedrock's streams have frames, which pass on without being judged.
    for &protocol in Protocol::ALL.iter().filter(|it| **it != Protocol::Bedrock) {
        for &(_, _, body, ..) in SHAPES.iter().filter(|it| told::is_error_event(it.2.as_bytes())) {
            seen += 1;
            let passed_on = protocol.codec().read_error_inside(&HeaderMap::new(), body.as_bytes());
            let Some(translated) = in_a_stream(protocol, body) else {
                missed.push(format!("{protocol}: {body}"));
                continue;
            };
            assert_eq!(translated.brief(&none), passed_on.brief(&none), "{protocol}: {body}");
            let code = passed_on.told.as_ref().and_then(|told| told.codes.first().cloned());
            let Some(code) = code else { continue };
            let own = ErrorClasses::from([(code.into(), Class::Quota)]);
            assert_eq!(passed_on.brief(&own).class, Class::Quota, "{protocol}: {body}");
            assert_eq!(translated.brief(&own), passed_on.brief(&own), "{protocol}: {body}");
        }
    }
    assert!(seen > 150, "{seen}");
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn an_error_is_written_by_every_protocol_with_a_status_that_it_reads_again() {
    for &(status, name, body, ..) in SHAPES.iter().filter(|it| it.0 != 200) {
        for &from in Protocol::ALL {
            let said = from.codec().read_error(status, &headers(name), body.as_bytes());
            for &to in Protocol::ALL {
                let written = to.codec().write_error(&said, "req_1");
                assert!((400..600).contains(&written.status), "{from} to {to}: {body}");
                let again = to.codec().read_error(written.status, &HeaderMap::new(), &written.body);
                assert!(again.message.contains(&said.message), "{from} to {to}: {body}");
            }
        }
    }
}

#[test]
fn what_the_router_saw_itself_has_a_class_of_its_own() {
    let own = ErrorClasses::from([("x".into(), Class::Quota)]);
    for (kind, brief) in [
        (Kind::Cut, Brief::RESET),
        (Kind::Malformed, What::Malformed(None).into()),
        (Kind::Server, What::Status(500).into()),
    ] {
        assert_eq!(Failure::new(kind, "m").brief(&own), brief, "{kind:?}");
    }
}
