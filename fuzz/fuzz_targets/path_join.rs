//! Paths: what is accepted stays below the base path, decoded to any depth and resolved the way
//! a server would.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onwards::path::{BasePath, check, join};
use percent_encoding::percent_decode;

fuzz_target!(|data: &str| {
    if data.len() > 2048 {
        return;
    }
    let (base, client) = data.split_once('\n').unwrap_or(("/openai/v1?api-version=1", data));
    let has_query = base.contains('?');
    let Ok(base) = BasePath::new(base) else { return };
    if check(client).is_err() {
        return;
    }
    let joined = join(&base, client);
    assert!(joined.starts_with('/'));
    assert!(!joined.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'#'));
    let (path, query) = joined.split_once('?').map_or((&*joined, None), |(p, q)| (p, Some(q)));
    assert!(path.starts_with(base.path()));
    // Of a query that the base has, too, each name goes out once; the rest may be divided anew.
    if let Some((_, client_query)) = client.split_once('?')
        && !has_query
        && client_query.matches("api-version").nth(1).is_none()
    {
        assert!(
            client_query.is_empty() || query.is_some_and(|query| query.ends_with(client_query))
        );
    }
    let mut level = path.as_bytes().to_vec();
    loop {
        stays_below(base.path(), &level);
        let next: Vec<u8> = percent_decode(&level).collect();
        if next == level {
            break;
        }
        level = next;
    }
});

fn stays_below(base: &str, path: &[u8]) {
    assert!(!path.starts_with(b"//") || base.starts_with("//"), "an authority");
    let mut resolved: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| matches!(byte, b'/' | b'\\')) {
        let name = segment.split(|&byte| byte == b';').next().unwrap_or_default();
        match name {
            b"" | b"." => {}
            b".." => assert!(resolved.pop().is_some(), "above the root"),
            _ => resolved.push(segment),
        }
    }
    // The base itself may be written with escapes; a level of the result has the same level of it.
    let mut bases = vec![base.as_bytes().to_vec()];
    while let Some(last) = bases.last() {
        let next: Vec<u8> = percent_decode(last).collect();
        if next == *last {
            break;
        }
        bases.push(next);
    }
    let below = bases.iter().any(|base| {
        let wanted: Vec<&[u8]> = base
            .split(|&byte| byte == b'/')
            .filter(|segment| {
                !segment.split(|&byte| byte == b';').next().unwrap_or_default().is_empty()
            })
            .collect();
        resolved.starts_with(&wanted)
    });
    assert!(below, "outside of the base");
}
