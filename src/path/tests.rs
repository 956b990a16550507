//! Paths that are refused, paths that are joined, and properties over both.

use proptest::prelude::*;

use super::*;

fn joined(base: &str, client: &str) -> String {
    check(client).unwrap();
    let base = BasePath::new(base).unwrap();
    let joined = join(&base, client);
    assert!(!base.keeps(client) || joined == client, "{client} is not kept: {joined}");
    joined
}

#[test]
fn path_that_is_asked_for_as_it_is_is_not_written_anew() {
    for (base, client, is_kept) in [
        ("", "/v1/chat/completions", true),
        ("/v1", "/v1/chat/completions?a=b", true),
        ("/openai/v1", "/openai/v1/chat/completions", true),
        ("/v1", "/v1beta/models", false),
        ("/openai/v1", "/v1/chat/completions", false),
        ("/v1?a=b", "/v1/chat/completions", false),
        ("/v1", "/v1/x?api-version=1&api-version=2", false),
    ] {
        let base = BasePath::new(base).unwrap();
        let path: ClientPath = client.parse().unwrap();
        let kept = path.kept_below(&base);
        assert_eq!(kept.as_ref().map(PathAndQuery::as_str), is_kept.then_some(client));
        assert!(!is_kept || join(&base, client) == client);
    }
}

#[test]
fn appends_without_doubling() {
    let cases = [
        ("", "/v1/chat/completions", "/v1/chat/completions"),
        ("/", "/v1/chat/completions", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions", "/v1/chat/completions"),
        ("/openai/v1", "/v1/chat/completions", "/openai/v1/chat/completions"),
        ("/openai/v1/", "/v1/chat/completions", "/openai/v1/chat/completions"),
        ("/openai", "/v1/chat/completions", "/openai/v1/chat/completions"),
        ("/openai/v1", "/v1", "/openai/v1"),
        ("/openai/v1", "/v1/", "/openai/v1/"),
        ("/openai/v1", "/v1?a=b", "/openai/v1?a=b"),
        ("/openai/v1", "/v1beta/models", "/openai/v1/models"),
        ("/openaiv1", "/v1/models", "/openaiv1/v1/models"),
        ("/v1/openai", "/v1/models", "/v1/openai/models"),
        ("/v1", "/v1/v1/models", "/v1/v1/models"),
        ("/api", "/", "/api/"),
        ("/api", "", "/api/"),
        ("", "", "/"),
        ("/api", "?x=1", "/api/?x=1"),
        ("/api", "/x?", "/api/x?"),
        ("/v1?api-version=1", "/v1/x", "/v1/x?api-version=1"),
        ("/v1?api-version=1", "/v1/x?api-version=2&a=b", "/v1/x?api-version=1&a=b"),
        ("/v1?api-version=1", "/v1/x?api%2Dversion=2", "/v1/x?api-version=1"),
        ("/v1?api-version=1", "/v1/x?API-Version=2&a=b", "/v1/x?api-version=1&a=b"),
        ("/v1", "/v1/x?api-version=2&a=b&api-version=3", "/v1/x?api-version=2&a=b"),
        ("/v1?a=b", "/v1/x?api-version=2&api-version=3", "/v1/x?a=b&api-version=2"),
        ("/openai/v1", "/openai/v1/chat/completions", "/openai/v1/chat/completions"),
        ("/openai/v1", "/openai/responses?api-version=2", "/openai/v1/responses?api-version=2"),
        ("/api/v1", "/openai/v1/responses", "/api/v1/responses"),
        ("/v1", "/openaix/y", "/v1/openaix/y"),
        (
            "/openai/deployments/d?api-version=1",
            "/openai/deployments/m/chat/completions?api-version=2",
            "/openai/deployments/d/chat/completions?api-version=1",
        ),
        ("/openai/v1", "/openai/deployments/m/embeddings", "/openai/v1/embeddings"),
        ("", "/openai/deployments/m/x?api-version=2", "/openai/deployments/m/x?api-version=2"),
        ("/v1?api-version=1", "/v1/x?a=b?c", "/v1/x?api-version=1&a=b?c"),
        ("/v1?api-version=1", "/v1/x?", "/v1/x?api-version=1"),
        ("/v1?", "/v1/x?a", "/v1/x?a"),
        (
            "/openai/deployments/d?api-version=1",
            "/v1/chat/completions?a=b",
            "/openai/deployments/d/chat/completions?api-version=1&a=b",
        ),
        ("/openai/deployments/d/", "/v1/embeddings", "/openai/deployments/d/embeddings"),
        ("/openai/deployments/v1", "/v1/embeddings", "/openai/deployments/v1/embeddings"),
        ("/openai/deployments/d", "/chat/completions", "/openai/deployments/d/chat/completions"),
        ("/openai/deployments/d", "/video/x", "/openai/deployments/d/video/x"),
        ("/openai/deployments/d", "/v1-x/y", "/openai/deployments/d/v1-x/y"),
        ("/openai/deployments/d", "/v1", "/openai/deployments/d"),
        ("/openai/deployments", "/v1/x", "/openai/deployments/v1/x"),
        (
            VERTEX,
            "/v1beta/models/m:generateContent",
            "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
        ),
        (
            "/v1/projects/p/locations/l/endpoints/openapi",
            "/v1/chat/completions",
            "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
        ),
        ("/v1/endpoints/x", "/v1/models", "/v1/endpoints/x/v1/models"),
        (
            "",
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        ),
        ("", "/model/anthropic.claude-v1%3A0/converse", "/model/anthropic.claude-v1%3A0/converse"),
        ("", "/v1/models/org%2Fname", "/v1/models/org%2Fname"),
        ("", "/v1/x?path=../..&url=http://a/%2e%2e", "/v1/x?path=../..&url=http://a/%2e%2e"),
        ("", "/v1//x", "/v1//x"),
        ("", "/v1/100%/x", "/v1/100%/x"),
        ("", "/v1/日本", "/v1/日本"),
        ("", "/v1/.hidden/a..b/..c/d..", "/v1/.hidden/a..b/..c/d.."),
    ];
    for (base, client, wanted) in cases {
        assert_eq!(joined(base, client), wanted, "{base} + {client}");
    }
}

#[test]
fn documented_bases_are_asked_where_their_documents_say() {
    for (base, prefix, wanted) in BASES {
        let base = BasePath::new(base).unwrap();
        let base = match prefix {
            Some(prefix) => base.with_prefix(prefix).unwrap(),
            None => base,
        };
        for client in ["/v1/chat/completions", "/v1/chat/completions?x=1"] {
            let joined = join(&base, client);
            assert_eq!(joined.split('?').next(), Some(*wanted), "{base:?} + {client}");
        }
        if base.path().is_empty() && prefix.is_none() {
            continue;
        }
        if base.names_api || prefix.is_some() {
            assert_eq!(join(&base, "/chat/completions"), *wanted);
            assert_eq!(join(&base, "/v1beta/chat/completions"), *wanted);
        }
    }
}

/// The path of a documented base, its `api_prefix`, and where chat completions are asked for.
/// `docs/base-urls.md` has the same table.
pub(super) const BASES: &[(&str, Option<&str>, &str)] = &[
    ("/v1", None, "/v1/chat/completions"),
    ("", None, "/v1/chat/completions"),
    ("/api/v1", None, "/api/v1/chat/completions"),
    ("/openai/v1", None, "/openai/v1/chat/completions"),
    ("/inference/v1", None, "/inference/v1/chat/completions"),
    ("/compatible-mode/v1", None, "/compatible-mode/v1/chat/completions"),
    ("/compatibility/v1", None, "/compatibility/v1/chat/completions"),
    ("/v1beta/openai", None, "/v1beta/openai/chat/completions"),
    ("/v1beta/openai/", None, "/v1beta/openai/chat/completions"),
    ("/v1/openai", None, "/v1/openai/chat/completions"),
    ("/v3/openai", None, "/v3/openai/chat/completions"),
    ("/api/paas/v4", None, "/api/paas/v4/chat/completions"),
    ("/api/coding/paas/v4/", None, "/api/coding/paas/v4/chat/completions"),
    ("/api/v3", None, "/api/v3/chat/completions"),
    ("/v2", None, "/v2/chat/completions"),
    ("/client/v4/accounts/a/ai/v1", None, "/client/v4/accounts/a/ai/v1/chat/completions"),
    ("/v1/a/g/compat", None, "/v1/a/g/compat/chat/completions"),
    ("/openai/deployments/d", None, "/openai/deployments/d/chat/completions"),
    (
        "/v1/projects/p/locations/l/endpoints/openapi",
        None,
        "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
    ),
    ("/serving-endpoints", Some(""), "/serving-endpoints/chat/completions"),
    ("", Some(""), "/chat/completions"),
    ("/inference", Some(""), "/inference/chat/completions"),
    ("/gateway", Some("/v4"), "/gateway/v4/chat/completions"),
];

#[test]
fn rows_of_slashes_are_one_but_for_an_authority() {
    for (path, single) in [
        ("/v1//chat/completions", Some("/v1/chat/completions")),
        ("//v1/chat/completions", Some("/v1/chat/completions")),
        ("///v1//models//?a=//b", Some("/v1/models/?a=//b")),
        ("//openai//deployments/m/x", Some("/openai/deployments/m/x")),
        ("//evil.example/v1/x", None),
        ("///evil/x", None),
        ("/v1/http://evil.example/x", None),
        ("/v1/x?a=//b", None),
        ("/v1/x", None),
    ] {
        assert_eq!(with_single_slashes(path).as_deref(), single, "{path}");
    }
}

#[test]
fn refuses_what_leads_out() {
    let cases = [
        ("/v1/../admin", Refused::DotSegment),
        ("/..", Refused::DotSegment),
        ("/v1/./x", Refused::DotSegment),
        ("/v1/%2e%2e/x", Refused::DotSegment),
        ("/v1/.%2E/x", Refused::DotSegment),
        ("/v1/..%2fx", Refused::DotSegment),
        ("/v1/%252e%252e/x", Refused::DotSegment),
        ("/v1/%25252e%25252e%25252fx", Refused::DotSegment),
        ("/v1/%2%65%2%65/x", Refused::DotSegment),
        ("/v1/%%32%65./x", Refused::DotSegment),
        ("/v1/..;/x", Refused::DotSegment),
        ("/v1/..;a=b/x", Refused::DotSegment),
        ("/v1/%2e%2e%3bx/y", Refused::DotSegment),
        ("/v1/..%3fx", Refused::DotSegment),
        ("/v1/..%23x", Refused::DotSegment),
        ("/v1/..%20/x", Refused::DotSegment),
        ("/v1/.../x", Refused::DotSegment),
        ("/v1/..?x=1", Refused::DotSegment),
        ("/v1/..%5cx", Refused::Character),
        ("/v1/..\\x", Refused::Character),
        ("/v1\\x", Refused::Character),
        ("/v1/..%00/x", Refused::Character),
        ("/v1/%0d%0aHost:x", Refused::Character),
        ("/v1/%c0%ae%c0%ae/x", Refused::Character),
        ("/v1/a b", Refused::Character),
        ("/v1/x#y", Refused::Character),
        ("/v1/x?y#z", Refused::Character),
        ("//evil.example/x", Refused::Origin),
        ("///evil.example/x", Refused::Origin),
        ("/%2fevil.example/x", Refused::Origin),
        ("/%252fevil.example/x", Refused::Origin),
        ("/http://evil.example/x", Refused::Origin),
        ("/http:/evil.example/x", Refused::Origin),
        ("/http%3a%2f%2fevil.example/x", Refused::Origin),
        ("/v1/http://evil.example/x", Refused::Origin),
        ("http://evil.example/x", Refused::NotAPath),
        ("@evil.example/x", Refused::NotAPath),
        ("*", Refused::NotAPath),
    ];
    for (client, wanted) in cases {
        assert_eq!(check(client), Err(wanted), "{client}");
        assert_eq!(BasePath::new(client).err(), Some(wanted), "{client}");
    }
}

#[test]
fn depth_costs_no_more_than_length() {
    let nested = format!("/v1/%{}2e%2e/x", "25".repeat(100_000));
    assert_eq!(check(&nested), Err(Refused::DotSegment));
}

/// The plain way to the same answer: decode level by level, resolve as a server would.
fn stays_below(base: &str, path: &str) -> bool {
    let mut level = path.as_bytes().to_vec();
    loop {
        let mut depth = 0_i64;
        for segment in level.split(|byte| matches!(byte, b'/' | b'\\')) {
            match segment {
                b"" | b"." => {}
                b".." => depth -= 1,
                _ => depth += 1,
            }
            if depth < 0 {
                return false;
            }
        }
        let wanted: Vec<_> = base.split('/').filter(|segment| !segment.is_empty()).collect();
        let text = String::from_utf8_lossy(&level).replace('\\', "/");
        let mut resolved: Vec<&str> = Vec::new();
        for segment in text.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
            if segment == ".." {
                resolved.pop();
            } else {
                resolved.push(segment);
            }
        }
        if !resolved.starts_with(&wanted) {
            return false;
        }
        let next: Vec<u8> = percent_encoding::percent_decode(&level).collect();
        if next == level {
            return true;
        }
        level = next;
    }
}

proptest! {
    #[test]
    fn the_result_stays_below_the_base(
        base in "(/(openai|v1|a)){0,3}/?",
        client in "(/|\\.|%2e|%2f|%5c|%25|2e|2f|;|\\\\|v1|openai|[a-z]|:|\\?|%[0-9a-f]{2}){0,14}",
    ) {
        let base_path = BasePath::new(&base).unwrap();
        for client in [client.clone(), format!("/{client}")] {
            if check(&client).is_err() {
                continue;
            }
            let result = join(&base_path, &client);
            prop_assert!(result.starts_with('/') && !result.starts_with("//"));
            let (path, _) = split(&result);
            prop_assert!(stays_below(base_path.path(), path), "{} + {} = {}", base, client, result);
        }
    }

    #[test]
    fn ordinary_paths_pass(client in "(/[a-z0-9_.:-]{0,3}[a-z0-9]){1,5}(\\?[a-z=&/.:]{0,10})?") {
        prop_assert_eq!(check(&client), Ok(()));
    }

    #[test]
    fn every_encoding_of_a_dot_segment_is_refused(
        before in "(/[a-z]{1,3}){0,3}",
        depth in prop::collection::vec(0..4_usize, 3),
        after in "(/[a-z]{0,3}){0,2}",
    ) {
        let encoded = |text: &str, depth: usize| {
            (0..depth).fold(text.to_owned(), |text, _| {
                text.bytes().map(|byte| format!("%{byte:02x}")).collect()
            })
        };
        let [one, two, slash] = [(".", depth[0]), (".", depth[1]), ("/", depth[2])]
            .map(|(text, depth)| encoded(text, depth));
        let client = format!("{before}/{one}{two}{slash}x{after}");
        prop_assert_eq!(check(&client), Err(Refused::DotSegment), "{}", client);
    }
}

#[test]
fn a_publisher_is_how_a_base_of_vertex_ends() {
    let publisher = |base: &str| BasePath::new(base).unwrap().publisher().map(str::to_owned);
    assert_eq!(publisher(VERTEX).as_deref(), Some("google"));
    assert_eq!(publisher("/publishers/anthropic/").as_deref(), Some("anthropic"));
    assert_eq!((publisher("/v1"), publisher(""), publisher("/v1/publishers")), (None, None, None));
}

const VERTEX: &str = "/v1/projects/p/locations/l/publishers/google";

#[test]
fn names_of_clients_stay_where_they_are_put() {
    for name in ["p/../../admin", "..", "a/%2e%2e/b", "a%252f..", "..%2F..%2Fx", "a\\..\\b", "./a"]
    {
        assert!(!stays(name), "{name}");
    }
    for name in ["gpt-4", "openai/gpt-4.1", "a..b", "...", "models/x", "ft:gpt:a::b"] {
        assert!(stays(name), "{name}");
    }
}
