//! Amazon's published vectors, and requests as botocore signs them (`tests/golden/sigv4`).

use std::time::Duration;

use http::HeaderMap;
use serde::Deserialize;

use super::{verify::Unverified, *};

/// A signed request. Its headers are those that came, without `authorization`.
#[derive(Debug, Clone, Deserialize)]
struct Vector {
    name: String,
    time: String,
    unix: u64,
    region: String,
    service: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    method: String,
    host: String,
    path_and_query: String,
    headers: Vec<(String, String)>,
    body: String,
    authorization: String,
}

fn vectors(file: &str) -> Vec<Vector> {
    let path = format!("{}/tests/golden/sigv4/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let vectors: Vec<Vector> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(vectors.len() > 5, "{file}");
    vectors
}

impl Vector {
    fn pair(&self) -> Pair<'_> {
        Pair {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret_access_key,
            session_token: self.session_token.as_deref(),
        }
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.unix)
    }

    fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            map.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        map
    }

    /// As our own side would send it: the same headers are signed.
    fn sign(&self) -> Vec<(HeaderName, HeaderValue)> {
        let signed = Claim::parse(&self.authorization).unwrap();
        let made = ["host", "x-amz-date", "x-amz-security-token"];
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| signed.signs(name) && !made.contains(name))
            .collect();
        let outgoing = Outgoing {
            method: &self.method,
            host: &self.host,
            path_and_query: &self.path_and_query,
            headers: &headers,
            payload_hash: &payload_hash([&self.body]),
        };
        let scope = Scope { region: &self.region, service: &self.service };
        sign(&outgoing, self.pair(), scope, self.now()).unwrap()
    }

    fn verify_at(&self, now: SystemTime) -> Result<(), Unverified> {
        let headers = self.header_map();
        let incoming = Incoming {
            method: &self.method,
            host: &self.host,
            path_and_query: &self.path_and_query,
            headers: &headers,
            payload_hash: &payload_hash([&self.body]),
        };
        Claim::parse(&self.authorization)?.verify(&incoming, self.pair(), &self.service, now)
    }

    fn verify(&self) -> Result<(), Unverified> {
        self.verify_at(self.now())
    }
}

#[test]
fn signatures_are_amazons() {
    for vector in vectors("aws").into_iter().chain(vectors("boto")) {
        let headers = vector.sign();
        let value = |name: &str| {
            let found = headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.to_str().unwrap().to_owned())
        };
        assert_eq!(value("authorization").unwrap(), vector.authorization, "{}", vector.name);
        assert_eq!(value("x-amz-date").unwrap(), vector.time, "{}", vector.name);
        assert_eq!(value("x-amz-security-token"), vector.session_token, "{}", vector.name);
        let is_shown = |(name, value): &(HeaderName, HeaderValue)| {
            value.is_sensitive() == (name != "x-amz-date")
        };
        assert!(headers.iter().all(is_shown), "{}", vector.name);
    }
}

#[test]
fn signatures_are_verified() {
    for vector in vectors("aws").into_iter().chain(vectors("boto")) {
        assert_eq!(vector.verify(), Ok(()), "{}", vector.name);
    }
}

/// A change of one request, and why it is then not believed.
type Tampering = (fn(&mut Vector), Unverified);

#[test]
fn whatever_is_changed_is_seen() {
    let tamperings: &[Tampering] = &[
        (|it| it.body.push(' '), Unverified::Signature),
        (|it| it.method = "GET".into(), Unverified::Signature),
        (|it| it.host.push('x'), Unverified::Signature),
        (|it| it.path_and_query.push_str("-stream"), Unverified::Signature),
        (|it| it.path_and_query.push_str("?a=b"), Unverified::Signature),
        (|it| it.secret_access_key.push('x'), Unverified::Signature),
        (|it| it.access_key_id.push('x'), Unverified::Key),
        (|it| it.service = "s3".into(), Unverified::Service),
        (
            |it| it.authorization = it.authorization.replace("eu-west-1", "us-east-1"),
            Unverified::Signature,
        ),
        (|it| it.authorization.truncate(it.authorization.len() - 1), Unverified::Signature),
        (|it| it.authorization = it.authorization.replace("host;", ""), Unverified::Header),
        (|it| it.authorization = it.authorization.replace(";x-amz-date", ""), Unverified::Header),
        (
            |it| it.authorization = it.authorization.replace("host;", "host;missing;"),
            Unverified::Header,
        ),
        (
            |it| it.authorization = it.authorization.replace("20251121", "20251122"),
            Unverified::Date,
        ),
        (|it| it.headers.retain(|(name, _)| name != "x-amz-date"), Unverified::Date),
        (|it| it.headers.retain(|(name, _)| name != "content-type"), Unverified::Header),
        (|it| it.headers.push(("x-amz-target".into(), "evil".into())), Unverified::Header),
        (|it| it.headers.push(("content-type".into(), "evil".into())), Unverified::Signature),
    ];
    let plain = vectors("boto").remove(0);
    assert_eq!(plain.verify(), Ok(()));
    for (number, (tamper, said)) in tamperings.iter().enumerate() {
        let mut vector = plain.clone();
        tamper(&mut vector);
        let changed_key = vector.access_key_id != plain.access_key_id;
        assert_eq!(vector.verify(), Err(*said), "tampering {number}, key {changed_key}");
    }
}

#[test]
fn a_signature_is_good_for_five_minutes() {
    let plain = vectors("boto").remove(0);
    for (seconds, said) in
        [(300, Ok(())), (301, Err(Unverified::Skew)), (86_400, Err(Unverified::Skew))]
    {
        let offset = Duration::from_secs(seconds);
        assert_eq!(plain.verify_at(plain.now() + offset), said, "{seconds} s late");
        assert_eq!(plain.verify_at(plain.now() - offset), said, "{seconds} s early");
    }
}

#[test]
fn other_authorizations_are_malformed() {
    for header in [
        "",
        "Bearer AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=a/20250101/r/bedrock/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=a/20250101/bedrock/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=/20250101/r/bedrock/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20250101/r/bedrock/aws4_request/x, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20250101/r/bedrock/aws4_request, SignedHeaders=host, Signature=0, Signature=1",
        "AWS4-ECDSA-P256-SHA256 Credential=a/20250101/r/bedrock/aws4_request, SignedHeaders=host, Signature=0",
    ] {
        assert_eq!(Claim::parse(header), Err(Unverified::Malformed), "{header}");
    }
    let compact = "AWS4-HMAC-SHA256 Credential=a/20250101/r/bedrock/aws4_request,SignedHeaders=host,Signature=0";
    assert!(Claim::is_meant(compact));
    assert_eq!(Claim::parse(compact).unwrap().access_key_id, "a");
}

#[test]
fn a_body_in_pieces_has_one_hash() {
    let whole = payload_hash(["hello world"]);
    assert_eq!(whole, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
    assert_eq!(payload_hash(["hello", "", " world"]), whole);
    let nothing: [&str; 0] = [];
    assert_eq!(payload_hash(nothing), payload_hash([""]));
}

#[test]
fn a_request_that_is_none_is_not_signed() {
    let vector = vectors("boto").remove(0);
    let scope = Scope { region: "r", service: BEDROCK };
    for (host, path, headers) in [
        ("a b", "/", [("content-type", "x")]),
        ("host", "/ü ", [("content-type", "x")]),
        ("host", "/", [("content-type", "x\ny")]),
    ] {
        let outgoing = Outgoing {
            method: "POST",
            host,
            path_and_query: path,
            headers: &headers,
            payload_hash: "0",
        };
        assert_eq!(sign(&outgoing, vector.pair(), scope, SystemTime::UNIX_EPOCH), Err(Unsignable));
    }
}
